"""The match score: its parts, and its invariants for arbitrary input."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.jobs.match_parts import CONDITION_WEIGHTS, FIT_WEIGHTS, WEIGHTS
from market.jobs.match_profiles import CandidateProfile, JobProfile
from market.jobs.match_score import score_match
from market.role_table import NEAR_SIMILARITY, TitleMatch, load_default_table
from skills.vocabulary import CERTIFICATION, FIELD, METHOD, SOFT_SKILL, SPOKEN_LANGUAGE

SKILLS = [f"skill {number}" for number in range(12)]
# The first six skills are technologies, which is the default.
SKILL_KINDS = dict(zip(SKILLS[6:], [FIELD, FIELD, METHOD, CERTIFICATION, SOFT_SKILL, SPOKEN_LANGUAGE], strict=True))
TITLES = ["Backend Developer", "Senior Back-End Engineer (m/f/d)", "Sales Manager", "Data Scientist", "", "???"]
PLACES = ["Austin, TX", "US-TX", "US", "DE", "Berlin, Germany"]
MODES = [None, "remote", "hybrid", "onsite", "any"]
MAYBE = st.sampled_from([None, True, False])
PAY = st.one_of(st.none(), st.floats(0, 3_000_000, allow_nan=False))
YEARS = st.one_of(st.none(), st.floats(0, 40, allow_nan=False))


@st.composite
def candidates(draw) -> CandidateProfile:
    return CandidateProfile(
        skills=frozenset(draw(st.lists(st.sampled_from(SKILLS)))),
        desired_roles=tuple(draw(st.lists(st.sampled_from(TITLES), max_size=3))),
        experience_years=draw(YEARS),
        preferred_locations=tuple(draw(st.lists(st.sampled_from(PLACES), max_size=3))),
        remote_preference=draw(st.sampled_from(MODES)),
        expected_salary_usd=draw(PAY),
        skill_kinds=SKILL_KINDS,
    )


@st.composite
def job_profiles(draw) -> JobProfile:
    skills = draw(st.lists(st.sampled_from(SKILLS), max_size=10))
    return JobProfile(
        title=draw(st.sampled_from(TITLES)),
        skills=tuple(skills),
        nice_to_have=frozenset(draw(st.lists(st.sampled_from(SKILLS)))),
        years_asked=draw(YEARS),
        place=draw(st.sampled_from(["", "Unknown", "Remote", *PLACES])),
        country_code=draw(st.sampled_from([None, "US", "DE"])),
        country_codes=draw(st.sampled_from([frozenset(), frozenset({"US", "DE"})])),
        remote=draw(MAYBE),
        hybrid=draw(MAYBE),
        min_salary_usd=draw(PAY),
        max_salary_usd=draw(PAY),
    )


DEMANDS = st.dictionaries(st.sampled_from(SKILLS), st.floats(-1, 2))


@given(job_profile=job_profiles(), demand=DEMANDS)
def test_an_empty_profile_has_no_score(job_profile, demand):
    for candidate in (
        CandidateProfile(),
        CandidateProfile(remote_preference="any"),
        CandidateProfile(skills=frozenset(), desired_roles=()),
    ):
        assert score_match(candidate=candidate, job_profile=job_profile, demand=demand) is None


@given(candidate=candidates(), job_profile=job_profiles(), demand=DEMANDS)
def test_scores_every_posting_with_skills(candidate, job_profile, demand):
    assume(job_profile.skills and not candidate.is_empty)

    assert score_match(candidate=candidate, job_profile=job_profile, demand=demand) is not None


@given(candidate=candidates(), job_profile=job_profiles(), demand=DEMANDS)
def test_invariants_hold(candidate, job_profile, demand):
    match = score_match(candidate=candidate, job_profile=job_profile, demand=demand)

    assume(match is not None)
    assert match is not None
    # All scores are within bounds, and each part has its published weight and a sentence.
    assert 0 <= match.score <= 100
    assert all(0 <= part.score <= 100 and part.sentence.endswith(".") for part in match.parts)
    assert all(part.weight == WEIGHTS[part.name] for part in match.parts)
    fit_parts = [part for part in match.parts if part.name in FIT_WEIGHTS]
    conditions = [part for part in match.parts if part.name in CONDITION_WEIGHTS]
    if fit_parts:
        # The fit is the weighted mean of skills and title. Each condition takes away a share of the score.
        assert match.fit == _compute_mean(fit_parts)
        remaining = math.prod(1 - part.weight * (100 - part.score) / 10_000 for part in conditions)
        assert match.score == pytest.approx((5 + 0.95 * match.fit) * remaining, abs=1.01)
        assert match.conditions == pytest.approx(100 * remaining, abs=1.01)
    else:
        assert (match.fit, match.score) == (None, _compute_mean(conditions))
    # The order of the input does not matter.
    reversed_profile = replace(job_profile, skills=job_profile.skills[::-1])
    reversed_candidate = replace(
        candidate, desired_roles=candidate.desired_roles[::-1], preferred_locations=candidate.preferred_locations[::-1]
    )
    assert (
        score_match(candidate=reversed_candidate, job_profile=reversed_profile, demand=dict(reversed(demand.items())))
        == match
    )
    # Every skill is in exactly one list.
    counted = [*match.matched_skills, *match.missing_skills, *match.missing_nice_to_have]
    assert sorted([*counted, *match.soft_skills, *match.spoken_languages]) == sorted(set(job_profile.skills))


def _compute_mean(parts) -> int:
    return sum(part.weight * part.score for part in parts) // sum(part.weight for part in parts)


@given(
    candidate=candidates(), job_profile=job_profiles(), demand=DEMANDS, gained=st.sampled_from([*SKILLS, "unheard of"])
)
def test_acquiring_a_skill_never_lowers_the_score(candidate, job_profile, demand, gained):
    before = score_match(candidate=candidate, job_profile=job_profile, demand=demand)
    assume(before is not None)

    after = score_match(
        candidate=replace(candidate, skills=candidate.skills | {gained}), job_profile=job_profile, demand=demand
    )

    assert before is not None
    assert after is not None
    assert after.score >= before.score
    if gained not in job_profile.skills and gained not in demand:
        assert after.score == before.score


@given(candidate=candidates(), job_profile=job_profiles(), demand=DEMANDS, more=st.floats(0, 20))
def test_more_years_never_lower_the_score(candidate, job_profile, demand, more):
    assume(candidate.experience_years is not None)
    before = score_match(candidate=candidate, job_profile=job_profile, demand=demand)
    assume(before is not None)
    assert candidate.experience_years is not None

    after = score_match(
        candidate=replace(candidate, experience_years=candidate.experience_years + more),
        job_profile=job_profile,
        demand=demand,
    )

    assert before is not None
    assert after is not None
    assert after.score >= before.score


CANDIDATE = CandidateProfile(skills=frozenset({"python"}))


def list_parts(
    candidate: CandidateProfile, job_profile: JobProfile, demand: dict[str, float] | None = None
) -> dict[str, int]:
    match = score_match(candidate=candidate, job_profile=job_profile, demand=demand or {})
    return {part.name: part.score for part in match.parts} if match else {}


@pytest.mark.parametrize(
    ("candidate", "job_profile"),
    [
        (CANDIDATE, JobProfile()),
        (CandidateProfile(desired_roles=("Developer",)), JobProfile(years_asked=3)),
        (CandidateProfile(experience_years=3), JobProfile(title="Developer", place="Berlin, Germany")),
        (CandidateProfile(expected_salary_usd=90_000), JobProfile(min_salary_usd=12)),
        (CandidateProfile(preferred_locations=("DE",)), JobProfile(place="Unknown")),
        (CandidateProfile(remote_preference="remote"), JobProfile(place="Berlin, Germany")),
    ],
)
def test_has_no_score_if_nothing_is_comparable(candidate, job_profile):
    assert score_match(candidate=candidate, job_profile=job_profile, demand={}) is None


def test_the_title_alone_is_the_fit_if_there_are_no_skills_to_compare():
    candidate = CandidateProfile(desired_roles=("Python Developer",), experience_years=4)
    job_profile = JobProfile(title="Python Developer", years_asked=8)

    match = score_match(candidate=candidate, job_profile=job_profile, demand={})

    assert match is not None
    assert [(part.name, part.score) for part in match.parts] == [("title", 100), ("years", 50)]
    assert (match.fit, match.conditions, match.score) == (100, 80, 80)


def test_conditions_are_averaged_if_neither_skills_nor_titles_are_comparable():
    candidate = CandidateProfile(experience_years=4, preferred_locations=("DE",))
    job_profile = JobProfile(years_asked=8, place="Paris, France", country_code="FR")

    match = score_match(candidate=candidate, job_profile=job_profile, demand={})

    assert match is not None
    assert (match.fit, match.score) == (None, (40 * 50 + 60 * 0) // 100)


@pytest.mark.parametrize(
    ("skills", "nice", "demand", "score"),
    [
        (("python",), (), {}, 100),
        (("kafka",), (), {}, 0),
        (("python", "kafka"), (), {}, 50),
        # Shares below a tenth are not typical of the role, so only the listed skills count: 0.34 of 0.59.
        (("python", "kafka"), (), {"python": 0.09}, 57),
        (("python", "kafka"), (), {"kafka": 0.09}, 42),
        # A nice-to-have skill has 30% of the weight: 10 of 13.
        (("python", "kafka"), ("kafka",), {}, 76),
        (("python", "kafka"), ("python", "kafka"), {}, 50),
    ],
)
def test_weighs_skills_by_demand_and_by_being_required(skills, nice, demand, score):
    job_profile = JobProfile(skills=skills, nice_to_have=frozenset(nice))

    assert list_parts(CANDIDATE, job_profile, demand) == {"skills": score}


def test_lists_skills_by_demand_then_by_name():
    job_profile = JobProfile(skills=("c", "b", "a", "z", "y", "python"), nice_to_have=frozenset({"y", "z"}))

    match = score_match(candidate=CANDIDATE, job_profile=job_profile, demand={"b": 0.5, "z": 0.4})

    assert match is not None
    assert (match.missing_skills, match.missing_nice_to_have) == (("b", "a", "c"), ("z", "y"))


def test_explains_that_the_profile_has_no_skills():
    job_profile = JobProfile(title="Developer", skills=("python", "kafka"))

    match = score_match(candidate=CandidateProfile(desired_roles=("Developer",)), job_profile=job_profile, demand={})

    assert match is not None
    assert match.parts[0].score == 0
    assert match.parts[0].sentence == "Your profile lists no skills; the posting asks for kafka and python."


def test_explains_that_the_posting_has_no_skills():
    candidate = replace(CANDIDATE, desired_roles=("Developer",))

    match = score_match(candidate=candidate, job_profile=JobProfile(title="Developer"), demand={})

    assert match is not None
    assert match.explanation == (
        'The title "Developer" matches the role you want, Developer.'
        " The posting lists no skills, so none were compared."
    )


@pytest.mark.parametrize(
    ("title", "role", "lowest", "highest"),
    [
        ("Backend Developer", "backend developer", 100, 100),
        ("Senior Back-End Engineer (Remote)", "Backend Developer", 100, 100),
        ("Lead Software Engineer, Platform", "Software Developer", 100, 100),
        ("Software Engineer, Backend", "Backend Engineer", 100, 100),
        ("Engineer, Storage Backend", "Storage Engineer", 80, 99),
        ("ML Engineer", "Machine Learning Engineer", 100, 100),
        ("Data Analytics Lead", "data analytic", 90, 100),
        ("Sales Manager", "Backend Developer", 0, 0),
        ("Frontend Developer", "Backend Developer", 1, 40),
        ("Java Developer", "JavaScript Developer", 1, 40),
        ("Produktmanager", "Backend Developer", 0, 0),
        # Roles made of words that are levels in other titles.
        ("Software Engineering Intern", "Intern", 100, 100),
        ("Chief of Staff, Office of the CEO", "Chief of Staff", 100, 100),
    ],
)
def test_compares_titles_with_roles(title, role, lowest, highest):
    similarity = load_default_table().compute_similarity(title, role)

    assert similarity is not None
    assert lowest <= similarity <= highest


def test_finds_the_most_similar_role():
    find_nearest = load_default_table().find_nearest

    assert find_nearest(title="Data Engineer", roles=["Chef", "Data Engineer"]) == TitleMatch(
        role="Data Engineer", similarity=100, is_partial=False
    )
    assert find_nearest(title="Data Engineer", roles=["", "!!!"]) is None
    assert find_nearest(title="", roles=["Chef"]) is None


@pytest.mark.parametrize(
    ("title", "role", "score"),
    [
        ("Site Reliability Engineer", "SRE", 100),
        ("Staff SRE (Remote)", "Site Reliability Engineer", 100),
        ("Software Engineer, Backend", "Back-End Developer", 100),
        ("Site Reliability Engineer", "DevOps Engineer", NEAR_SIMILARITY),
        ("SRE", "DevOps", NEAR_SIMILARITY),
        ("Senior AI Engineer", "Machine Learning Engineer", NEAR_SIMILARITY),
        ("Machine Learning Engineer", "AI Engineer", NEAR_SIMILARITY),
    ],
)
def test_a_title_that_means_the_role_is_full_and_one_of_a_near_role_is_close(title, role, score):
    parts = list_parts(CandidateProfile(desired_roles=(role,)), JobProfile(title=title))

    assert parts == {"title": score}


def test_the_example_in_the_documentation_is_correct():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "match-score.md").read_text(encoding="utf-8")
    candidate = CandidateProfile(
        skills=frozenset({"python", "docker"}),
        desired_roles=("Backend Developer",),
        experience_years=3,
        preferred_locations=("US-TX",),
        remote_preference="hybrid",
        expected_salary_usd=120_000,
    )
    job_profile = JobProfile(
        title="Senior Software Engineer, Backend",
        skills=("python", "docker", "kubernetes", "kafka"),
        nice_to_have=frozenset({"kafka"}),
        years_asked=5,
        place="Austin, TX",
        country_code="US",
        remote=False,
        min_salary_usd=90_000,
        max_salary_usd=110_000,
    )

    match = score_match(
        candidate=candidate, job_profile=job_profile, demand={"python": 0.5, "docker": 0.25, "kubernetes": 0.25}
    )

    assert match is not None
    lines = [line.replace("\n  ", " ") for line in re.findall(r"^- `\w+`: .*(?:\n  .*)*", page, re.MULTILINE)]
    documented = {re.findall(r"`(\w+)`", line)[0]: int(re.findall(r"\*\*(\d+)\*\*", line)[0]) for line in lines}
    assert documented == {part.name: part.score for part in match.parts}
    assert re.findall(r"rounded down \*\*(\d+)\*\*", page) == [str(match.score)]
    assert dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)[:5]) == {
        name: str(weight) for name, weight in WEIGHTS.items()
    }
