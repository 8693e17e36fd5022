"""Real postings, collected for the default roles: every stat served equals a plain count over the file."""

import gzip
import io
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import orjson
import pytest
from django.core.management import call_command

from ingestion.role_searches import DEFAULT_PLACES, DEFAULT_ROLES, list_excluded_title_phrases, list_role_variations
from ingestion.services import collect_jobs_for_roles
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.fake.job_sources import read_postings
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from ingestion.sources.theirstack.transform import transform_job
from ingestion.tests.real_postings import REAL_POSTINGS, needs_real_postings
from market.geo.labels import parse_place_label
from market.posting_skills import SkillExtraction
from market.refresh import check_stats
from market.role_selectors import get_role_table

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY = NOON.date()

pytestmark = needs_real_postings


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Return the file's rows with their days shifted so that the newest is today."""
    with gzip.open(REAL_POSTINGS) as file:
        rows = [orjson.loads(line) for line in file]
    newest = max(date.fromisoformat(row["date_posted"]) for row in rows)
    for row in rows:
        row["day"] = date.fromisoformat(row["date_posted"]) + (TODAY - newest)
    return rows


@pytest.fixture
def trending(mongo, redis, client, settings, monkeypatch) -> Callable[..., dict[str, Any]]:
    """Collect the default roles from a fake that serves the file. Return a function that calls the endpoint."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    settings.MAX_JOBS_PER_SEARCH = 500
    call_command("seed", stdout=io.StringIO())
    with FakeTheirStack(jobs=read_postings(path=REAL_POSTINGS, shift_to=TODAY), clock=lambda: NOON) as fake_theirstack:
        settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = fake_theirstack.url, fake_theirstack.api_key
        with build_client() as theirstack:
            run = collect_jobs_for_roles(
                roles=DEFAULT_ROLES,
                locations=DEFAULT_PLACES,
                max_age_days=365,
                per_role_limit=20_000,
                client=theirstack,
                clock=lambda: NOON,
            )
    assert (run.status, run.refused) == ("finished", {})

    def get_trending(**parameters) -> dict[str, Any]:
        response = client.get("/market/trending", parameters)
        assert response.status_code == 200
        return response.json()

    return get_trending


@cache
def split_words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def is_named(role: str, row: dict[str, Any]) -> bool:
    """Return whether the title has the words of the role or of one of its variations, in any order."""
    variations = [set(split_words(title)) for title in list_role_variations(role)]
    title = split_words(row["job_title"])
    if not any(each <= set(title) for each in variations):
        return False
    # The only default role with an exclusion: "Product Marketing Manager" alone does not name it.
    rest = f" {' '.join(title)} ".replace(" product marketing ", " ") if role == "Product Manager" else " ".join(title)
    return any(each <= set(rest.split()) for each in variations)


def is_found(row: dict[str, Any]) -> bool:
    """Return whether one of the searches returns the row, by its title, its place and its day."""
    countries = {row["country_code"], *row["country_codes"], *(each["country_code"] for each in row["locations"])}
    # If a row names no country, the source derives it from the label.
    countries = countries - {None, ""} or {parse_place_label(row["location"]).country_code}
    return (
        ("US" in countries or row["remote"] is True)
        and (TODAY - row["day"]).days <= 365
        and any(is_named(role, row) for role in DEFAULT_ROLES)
    )


def build_expected_response(rows: list[dict[str, Any]], *, days: int) -> dict[str, Any]:
    """Return the response, counted row by row. Copies count neither in the shares of skills nor in pay."""
    all_rows = [row for row in rows if (TODAY - row["day"]).days < days]
    window = [row for row in all_rows if not row["is_copy"]]
    before = [row for row in rows if days <= (TODAY - row["day"]).days < 2 * days and not row["is_copy"]]
    skills, earlier = (Counter(skill for row in part for skill in row["skills"]) for part in (window, before))
    comparable = len(window) >= 20 and len(before) >= 20
    similar_size = len(window) <= 2 * len(before) and len(before) <= 2 * len(window)
    pay: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in window:
        low, high = row["min_annual_salary_usd"], row["max_annual_salary_usd"]
        if low is not None and high is not None and 5_000 <= low <= high <= 2_000_000:
            pay[row["place"]].append((low, high))
    middles = [(low + high) / 2 for each in pay.values() for low, high in each]
    lower, median, upper = statistics.quantiles(middles, n=4, method="inclusive")

    def share(part: int, whole: int) -> float:
        return round(100 * part / whole, 1)

    def ranked(counts: Counter[str], limit: int) -> list[tuple[str, int]]:
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    return {
        "top_skills": [
            {
                "skill": skill,
                "count": count,
                "percentage": share(count, len(window)),
                "previous_count": earlier[skill] if comparable else None,
                "previous_percentage": share(earlier[skill], len(before)) if comparable else None,
                "change_in_points": round(share(count, len(window)) - share(earlier[skill], len(before)), 1)
                if comparable
                else None,
                "growth_percentage": share(count - earlier[skill], earlier[skill])
                if comparable and similar_size and earlier[skill]
                else None,
            }
            for skill, count in ranked(skills, 50)
        ],
        "top_locations": [
            {"location": place, "count": count}
            for place, count in ranked(Counter(row["place"] for row in all_rows), 30)
        ],
        # No row of the file lists technologies.
        "technology_trends": [],
        "salary_trends": [
            {
                "location": place,
                "avg_min": round(sum(low for low, _ in pay[place]) / count),
                "avg_max": round(sum(high for _, high in pay[place]) / count),
                "count": count,
            }
            for place, count in ranked(Counter({place: len(each) for place, each in pay.items()}), 30)
        ],
        "salary_quartiles": {
            "lower": round(lower),
            "median": round(median),
            "upper": round(upper),
            "sample_size": len(middles),
        },
        "remote_distribution": [
            {"remote": remote, "count": sum(row["remote"] is remote for row in all_rows)} for remote in (True, False)
        ],
        "remote_unknown": sum(row["remote"] is None for row in all_rows),
        "total_jobs_analyzed": len(all_rows),
        "distinct_jobs": len(window),
        "generated_at": NOON.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window_days": days,
    }


def test_serves_what_a_plain_count_over_the_file_gives(rows, trending, mongo):
    excluded = {role: list_excluded_title_phrases(role) for role in DEFAULT_ROLES if list_excluded_title_phrases(role)}
    assert excluded == {"Product Manager": ("product marketing",)}
    found = [row for row in rows if is_found(row)]
    # Extraction of skills and parsing of places are tested elsewhere and only applied here.
    postings = {index: transform_job(row) for index, row in enumerate(found)}
    extraction = SkillExtraction(postings, dry_run=True, now=NOON)
    for index, row in enumerate(found):
        row["skills"] = set(extraction.extract_skills(index).skills)
        row["place"] = postings[index].place
    # Grouping copies is tested elsewhere and only applied here.
    copies = set(mongo.job_postings.distinct("job_id", {"copy_of": {"$ne": None}}))

    responses = {days: trending(days=days, skills_limit=50, locations_limit=30) for days in (365, 180, 120, 100)}

    assert len(found) > 1_000
    assert set(mongo.job_postings.distinct("job_id")) == {str(row["id"]) for row in found}
    for row in found:
        row["is_copy"] = str(row["id"]) in copies
    for days, response in responses.items():
        # Intervals, trends and shares of employers have tests of their own.
        assert {response.pop(name) for name in ("warning", "approximate_before")} == {None}
        assert response.pop("employers") > 100
        assert 0 < response.pop("top_employer_share") < 20
        for skill in response["top_skills"]:
            skill.pop("change_interval")
            skill.pop("trend")
        assert response == build_expected_response(found, days=days)
    assert len(responses[365]["top_skills"]) == 50
    assert any(row["change_in_points"] for row in responses[120]["top_skills"])
    for role in DEFAULT_ROLES:
        expected_ids = {str(row["id"]) for row in found if is_named(role, row)}
        titles = {row["job_id"]: row["title"] for row in mongo.job_postings.find({"roles": role.lower()})}
        assert expected_ids <= titles.keys()
        # Postings that another role's search found, under a name that the table knows ("Full-Stack SWE").
        others = [title for job_id, title in titles.items() if job_id not in expected_ids]
        assert all(get_role_table().names_role(title=title, role=role) for title in others)
    assert check_stats().differing == []
