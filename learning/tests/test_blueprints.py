"""Tests of parsing blueprints."""

import pytest

from learning.blueprints import Entry, InvalidBlueprint, Tier, find_misplaced, parse_entries, parse_entry


def test_parses_an_entry_and_renders_it_again() -> None:
    entry = parse_entry("5. React |  vue.js: 80", tier=Tier.CORE)

    assert entry == Entry(tier=Tier.CORE, stage=5, options=("react", "vue.js"), hours=80)
    assert str(entry) == "5. react | vue.js: 80"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("react: 80", "must have the form"),
        ("5. react", "must have the form"),
        ("5. react |: 80", "must have the form"),
        ("5. : 80", "must have the form"),
        ("0. react: 80", "the stage must be between 1 and 20"),
        ("21. react: 80", "the stage must be between 1 and 20"),
        ("5. react: 0", "the hours must be between 1 and 400"),
        ("5. react: 900", "the hours must be between 1 and 400"),
        ("", "must have the form"),
    ],
)
def test_rejects_a_malformed_entry(text: str, problem: str) -> None:
    with pytest.raises(InvalidBlueprint, match=problem):
        parse_entry(text, tier=Tier.CORE)


def test_rejects_a_skill_that_occurs_twice() -> None:
    with pytest.raises(InvalidBlueprint, match="go occurs twice"):
        parse_entries({Tier.CORE: ["1. python | go: 90"], Tier.NICE_TO_HAVE: ["2. go: 60"]})


def test_rejects_a_stage_before_an_earlier_one() -> None:
    with pytest.raises(InvalidBlueprint, match="comes after stage 3"):
        parse_entries({Tier.CORE: ["3. git: 10"], Tier.SPECIALISATION: ["2. docker: 20"]})


def test_describes_a_skill_that_precedes_or_accompanies_its_prerequisite() -> None:
    entries = parse_entries({Tier.CORE: ["1. docker: 20", "1. linux: 40"]})

    assert find_misplaced(entries, prerequisites={"docker": ("linux",)}) == [
        "docker (stage 1) builds on linux (stage 1)"
    ]
    assert find_misplaced(entries, prerequisites={"docker": ("unix",), "unix": ("linux",)}) != []
    assert find_misplaced(entries, prerequisites={}) == []
