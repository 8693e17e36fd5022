"""The fingerprints that decide whether a stored match score is still valid."""

from dataclasses import replace
from typing import Any

import pytest

from market.jobs.match_profiles import CandidateProfile, JobProfile
from market.jobs.match_score import build_fingerprint
from market.role_table import Role, RoleTable

CANDIDATE = CandidateProfile(skills=frozenset({"a", "b"}), desired_roles=("x", "y"))
JOB = JobProfile(title="x", skills=("a", "b", "c"), nice_to_have=frozenset({"c"}))
DEMAND = {"a": 0.5, "rare": 0.05}


def fingerprint(**changes: Any) -> str:
    inputs: dict[str, Any] = {"candidate": CANDIDATE, "job_profile": JOB, "demand": DEMAND} | changes
    return build_fingerprint(**inputs)


def test_the_fingerprint_ignores_order_and_unused_input():
    same = [
        fingerprint(candidate=CandidateProfile(skills=frozenset({"b", "a"}), desired_roles=("y", "x"))),
        fingerprint(job_profile=JobProfile(title="x", skills=("c", "b", "a"), nice_to_have=frozenset({"c"}))),
        fingerprint(demand={"rare": 0.02, "a": 0.5}),
    ]

    assert set(same) == {fingerprint()}


@pytest.mark.parametrize(
    "change",
    [
        {"candidate": CandidateProfile(skills=frozenset({"a"}), desired_roles=("x", "y"))},
        {"candidate": CandidateProfile(skills=frozenset({"a", "b"}), desired_roles=("x", "y"), experience_years=0)},
        {"job_profile": JobProfile(title="x", skills=("a", "b", "c"))},
        {"job_profile": JobProfile(title="x", skills=("a", "b", "c"), nice_to_have=frozenset({"c"}), years_asked=1)},
        {"job_profile": replace(JOB, country_codes=frozenset({"DE"}))},
        {"job_profile": replace(JOB, seniority="junior")},
        {"candidate": replace(CANDIDATE, skill_kinds={"a": "soft_skill"})},
        {"is_role_demand": False},
        {"demand": DEMAND | {"typical": 0.2}},
        {"demand": {"a": 0.6}},
        {"demand": {}},
    ],
)
def test_the_fingerprint_changes_with_every_input(change):
    assert fingerprint(**change) != fingerprint()


def test_the_fingerprint_changes_with_the_role_table():
    tables = [RoleTable.from_roles([Role(name="Cook", near_roles=near_roles)]) for near_roles in ((), ("Baker",))]

    fingerprints = {
        fingerprint(
            candidate=CandidateProfile(desired_roles=("Cook",), role_table=table), job_profile=JobProfile(title="Baker")
        )
        for table in tables
    }

    assert len(fingerprints) == 2
