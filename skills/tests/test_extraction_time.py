"""No text takes long, anyone who has written it."""

import re
from time import process_time
from typing import Any

import pytest

from skills import disambiguation
from skills.extraction import SkillExtractor

MAX_SECONDS_PER_TEXT = 100_000


@pytest.mark.parametrize(
    "unit",
    [
        "http://a ",
        "go ",
        "go, ",
        "Go, R, C, ",
        "c++",
        "www.",
        "go\n",
        "( ",
        "é go ",
        "java 1 1 1 1 ",
        "R&D ",
        ", ",
        "SDR ",
        "vcs, ",
    ],
)
def test_reads_a_hundred_kilobytes_of_anything_within_two_seconds(extractor: SkillExtractor, unit: str) -> None:
    text = (unit * MAX_SECONDS_PER_TEXT)[:MAX_SECONDS_PER_TEXT]
    started = process_time()

    extractor.spans(text)

    assert process_time() - started < 2


class _CountingPattern:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.searches = 0
        self._pattern = pattern

    def search(self, text: str) -> Any:
        self.searches += 1
        return self._pattern.search(text)


@pytest.mark.parametrize("key", sorted(disambiguation._SUBJECTS))
def test_searches_a_text_for_the_subject_of_a_name_once_however_often_the_name_comes(
    extractor: SkillExtractor, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    pattern = _CountingPattern(disambiguation._SUBJECTS[key])
    monkeypatch.setitem(disambiguation._SUBJECTS, key, pattern)

    extractor.spans(f"{key.upper()}, " * 1000)

    assert pattern.searches == 1
