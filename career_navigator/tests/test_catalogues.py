"""Shared parts of catalogues: process caches, word completion, repeated parameters and URLs."""

import threading
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from career_navigator.api.fields import HttpURLField
from career_navigator.api.serializers import QuerySerializer
from career_navigator.cache.versioned import VersionedCache, replace_version
from career_navigator.plain_text import WordList, tokenize


@pytest.fixture
def loads(mongo):
    """Return a cache whose value is the number of loads, with a `depends` that tests can change."""
    cache: VersionedCache[int] = VersionedCache.of_catalogue("tested")
    cache.max_staleness = 0.1
    state = SimpleNamespace(count=0, depends=1, cache=cache)

    def load():
        state.count += 1
        return state.count

    state.load = load
    state.get = lambda: cache.get(load=state.load, depends_on=state.depends)
    return state


def test_loads_once_until_the_version_changes(loads):
    assert [loads.get() for _ in range(3)] == [1, 1, 1]
    time.sleep(0.12)
    assert loads.get() == 1

    replace_version("tested")

    time.sleep(0.12)
    assert [loads.get() for _ in range(3)] == [2, 2, 2]


def test_loads_immediately_when_a_dependency_changes(loads):
    loads.get()
    loads.depends = 2

    assert loads.get() == 2


def test_reads_the_version_only_periodically(loads):
    loads.cache.max_staleness = 60
    loads.get()
    replace_version("tested")

    assert loads.get() == 1


def test_ignores_the_version_of_another_catalogue(loads):
    loads.get()
    replace_version("other")
    time.sleep(0.12)

    assert loads.get() == 1


def test_one_thread_loads_a_change_while_others_use_the_old_value(loads):
    loads.get()
    replace_version("tested")
    time.sleep(0.12)
    barrier = threading.Barrier(8)
    values = []

    def ask():
        barrier.wait()
        values.append(loads.get())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert loads.count == 2
    assert set(values) <= {1, 2}
    assert loads.get() == 2


def test_other_threads_do_not_wait_while_one_thread_loads(loads):
    loads.get()
    replace_version("tested")
    time.sleep(0.12)
    slow = threading.Event()
    begun = threading.Event()

    def load_slowly() -> int:
        begun.set()
        slow.wait(5)
        return 9

    loads.load = load_slowly
    waiting = threading.Thread(target=loads.get)
    waiting.start()
    begun.wait(5)

    started = time.monotonic()
    value = loads.get()

    assert value == 1
    assert time.monotonic() - started < 4  # with blocking it would take 5 seconds
    slow.set()
    waiting.join()


@given(st.lists(st.text(max_size=12)), st.text(max_size=4))
def test_completes_a_prefix_with_known_words(texts, prefix):
    words = {word for text in texts for word in tokenize(text)}

    completed = WordList(texts).list_completions(prefix)

    beginning_so = sorted(word for word in words if word.startswith(prefix))[:20]
    assert completed == (beginning_so if len(prefix) >= 2 else [])


class RepeatedParameterSerializer(QuerySerializer):
    skills = serializers.ListField(child=serializers.CharField(max_length=5), required=False)
    limit = serializers.IntegerField(default=3)


def read(query):
    return RepeatedParameterSerializer.read(Request(APIRequestFactory().get(f"/?{query}")))


def test_parses_a_repeated_parameter():
    assert read("skills=a&skills=b&limit=2&limit=4") == {"skills": ["a", "b"], "limit": 4}
    assert read("skills=a") == {"skills": ["a"], "limit": 3}
    assert read("") == {"limit": 3}


def test_rejects_an_invalid_value_of_a_repeated_parameter():
    with pytest.raises(ValidationError) as rejected:
        read("skills=a&skills=toolong")

    assert isinstance(rejected.value.detail, dict)
    assert list(rejected.value.detail["skills"]) == [1]


@given(st.text())
def test_rejects_a_url_that_a_browser_cannot_open(text):
    for address in (text, f"https://{text}"):
        try:
            taken = HttpURLField().run_validation(address)
        except ValidationError:
            continue
        assert taken.startswith(("http://", "https://", "HTTP", "Http"))
        assert not any(character.isspace() for character in taken)
