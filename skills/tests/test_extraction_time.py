"""No text takes long, whoever has written it."""

from time import process_time

import pytest

from skills.extraction import SkillExtractor

LONGEST = 100_000


@pytest.mark.parametrize(
    "unit",
    ["http://a ", "go ", "go, ", "Go, R, C, ", "c++", "www.", "go\n", "( ", "é go ", "java 1 1 1 1 ", "R&D ", ", "],
)
def test_reads_a_hundred_kilobytes_of_anything_within_two_seconds(extractor: SkillExtractor, unit: str) -> None:
    text = (unit * LONGEST)[:LONGEST]
    started = process_time()

    extractor.spans(text)

    assert process_time() - started < 2
