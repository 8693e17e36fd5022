"""Generated job postings for the demonstration, tests and benchmarks.

A day's postings only depend on the seed and the day, so tomorrow's market is today's plus one day. Pure: no clock.
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

from benchmarks.generator.employers import employers, get_trade
from benchmarks.generator.places import Place, places
from benchmarks.generator.roles import Role, roles
from benchmarks.generator.skills import BOARD_SLUGS, SKILL_NAMES
from benchmarks.generator.text import advert_text

MAX_SEED = 8999  # keeps ids below 2^53, the largest integer that is exact in JSON readers
MAX_PER_DAY = 1_000_000

# Monday to Sunday. Few adverts are published on weekends.
_WEEKDAYS = (1.0, 1.2, 1.2, 1.1, 0.9, 0.25, 0.2)
_DRAWS = 64  # a posting needs fewer than 60 random numbers
_BLOCK = 512

# Title prefix, the source's seniority, factor for the salary, weight.
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
_STATUSES = (["full_time"],) * 9 + (["contract"], ["part_time"], ["internship"])
_FIRST_NAMES = ("Alex", "Robin", "Sam", "Kim", "Jo", "Chris", "Pat", "Toni")


@dataclass(frozen=True, slots=True)
class _Chances:
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
    totals = list(accumulate(_WEEKDAYS[day.weekday()] for day in window))
    done = 0
    for day, total in zip(window, totals, strict=True):
        until = round(count * total / totals[-1])
        yield from generate_day(day=day, seed=seed, count=until - done)
        done = until


def generate_day(*, day: date, seed: int, count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Yield `count` jobs posted on `day`, starting with the day's job number `first`.

    Job number n of a day is always the same, whatever `count` is.

    Raises:
        ValueError: A number is out of range.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be between 0 and {MAX_SEED}, not {seed}")
    if first < 0 or first + count > MAX_PER_DAY:
        raise ValueError(f"a day has at most {MAX_PER_DAY} jobs, asked for {first + count}")
    bits = np.random.PCG64((seed, day.toordinal()))
    random = np.random.Generator(bits.advance(first * _DRAWS))
    # Compute shares only for roles that are drawn, because a small market has few per day.
    shares = cache(lambda number: _shares_on(roles()[number], day))
    chances = _chances()
    identity = (seed * 10**6 + day.toordinal()) * 10**6
    for start in range(first, first + count, _BLOCK):
        size = min(_BLOCK, first + count - start)
        for number, draws in enumerate(random.random((size, _DRAWS)).tolist(), start):
            yield _job(identity + number, day, draws, shares, chances)


@cache
def _chances() -> _Chances:
    return _Chances(
        roles=list(accumulate(role.weight for role in roles())),
        places=list(accumulate(place.weight for place in places())),
        levels=list(accumulate(float(level[3]) for level in _LEVELS)),
    )


def _shares_on(role: Role, day: date) -> list[tuple[str, float]]:
    """Return the role's skills with their shares on this day.

    The demand for each skill varies by up to 45% over about a year. Each skill starts at another point, so growth
    rates differ.
    """
    return [(slug, share * (1 + _swing(slug, day.toordinal()))) for slug, share in role.skills.items()]


def _swing(slug: str, ordinal: int) -> float:
    character = _character(slug)
    amplitude = 0.15 + character % 7 * 0.05
    return amplitude * math.sin(2 * math.pi * (ordinal / 370 + character % 101 / 101))


@cache
def _character(slug: str) -> int:
    return sum(position * ord(letter) for position, letter in enumerate(slug, 1))


def _job(
    job_id: int,
    day: date,
    draws: list[float],
    shares: Callable[[int], list[tuple[str, float]]],
    chances: _Chances,
) -> dict[str, Any]:
    """Build a job object from its random numbers, which are taken from the end of `draws`."""
    draw = draws.pop
    role_number = bisect(chances.roles, draw() * chances.roles[-1])
    role = roles()[role_number]
    place = places()[bisect(chances.places, draw() * chances.places[-1])]
    prefix, seniority, pay, _ = _LEVELS[bisect(chances.levels, draw() * chances.levels[-1])]
    company = employers()[int(draw() ** 2 * len(employers()))]  # some employers advertise far more than others
    variant = draw()
    title = role.titles[0] if variant < 0.62 else role.titles[int(draw() * len(role.titles))]
    suffix = _SUFFIXES[int(draw() * len(_SUFFIXES))]
    title = prefix + title + ("" if prefix and suffix.endswith("I") else suffix)
    slugs = [slug for slug, share in shares(role_number) if draw() < share]

    working = draw()
    remote: bool | None = working < 0.27
    hybrid: bool | None = not remote and draw() < 0.4
    if working > 0.82:
        remote = hybrid = None
    nowhere = remote is True and draw() < 0.5
    short = "Remote" if nowhere else place.short
    text = advert_text(
        company=company["name"],
        trade=get_trade(company["name"]),
        title=title,
        place=short,
        family=role.family,
        skills=[SKILL_NAMES[slug] for slug in slugs],
        draws=draws,
    )
    key = company["domain"].partition(".")[0]
    address = f"https://careers.example.com/{key}/{job_id}"
    board = draw()
    if board < 0.24:
        board_slug = BOARD_SLUGS[int(board / 0.24 * len(BOARD_SLUGS))]
        address = f"https://{board_slug}.example.com/{key}/{job_id}"
        slugs.append(board_slug)
    if draw() < 0.08:
        slugs = []  # the source found none, only the text names them

    # Jobs are discovered in the first minute of the day, so that today's jobs are never discovered in the future.
    millisecond = int(draw() * 60_000)
    seen_at = f"{day.isoformat()}T00:00:{millisecond // 1000:02d}"
    sketchy = draw() < 0.3  # some responses of the source omit unknown fields, others contain null
    job: dict[str, Any] = {
        "id": job_id,
        "job_title": title,
        "normalized_title": role.name.lower() if variant < 0.8 else "",
        "url": address,
        "final_url": address if draw() < 0.7 else None,
        "source_url": f"https://listings.example.com/view/{job_id}",
        "date_posted": day.isoformat(),
        "discovered_at": f"{seen_at}.{millisecond % 1000:03d}000Z" if draw() < 0.1 else seen_at,
        "has_blurred_data": False,
        "reposted": False,
        "date_reposted": None,
        "company": company["name"],
        "company_domain": company["domain"] if draw() < 0.9 else None,
        "company_object": dict(company),
        "remote": remote,
        "hybrid": hybrid,
        "seniority": seniority,
        "employment_statuses": _STATUSES[int(draw() * len(_STATUSES))],
        "technology_slugs": slugs,
        "keyword_slugs": [],
        "manager_roles": [],
        "matching_phrases": [],
        "matching_words": [],
        "hiring_team": _hiring_team(draw()),
        "description": text,
    }
    job |= _location(place, short, nowhere, draw())
    if draw() < 0.34:
        job |= _salary(place, role.salary * pay, draw(), draw())
    elif not sketchy:
        job |= _NO_SALARY
    if not sketchy:
        job |= {"easy_apply": draw() < 0.2, "closed_at": None, "postal_code": None}
    if draw() < 0.03:
        job |= {"reposted": True, "date_reposted": day.isoformat()}
    return job


def _location(place: Place, short: str, nowhere: bool, draw: float) -> dict[str, Any]:
    """Return the location fields. Most remote jobs without a city still have a country."""
    city = place.location
    if nowhere:
        country_known = draw < 0.8
        return {
            "location": short,
            "short_location": short,
            "long_location": city["country_name"] if country_known else short,
            "locations": [],
            "country": city["country_name"] if country_known else None,
            "country_code": city["country_code"] if country_known else None,
            "country_codes": [city["country_code"]] if country_known else [],
            "cities": [],
        }
    # In responses of the source, one of the two country fields can be empty.
    second = places()[int(draw * 200)].location if draw * 200 < len(places()) else city
    locations = [city] if second is city else [city, second]
    return {
        "location": place.city if draw > 0.7 else short,
        "short_location": short,
        "long_location": place.long,
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


def _salary(place: Place, middle: float, low_draw: float, high_draw: float) -> dict[str, Any]:
    """Return the salary fields, in pay per year. One in eight has only a lower bound."""
    low = round(middle * place.pay * (0.8 + 0.15 * low_draw), -3)
    high = round(middle * place.pay * (1.02 + 0.3 * high_draw), -3) if low_draw < 0.875 else None
    known = [bound for bound in (low, high) if bound is not None]
    local_low = round(low * place.currency_per_usd)
    local_high = None if high is None else round(high * place.currency_per_usd)
    return {
        "salary_string": f"{place.currency} {local_low:,}" + ("" if local_high is None else f" - {local_high:,}"),
        "salary_currency": place.currency,
        "min_annual_salary": local_low,
        "max_annual_salary": local_high,
        "min_annual_salary_usd": low,
        "max_annual_salary_usd": high,
        "avg_annual_salary_usd": sum(known) / len(known),
    }


def _hiring_team(draw: float) -> list[dict[str, Any]]:
    """Return a fictitious recruiter for 11% of the jobs."""
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
