"""Tests that fields reject overlong text and lists before parsing them."""

import pytest
from rest_framework import serializers

from accounts.serializers import LoginSerializer, PasswordResetSerializer, ProfileChangeSerializer
from accounts.user_serializers import UserChangeSerializer
from career_navigator.api.fields import BoundedList, SingleLineCharField, StrictCharField
from market.jobs.serializers import JobFilterSerializer
from skills.serializers import NamesSerializer


class _RecordingField(StrictCharField):
    def to_internal_value(self, data):
        self.parsed = super().to_internal_value(data)
        return self.parsed


def test_rejects_overlong_text_before_a_subclass_parses_it():
    field = _RecordingField(max_length=10)

    with pytest.raises(serializers.ValidationError, match="no more than 10 characters"):
        field.run_validation("a" * 41)

    assert not hasattr(field, "parsed")


def test_accepts_text_that_is_short_enough_after_parsing():
    assert SingleLineCharField(max_length=10).run_validation("ada" + " " * 20 + "lovel") == "ada lovel"


def test_rejects_an_overlong_list_before_parsing_its_items():
    child = _RecordingField(max_length=10)

    with pytest.raises(serializers.ValidationError, match="at most 3 are allowed"):
        BoundedList(child=child, max_length=3).run_validation(["a"] * 4)

    assert not hasattr(child, "parsed")


@pytest.mark.parametrize(
    ("shape", "body", "field"),
    [
        (LoginSerializer, {"email": "a" * 2_000 + "@example.org", "password": "x"}, "email"),
        (PasswordResetSerializer, {"token": "x", "new_password": "Aa1" * 500}, "new_password"),
        (ProfileChangeSerializer, {"target_roles": ["a" * 500]}, "target_roles"),
        (ProfileChangeSerializer, {"target_roles": [1] * 500}, "target_roles"),
        (ProfileChangeSerializer, {"preferred_locations": [1] * 500}, "preferred_locations"),
        (ProfileChangeSerializer, {"skills": ["!"] * 500}, "skills"),
        (UserChangeSerializer, {"skills": ["!"] * 500}, "skills"),
        (UserChangeSerializer, {"desired_job_role": [1] * 500}, "desired_job_role"),
        (JobFilterSerializer, {"companies": [1] * 500}, "companies"),
        (NamesSerializer, {"skills": [1] * 5_000}, "skills"),
    ],
)
def test_reports_only_the_length_of_an_overlong_value(shape, body, field):
    serializer = shape(data=body)

    assert not serializer.is_valid()
    messages = _list_messages(serializer.errors[field])
    assert all("more than" in str(message) or "at most" in str(message) for message in messages)


def _list_messages(errors):
    if isinstance(errors, dict):
        return [message for each in errors.values() for message in _list_messages(each)]
    return errors
