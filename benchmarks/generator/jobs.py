"""Generated job postings for the demonstration, tests and benchmarks.

A day's postings depend only on the seed and the day. Each new day therefore adds postings and changes no earlier
ones. Pure.
"""

import math
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

import numpy as np

from benchmarks.generator.employers import describe_trade, load_employers
from benchmarks.generator.places import Place, load_places
from benchmarks.generator.roles import Role, load_roles
from benchmarks.generator.skills import BOARD_SLUGS, SKILL_NAMES
from benchmarks.generator.text import write_description

MAX_SEED = 8999  # keeps ids below 2^53, the largest integer that is exact in JSON readers
MAX_PER_DAY = 1_000_000

# Monday to Sunday. Employers publish few postings on weekends.
_WEEKDAY_WEIGHTS = (1.0, 1.2, 1.2, 1.1, 0.9, 0.25, 0.2)
_MAX_DRAWS = 64  # a posting needs fewer than 60 random numbers
_BLOCK_SIZE = 512

# Title prefix, the source's seniority, salary factor, relative weight.
_LEVELS = (
    ("", None, 1.0, 42),
    ("Senior ", "senior", 1.2, 27),
    ("Junior ", "junior", 0.72, 9),
    ("Staff ", "staff", 1.42, 5),
    ("Lead ", "senior", 1.3, 5),
    ("Principal ", "staff", 1.5, 4),
    ("Mid-Level ", "mid_level", 1.0, 4),
    ("Associate ", "junior", 0.8, 3),
    ("Chief ", "c_level", 1.6, 1),
)
_SUFFIXES = ("", "", "", "", "", "", " I", " II", ", Growth", ", Payments", " - Core Team", " (m/f/d)")
_EMPLOYMENT_STATUSES = (["full_time"],) * 9 + (["contract"], ["part_time"], ["internship"])
_FIRST_NAMES = ("Alex", "Robin", "Sam", "Kim", "Jo", "Chris", "Pat", "Toni")


@dataclass(frozen=True, slots=True)
class _CumulativeWeights:
    """The cumulative weights that random numbers are compared with."""

    roles: list[float]
    places: list[float]
    levels: list[float]


def generate_jobs(*, count: int, seed: int, today: date, days: int = 120) -> Iterator[dict[str, Any]]:
    """Yield `count` job objects of the source, oldest first, posted in the `days` days that end with `today`.

    The same arguments yield the same jobs. Objects can share nested values, so treat them as read-only.

    Raises:
        ValueError: A number is out of range.
    """
    if count < 0 or days < 1:
        raise ValueError(f"count must be 0 or more and days 1 or more, not {count} and {days}")
    window = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    totals = list(accumulate(_WEEKDAY_WEIGHTS[day.weekday()] for day in window))
    yielded = 0
    for day, total in zip(window, totals, strict=True):
        total_count = round(count * total / totals[-1])
        yield from generate_day(day=day, seed=seed, count=total_count - yielded)
        yielded = total_count


def generate_day(*, day: date, seed: int, count: int, first_number: int = 0) -> Iterator[dict[str, Any]]:
    """Yield `count` jobs posted on `day`, starting with the day's job number `first`.

    Job number n of a day is always the same, whatever `count` is.

    Raises:
        ValueError: A number is out of range.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be between 0 and {MAX_SEED}, not {seed}")
    if first_number < 0 or first_number + count > MAX_PER_DAY:
        raise ValueError(f"a day has at most {MAX_PER_DAY} jobs, not {first_number + count}")
    generator = np.random.PCG64((seed, day.toordinal()))
    random = np.random.Generator(generator.advance(first_number * _MAX_DRAWS))
    # Compute the shares of a role only when the role is drawn, because a small market has few roles per day.
    shares = cache(lambda role_number: _compute_shares(load_roles()[role_number], day))
    weights = _load_cumulative_weights()
    first_id = (seed * 10**6 + day.toordinal()) * 10**6
    for start in range(first_number, first_number + count, _BLOCK_SIZE):
        size = min(_BLOCK_SIZE, first_number + count - start)
        for job_number, draws in enumerate(random.random((size, _MAX_DRAWS)).tolist(), start):
            yield _build_job(first_id + job_number, day, draws, shares, weights)


@cache
def _load_cumulative_weights() -> _CumulativeWeights:
    return _CumulativeWeights(
        roles=list(accumulate(role.weight for role in load_roles())),
        places=list(accumulate(place.weight for place in load_places())),
        levels=list(accumulate(float(level[3]) for level in _LEVELS)),
    )


def _compute_shares(role: Role, day: date) -> list[tuple[str, float]]:
    """Return the role's skills with their shares on this day.

    The demand for each skill varies by up to 45% over about a year. Each skill has its own phase and amplitude, so
    growth rates differ.
    """
    return [(slug, share * (1 + _compute_demand_change(slug, day.toordinal()))) for slug, share in role.skills.items()]


def _compute_demand_change(slug: str, day_number: int) -> float:
    slug_hash = _hash_slug(slug)
    amplitude = 0.15 + slug_hash % 7 * 0.05
    return amplitude * math.sin(2 * math.pi * (day_number / 370 + slug_hash % 101 / 101))


@cache
def _hash_slug(slug: str) -> int:
    return sum(position * ord(letter) for position, letter in enumerate(slug, 1))


def _build_job(
    job_id: int,
    day: date,
    draws: list[float],
    shares: Callable[[int], list[tuple[str, float]]],
    weights: _CumulativeWeights,
) -> dict[str, Any]:
    """Build a job object from its random numbers, which are taken from the end of `draws`."""
    draw = draws.pop
    role_number = bisect(weights.roles, draw() * weights.roles[-1])
    role = load_roles()[role_number]
    place = load_places()[bisect(weights.places, draw() * weights.places[-1])]
    prefix, seniority, salary_factor, _ = _LEVELS[bisect(weights.levels, draw() * weights.levels[-1])]
    # Squaring favors the first employers, because some employers advertise far more than others.
    company = load_employers()[int(draw() ** 2 * len(load_employers()))]
    title_draw = draw()
    title = role.titles[0] if title_draw < 0.62 else role.titles[int(draw() * len(role.titles))]
    suffix = _SUFFIXES[int(draw() * len(_SUFFIXES))]
    title = prefix + title + ("" if prefix and suffix.endswith("I") else suffix)
    slugs = [slug for slug, share in shares(role_number) if draw() < share]

    working_mode_draw = draw()
    remote: bool | None = working_mode_draw < 0.27
    hybrid: bool | None = not remote and draw() < 0.4
    if working_mode_draw > 0.82:
        remote = hybrid = None
    has_no_city = remote is True and draw() < 0.5
    place_label = "Remote" if has_no_city else place.short_label
    description = write_description(
        company=company["name"],
        trade=describe_trade(company["name"]),
        title=title,
        place=place_label,
        family=role.family,
        skills=[SKILL_NAMES[slug] for slug in slugs],
        draws=draws,
    )
    company_slug = company["domain"].partition(".")[0]
    url = f"https://careers.example.com/{company_slug}/{job_id}"
    board_draw = draw()
    if board_draw < 0.24:
        board_slug = BOARD_SLUGS[int(board_draw / 0.24 * len(BOARD_SLUGS))]
        url = f"https://{board_slug}.example.com/{company_slug}/{job_id}"
        slugs.append(board_slug)
    if draw() < 0.08:
        slugs = []  # the source found no technology; only the text names them

    # Jobs are discovered in the first minute of the day, so that today's jobs are never discovered in the future.
    millisecond = int(draw() * 60_000)
    discovered_at = f"{day.isoformat()}T00:00:{millisecond // 1000:02d}"
    omits_unknown_fields = draw() < 0.3  # some responses of the source omit unknown fields, others contain null
    job: dict[str, Any] = {
        "id": job_id,
        "job_title": title,
        "normalized_title": role.name.lower() if title_draw < 0.8 else "",
        "url": url,
        "final_url": url if draw() < 0.7 else None,
        "source_url": f"https://listings.example.com/view/{job_id}",
        "date_posted": day.isoformat(),
        "discovered_at": f"{discovered_at}.{millisecond % 1000:03d}000Z" if draw() < 0.1 else discovered_at,
        "has_blurred_data": False,
        "reposted": False,
        "date_reposted": None,
        "company": company["name"],
        "company_domain": company["domain"] if draw() < 0.9 else None,
        "company_object": dict(company),
        "remote": remote,
        "hybrid": hybrid,
        "seniority": seniority,
        "employment_statuses": _EMPLOYMENT_STATUSES[int(draw() * len(_EMPLOYMENT_STATUSES))],
        "technology_slugs": slugs,
        "keyword_slugs": [],
        "manager_roles": [],
        "matching_phrases": [],
        "matching_words": [],
        "hiring_team": _build_hiring_team(draw()),
        "description": description,
    }
    job |= _build_location(place, place_label, has_no_city, draw())
    if draw() < 0.34:
        job |= _build_salary(place, role.salary * salary_factor, draw(), draw())
    elif not omits_unknown_fields:
        job |= _NO_SALARY
    if not omits_unknown_fields:
        job |= {"easy_apply": draw() < 0.2, "closed_at": None, "postal_code": None}
    if draw() < 0.03:
        job |= {"reposted": True, "date_reposted": day.isoformat()}
    return job


def _build_location(place: Place, place_label: str, has_no_city: bool, draw: float) -> dict[str, Any]:
    """Build the location fields. Most remote jobs without a city still have a country."""
    city = place.location
    if has_no_city:
        country_known = draw < 0.8
        return {
            "location": place_label,
            "short_location": place_label,
            "long_location": city["country_name"] if country_known else place_label,
            "locations": [],
            "country": city["country_name"] if country_known else None,
            "country_code": city["country_code"] if country_known else None,
            "country_codes": [city["country_code"]] if country_known else [],
            "cities": [],
        }
    # In responses of the source, one of the two country fields can be empty.
    second_location = load_places()[int(draw * 200)].location if draw * 200 < len(load_places()) else city
    locations = [city] if second_location is city else [city, second_location]
    return {
        "location": place.city if draw > 0.7 else place_label,
        "short_location": place_label,
        "long_location": place.long_label,
        "locations": locations,
        "state_code": city["state_code"],
        "latitude": city["latitude"],
        "longitude": city["longitude"],
        "country": city["country_name"],
        "country_code": city["country_code"],
        "country_codes": [] if draw > 0.95 else sorted({entry["country_code"] for entry in locations}),
        "cities": [entry["name"] for entry in locations],
    }


_NO_SALARY = dict.fromkeys(
    (
        "salary_string",
        "salary_currency",
        "min_annual_salary",
        "max_annual_salary",
        "min_annual_salary_usd",
        "max_annual_salary_usd",
        "avg_annual_salary_usd",
    )
)


def _build_salary(place: Place, mean_salary: float, low_draw: float, high_draw: float) -> dict[str, Any]:
    """Build the salary fields, in pay per year. One job in eight has only a minimum."""
    low = round(mean_salary * place.salary_factor * (0.8 + 0.15 * low_draw), -3)
    high = round(mean_salary * place.salary_factor * (1.02 + 0.3 * high_draw), -3) if low_draw < 0.875 else None
    bounds = [bound for bound in (low, high) if bound is not None]
    local_low = round(low * place.currency_per_usd)
    local_high = None if high is None else round(high * place.currency_per_usd)
    return {
        "salary_string": f"{place.currency} {local_low:,}" + ("" if local_high is None else f" - {local_high:,}"),
        "salary_currency": place.currency,
        "min_annual_salary": local_low,
        "max_annual_salary": local_high,
        "min_annual_salary_usd": low,
        "max_annual_salary_usd": high,
        "avg_annual_salary_usd": sum(bounds) / len(bounds),
    }


def _build_hiring_team(draw: float) -> list[dict[str, Any]]:
    """Build a fictitious recruiter for 11% of the jobs."""
    if draw >= 0.11:
        return []
    first_name = _FIRST_NAMES[int(draw / 0.11 * len(_FIRST_NAMES))]
    return [
        {
            "first_name": first_name,
            "full_name": f"{first_name} Placeholder",
            "image_url": None,
            "linkedin_url": f"https://social.example.com/in/{first_name.lower()}-placeholder",
            "role": "Recruiter",
            "thumbnail_url": None,
        }
    ]
