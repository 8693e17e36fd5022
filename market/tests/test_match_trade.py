"""Match scores at both ends of the scale, and the comparison of listed skills with the typical skills of a role."""

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from market.jobs.match_profiles import CandidateProfile, JobProfile
from market.jobs.match_score import MatchScore, score_match
from market.role_table import load_default_table
from skills.vocabulary import SOFT_SKILL, SPOKEN_LANGUAGE, TECHNOLOGY, Skill, Vocabulary

_FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "skills.json"
BACKEND = {"python": 0.5, "django": 0.3, "postgresql": 0.4, "docker": 0.3, "backend development": 0.6, "aws": 0.02}


@cache
def load_vocabulary() -> Vocabulary:
    entries = json.loads(_FIXTURE.read_text(encoding="utf-8"))
    return Vocabulary(Skill.from_entry(entry) for entry in entries)


@cache
def list_skills() -> list[str]:
    return [skill.name for skill in load_vocabulary() if skill.is_skill]


@cache
def list_roles() -> list[str]:
    return [role.name for role in load_default_table().roles.values()]


def build_candidate(skills, roles=(), **preferences) -> CandidateProfile:
    vocabulary = load_vocabulary()
    return CandidateProfile(
        skills=vocabulary.get_held_skills(skills).names,
        desired_roles=tuple(roles),
        skill_kinds=vocabulary.kinds,
        **preferences,
    )


def match(candidate, job_profile, demand=None, **options) -> MatchScore:
    found = score_match(candidate=candidate, job_profile=job_profile, demand=demand or {}, **options)
    assert found is not None
    return found


@st.composite
def postings(draw) -> tuple[JobProfile, dict[str, float], bool]:
    """Draw a posting with the shape of real ones, its role's demand, and whether the role is known."""
    skills = st.deferred(lambda: st.sampled_from(list_skills()))
    listed = draw(st.lists(skills, max_size=25, unique=True))
    level, suffix = draw(st.sampled_from(["", "Senior ", "Staff "])), draw(st.sampled_from(["", " (Remote)", ", EMEA"]))
    job_profile = JobProfile(
        title=f"{level}{draw(st.deferred(lambda: st.sampled_from(list_roles())))}{suffix}",
        skills=tuple(listed),
        nice_to_have=frozenset(listed[: draw(st.integers(0, 5))]),
        years_asked=draw(st.sampled_from([None, 0, 2, 5, 10])),
        place=draw(st.sampled_from(["", "Remote", "Austin, TX", "Berlin, Germany"])),
        country_code=draw(st.sampled_from([None, "US", "DE"])),
        remote=draw(st.sampled_from([None, True, False])),
    )
    demanded = draw(st.dictionaries(st.sampled_from([*listed, "python", "sql", "jira"]), st.floats(0, 1), max_size=12))
    return job_profile, demanded, draw(st.booleans())


@given(posting=postings())
def test_a_person_who_has_everything_asked_for_and_wants_the_role_scores_at_least_90(posting):
    job_profile, demand, is_role_demand = posting
    candidate = build_candidate(job_profile.skills, [job_profile.title])

    assert match(candidate, job_profile, demand, is_role_demand=is_role_demand).score >= 90


@given(posting=postings())
def test_a_person_who_has_all_technologies_and_wants_the_role_scores_at_least_90(posting):
    job_profile, demand, is_role_demand = posting
    kinds = load_vocabulary().kinds
    technologies = [skill for skill in job_profile.skills if kinds[skill] == TECHNOLOGY]
    assume(technologies)
    candidate = build_candidate(technologies, [job_profile.title])

    assert match(candidate, job_profile, demand, is_role_demand=is_role_demand).score >= 90


@given(posting=postings(), held=st.lists(st.deferred(lambda: st.sampled_from(list_skills())), max_size=10))
def test_a_person_with_nothing_of_the_trade_scores_at_most_10(posting, held):
    job_profile, demand, is_role_demand = posting
    candidate = build_candidate(
        held, ["Pastry Chef"], experience_years=10, preferred_locations=("US", "DE"), remote_preference="remote"
    )
    assume(not any(skill in candidate.skills and candidate.is_counted(skill) for skill in job_profile.skills))

    assert match(candidate, job_profile, demand, is_role_demand=is_role_demand).score <= 10


@pytest.mark.parametrize(
    ("roles", "title"),
    [
        (("Embedded Engineer",), "Embedded Product Manager"),
        (("AI Engineer",), "AI Technical Writer"),
        (("Machine Learning Engineer",), "Senior Technical Recruiter, Machine Learning"),
        (("Engineering Manager",), "Business Development Manager"),
        (("Product Designer",), "Group Product Manager, Storage"),
    ],
)
def test_a_title_of_another_trade_that_shares_words_with_the_role_does_not_count_without_skills(roles, title):
    job_profile = JobProfile(title=title, skills=("accounting", "negotiation", "communication"))
    candidate = build_candidate(["python", "communication"], roles)

    found = match(candidate, job_profile, BACKEND, is_role_demand=False)

    assert found.score <= 10
    assert found.parts[1].score == 0
    assert found.parts[1].sentence.endswith(", but you have few of the skills.")


@pytest.mark.parametrize(
    ("role", "title"),
    [
        ("Java Developer", "Senior Product Engineer (Backend, Java)"),
        ("Frontend Developer", "Product Engineer (Frontend)"),
        ("DevOps Engineer", "Site Reliability Engineer"),
        ("Machine Learning Engineer", "AI Engineer"),
    ],
)
def test_a_title_with_all_words_of_the_role_or_of_a_near_role_is_close(role, title):
    found = match(build_candidate(["java"], [role]), JobProfile(title=title, skills=("java", "react")))

    assert found.parts[1].score == 75
    assert "is close to the role you want" in found.parts[1].sentence


def test_soft_skills_and_spoken_languages_do_not_count_and_are_listed_apart():
    job_profile = JobProfile(title="Backend Developer", skills=("python", "communication", "english", "teamwork"))
    without, with_soft = build_candidate(["python"]), build_candidate(["python", "communication", "english"])

    found = match(without, job_profile)

    assert found.score == match(with_soft, job_profile).score == 100
    assert (found.matched_skills, found.missing_skills) == (("python",), ())
    assert (found.soft_skills, found.spoken_languages) == (("communication", "teamwork"), ("english",))
    assert {load_vocabulary().kinds[name] for name in found.soft_skills + found.spoken_languages} == {
        SOFT_SKILL,
        SPOKEN_LANGUAGE,
    }


def test_fields_and_methods_count_as_far_as_the_technologies_are_held_if_the_role_is_right():
    fields = ("distributed systems", "scalability", "agile")
    job_profile = JobProfile(title="Backend Developer", skills=("python", "redis", *fields))

    scores = {
        (tuple(skills), role): match(build_candidate(skills, [role]), job_profile).parts[0].score
        for skills in (["python", "redis"], ["python"], ["java"])
        for role in ("Backend Developer", "Accountant")
    }

    assert scores[("python", "redis"), "Backend Developer"] == 100
    assert scores[("python",), "Backend Developer"] == 50
    assert scores[("java",), "Backend Developer"] == 0
    assert scores[("python", "redis"), "Accountant"] == 40


def test_says_that_fields_and_methods_count_in_part():
    job_profile = JobProfile(title="Backend Developer", skills=("python", "redis", "scalability"))

    found = match(build_candidate(["python"], ["Backend Developer"]), job_profile)

    assert found.parts[0].sentence == (
        "You have 1 of 3 required skills; you lack redis and scalability."
        " Fields and methods that you lack count in part, because you have technologies of this role."
    )
    assert found.missing_skills == ("redis", "scalability")


def test_a_short_list_shrinks_toward_the_typical_skills_of_the_role():
    beginner, engineer = build_candidate(["python"], ["Cook"]), build_candidate([*BACKEND], ["Cook"])
    short = JobProfile(title="Backend Developer", skills=("python",))
    long = JobProfile(title="Backend Developer", skills=tuple(BACKEND))

    scores = {
        (name, job.skills): match(candidate, job, BACKEND).parts[0].score
        for name, candidate in (("beginner", beginner), ("engineer", engineer))
        for job in (short, long)
    }

    # Python is a quarter of the demand for the typical skills, and the typical skills weigh 10 of 17.5.
    assert scores["beginner", short.skills] == (100 * 75 + 23 * 100) // 175
    assert scores["engineer", short.skills] == scores["engineer", long.skills] == 100


def test_a_short_list_without_a_match_gains_from_the_typical_skills_if_the_role_is_right():
    candidate = build_candidate([*BACKEND], ["Backend Developer"])

    found = match(candidate, JobProfile(title="Backend Developer", skills=("rust",)), BACKEND)

    assert found.parts[0].score == 100 * 10_000 // 12_500
    assert found.parts[0].sentence == (
        "You have 0 of 1 required skill; you lack rust. You cover 100% of the demand for the role's typical skills."
    )


def test_the_demand_of_the_whole_market_says_nothing_about_another_trade():
    candidate = build_candidate([*BACKEND], ["Backend Developer"])
    job_profile = JobProfile(title="Legal Counsel", skills=("negotiation", "docker"))

    of_role = match(candidate, job_profile, BACKEND).parts[0].score
    of_market = match(candidate, job_profile, BACKEND, is_role_demand=False).parts[0].score

    assert of_market < of_role


def test_compares_the_typical_skills_if_the_posting_lists_none():
    newcomer, engineer = build_candidate(["rust"]), build_candidate(["python", "postgresql"])
    job_profile = JobProfile(title="Backend Developer", skills=("communication",))

    scores = [match(candidate, job_profile, BACKEND).score for candidate in (newcomer, engineer)]

    # The engineer covers 0.9 of 2.1 of the demand.
    assert scores == [5, 5 + 95 * 42 // 100]
    assert match(engineer, job_profile, BACKEND).explanation.startswith(
        "The posting lists no skills that count. You cover "
    )
