"""Mapping of older experience levels, and laws of address and role normalization. Pure tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.profile_parsing import (
    EXPERIENCE_LEVELS,
    find_added_roles,
    map_experience_level,
    normalize_email,
    remove_repeated_roles,
)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *((level, level) for level in EXPERIENCE_LEVELS),
        *((level.upper(), level) for level in EXPERIENCE_LEVELS),
        ("12th", "12th Pass Out"),
        ("12th pass", "12th Pass Out"),
        ("High School", "12th Pass Out"),
        ("Fresher", "1st Year"),
        ("fresher ", "1st Year"),
        ("Beginner", "1st Year"),
        ("Entry-Level", "1st Year"),
        ("Entry", "1st Year"),
        ("first year", "1st Year"),
        ("1", "1st Year"),
        ("1st yr", "1st Year"),
        ("Year 1", "1st Year"),
        ("Junior", "2nd Year"),
        ("Jr.", "2nd Year"),
        ("Junior Developer", "2nd Year"),
        ("Intern", "2nd Year"),
        ("2 years", "2nd Year"),
        ("second-year", "2nd Year"),
        ("Mid", "3rd Year"),
        ("mid-level", "3rd Year"),
        ("Mid Level", "3rd Year"),
        ("MID", "3rd Year"),
        ("Intermediate", "3rd Year"),
        ("3rd year student", "3rd Year"),
        ("Senior", "4th Year"),
        ("senior engineer", "4th Year"),
        ("Sr", "4th Year"),
        ("Lead", "4th Year"),
        ("Expert", "4th Year"),
        ("final year", "4th Year"),
        ("Graduate", "4th Year"),
        ("IV", "4th Year"),
    ],
)
def test_maps_older_levels(text, level):
    assert map_experience_level(text) == level


@pytest.mark.parametrize("text", ["", "  ", "wizard", "5", "5th Year", "10", "?!", "日本", "42 years"])
def test_maps_text_without_a_level_to_none(text):
    assert map_experience_level(text) is None


@given(st.text())
def test_maps_any_text_to_a_documented_level_or_none(text):
    assert map_experience_level(text) in {None, *EXPERIENCE_LEVELS}


@given(st.text())
def test_normalizing_an_address_is_idempotent(text):
    once = normalize_email(text)

    assert normalize_email(once) == once


@given(st.lists(st.text()))
def test_keeps_each_role_once_in_order(roles):
    unique = remove_repeated_roles(roles)

    assert remove_repeated_roles(unique) == unique
    assert [role for role in roles if role in unique][:1] == unique[:1]
    assert find_added_roles(before=roles, after=unique) == ()
