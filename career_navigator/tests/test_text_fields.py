"""What is longer than is stored is refused before anything reads it."""

import pytest
from rest_framework import serializers

from accounts.serializers import LoginSerializer, PasswordResetSerializer, ProfileChangeSerializer
from accounts.user_serializers import UserChangeSerializer
from career_navigator.api.fields import BoundedList, SingleLineCharField, StrictCharField
from market.jobs.serializers import JobFilterSerializer
from skills.serializers import NamesSerializer


class _Reading(StrictCharField):
    def to_internal_value(self, data):
        self.read = super().to_internal_value(data)
        return self.read


def test_refuses_long_text_before_a_subclass_reads_it():
    field = _Reading(max_length=10)

    with pytest.raises(serializers.ValidationError, match="no more than 10 characters"):
        field.run_validation("a" * 41)

    assert not hasattr(field, "read")


def test_takes_text_that_is_short_enough_once_it_is_read():
    assert SingleLineCharField(max_length=10).run_validation("ada" + " " * 20 + "lovel") == "ada lovel"


def test_refuses_a_long_list_before_its_items_are_read():
    child = _Reading(max_length=10)

    with pytest.raises(serializers.ValidationError, match="takes no more than 3"):
        BoundedList(child=child, max_length=3).run_validation(["a"] * 4)

    assert not hasattr(child, "read")


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
def test_says_of_what_is_too_long_that_alone(shape, body, field):
    given = shape(data=body)

    assert not given.is_valid()
    assert all("more than" in str(error) or "at most" in str(error) for error in _sentences(given.errors[field]))


def _sentences(errors):
    if isinstance(errors, dict):
        return [sentence for each in errors.values() for sentence in _sentences(each)]
    return errors
