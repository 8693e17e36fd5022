"""Tests that extraction takes bounded time, even for adversarial texts."""

import re
from time import process_time
from typing import Any

import pytest

from skills import disambiguation
from skills.extraction import SkillExtractor

TEXT_LENGTH = 100_000


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
def test_reads_100_kilobytes_of_any_text_within_two_seconds(extractor: SkillExtractor, unit: str) -> None:
    text = (unit * TEXT_LENGTH)[:TEXT_LENGTH]
    started = process_time()

    extractor.find_spans(text)

    assert process_time() - started < 2


class _CountingPattern:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.searches = 0
        self._pattern = pattern

    def search(self, text: str) -> Any:
        self.searches += 1
        return self._pattern.search(text)


@pytest.mark.parametrize("key", sorted(disambiguation._SUBJECTS))
def test_searches_a_text_once_for_the_subject_of_a_repeated_name(
    extractor: SkillExtractor, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    pattern = _CountingPattern(disambiguation._SUBJECTS[key])
    monkeypatch.setitem(disambiguation._SUBJECTS, key, pattern)

    extractor.find_spans(f"{key.upper()}, " * 1000)

    assert pattern.searches == 1
