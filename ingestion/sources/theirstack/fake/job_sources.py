"""Sources of the fake's jobs: a JSON Lines file, or the fixture of fictional postings.

The postings of `fixtures/demonstration_postings.json` are repeated over the requested days. The jobs of a day depend
only on the seed and the day, so tomorrow's jobs are today's plus one more day. Nothing here reads the clock.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import orjson

from ingestion.sources.theirstack.fake.jobs import InvalidJob, JobList, parse_posted_date

MAX_SEED = 8999  # keeps ids below 2**53, where JSON readers still represent integers exactly
_MAX_PER_DAY = 1_000_000

_FIXTURE = Path(__file__).resolve().parents[4] / "fixtures" / "demonstration_postings.json"
# Relative number of postings from Monday to Sunday. Few are published at weekends.
_WEEKDAYS = (1.0, 1.2, 1.2, 1.1, 0.9, 0.25, 0.2)


def build_jobs(*, count: int, today: date, days: int = 120, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield `count` TheirStack job objects, oldest first, posted within the `days` days up to `today`.

    The same arguments yield the same jobs, and job number n of a day is always the same. The objects share nested
    values and must not be modified. Raises ValueError for a number out of range.
    """
    if count < 0 or days < 1:
        raise ValueError(f"count must be 0 or more and days 1 or more, not {count} and {days}")
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be between 0 and {MAX_SEED}, not {seed}")
    window = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    totals = list(accumulate(_WEEKDAYS[day.weekday()] for day in window))
    done = 0
    for day, total in zip(window, totals, strict=True):
        until = round(count * total / totals[-1])
        if until - done > _MAX_PER_DAY:
            raise ValueError(f"a day must have at most {_MAX_PER_DAY:,} jobs, not {until - done:,}")
        first_id = (seed * 10**6 + day.toordinal()) * _MAX_PER_DAY
        weights = _get_weights(day)
        for number in range(until - done):
            yield _build_job(first_id + number, day, weights)
        done = until


def _build_job(job_id: int, day: date, weights: list[float]) -> dict[str, Any]:
    draw = Random(job_id)  # noqa: S311 - not security-relevant
    companies, places, postings = _load()
    posting = draw.choices(postings, cum_weights=weights)[0]
    company = companies[int(draw.random() ** 2 * len(companies))]  # some companies advertise far more than others
    choices, place_weights = places[posting["places"]]
    place = draw.choices(choices, cum_weights=place_weights)[0]
    path = f"{company['domain'].partition('.')[0]}/{job_id}"
    is_reposted = draw.random() < 0.03
    # Jobs are discovered in the first minute of the day, so that today's jobs are never discovered in the future.
    # TheirStack writes times both with and without a time zone.
    discovered_at = f"{day.isoformat()}T00:00:{draw.randrange(60):02d}{'.250000Z' if draw.random() < 0.1 else ''}"
    return (
        posting
        | place
        | {
            "id": job_id,
            "url": f"https://careers.example.com/{path}",
            "final_url": f"https://careers.example.com/{path}" if draw.random() < 0.7 else None,
            "source_url": f"https://listings.example.com/view/{job_id}",
            "date_posted": day.isoformat(),
            "discovered_at": discovered_at,
            "reposted": is_reposted,
            "date_reposted": day.isoformat() if is_reposted else None,
            "has_blurred_data": False,
            "company": company["name"],
            "company_domain": company["domain"] if draw.random() < 0.9 else None,
            "company_object": company,
            "description": f"{company['long_description']}\n\n{posting['description']}",
        }
    )


@cache
def _load() -> tuple[list[dict[str, Any]], dict[str, tuple[list[dict[str, Any]], list[float]]], list[dict[str, Any]]]:
    """Return companies, lists of places with their cumulative weights by name of the list, and postings."""
    fixture = orjson.loads(_FIXTURE.read_bytes())
    places = {
        where: (
            [{name: value for name, value in choice.items() if name != "weight"} for choice in choices],
            list(accumulate(choice["weight"] for choice in choices)),
        )
        for where, choices in fixture["places"].items()
    }
    return fixture["companies"], places, fixture["postings"]


def _get_weights(day: date) -> list[float]:
    """Return the cumulative weights of the postings on this day.

    The demand for each skill oscillates over about a year with its own phase, so growth differs by skill.
    """
    get_swing = cache(lambda slug: _get_swing(slug, day.toordinal()))
    return list(accumulate(math.exp(sum(map(get_swing, posting["technology_slugs"]))) for posting in _load()[2]))


def _get_swing(slug: str, ordinal: int) -> float:
    character = sum(position * ord(letter) for position, letter in enumerate(slug, 1))
    return (0.03 + character % 7 * 0.025) * math.sin(2 * math.pi * (ordinal / 370 + character % 101 / 101))


_DATE_FIELDS = ("date_posted", "date_reposted", "discovered_at", "closed_at")


class BadPostingsFile(ValueError):
    """A file that cannot be served. The message names the file and, if a single line is at fault, the line."""


def read_postings(*, path: Path, shift_to: date | None = None) -> JobList:
    """Read a whole file. With `shift_to`, shift all dates so that the newest posting is of that day.

    Raises BadPostingsFile.
    """
    jobs: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    for number, job in _read_lines(path):
        jobs.append(job)
        if (first := numbers.setdefault(str(job.get("id")), number)) != number:
            raise BadPostingsFile(f"{path}, line {number}: id {job.get('id')} is already used in line {first}")
    if not jobs:
        raise BadPostingsFile(f"{path} contains no postings")
    try:
        return JobList(jobs if shift_to is None else shift_dates(jobs=jobs, newest=shift_to))
    except InvalidJob as error:
        raise BadPostingsFile(f"{path}, line {list(numbers.values())[error.index]}: {error}") from error


def shift_dates(*, jobs: list[dict[str, Any]], newest: date) -> Iterator[dict[str, Any]]:
    """Yield the jobs with all dates shifted by the same number of days, so that the newest `date_posted` is `newest`.

    Discovery times on the newest day or later become its beginning: TheirStack never returns a future time, and the
    result must not depend on the time of day. Raises InvalidJob.
    """
    JobList(jobs)  # validates the jobs, so that errors name the original dates
    move = newest - max(map(parse_posted_date, jobs))
    for job in jobs:
        moved = {name: _shift(job[name], move) for name in _DATE_FIELDS if isinstance(job.get(name), str)}
        if moved.get("discovered_at", "")[:10] >= newest.isoformat():
            moved["discovered_at"] = f"{newest.isoformat()}T00:00:00"
        yield job | moved


def _shift(value: str, move: timedelta) -> str:
    """Shift the date at the start of an ISO 8601 text. Return texts without a date unchanged."""
    try:
        return (date.fromisoformat(value[:10]) + move).isoformat() + value[10:]
    except ValueError:
        return value


def _read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                job = orjson.loads(line)
                if not isinstance(job, dict):
                    raise BadPostingsFile(f"{path}, line {number}: expected a job object, not {line[:40]!r}")
                yield number, job
    except orjson.JSONDecodeError as error:
        raise BadPostingsFile(f"{path}, line {number}: not JSON ({error})") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadPostingsFile(f"{path}, after line {number}: not a complete gzip file ({error})") from error
    except OSError as error:
        raise BadPostingsFile(f"{path} cannot be read ({error.strerror})") from error
