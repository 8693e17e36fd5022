"""Job objects from a file of one JSON object a line, plain or gzipped."""

import gzip
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from ingestion.fake_theirstack.jobs import JobList, UnusableJob, read_posted_date

_DATED = ("date_posted", "date_reposted", "discovered_at", "closed_at")


class BadPostingsFile(ValueError):
    """A file that cannot be served; the message names the file and, where one is at fault, the line."""


def read_postings(*, path: Path, shift_to: date | None = None) -> JobList:
    """Read all of a file; with `shift_to`, all dates are moved so that the newest posting is of that day.

    Raises BadPostingsFile.
    """
    jobs: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    for number, job in _read_lines(path):
        jobs.append(job)
        if (first := numbers.setdefault(str(job.get("id")), number)) != number:
            raise BadPostingsFile(f"{path}, line {number}: id {job.get('id')} was used in line {first} already")
    if not jobs:
        raise BadPostingsFile(f"{path} holds no postings")
    try:
        return JobList(jobs if shift_to is None else shift_dates(jobs=jobs, newest=shift_to))
    except UnusableJob as error:
        raise BadPostingsFile(f"{path}, line {list(numbers.values())[error.index]}: {error}") from error


def shift_dates(*, jobs: list[dict[str, Any]], newest: date) -> Iterator[dict[str, Any]]:
    """Yield the jobs with all dates moved by the same whole days, so that the newest `date_posted` is `newest`.

    What would have been discovered on the newest day or later counts as discovered at its beginning: TheirStack knows
    of nothing that lies ahead, and the answer must not depend on the time of day. Raises UnusableJob.
    """
    JobList(jobs)  # whatever cannot be served is named by its own dates
    move = newest - max(map(read_posted_date, jobs))
    for job in jobs:
        moved = {name: _shift(job[name], move) for name in _DATED if isinstance(job.get(name), str)}
        if moved.get("discovered_at", "")[:10] >= newest.isoformat():
            moved["discovered_at"] = f"{newest.isoformat()}T00:00:00"
        yield job | moved


def _shift(value: str, move: timedelta) -> str:
    """Move the day, which ISO writes first, and leave the rest as it was written, and what is no date."""
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
                    raise BadPostingsFile(f"{path}, line {number}: a job object was expected, not {line[:40]!r}")
                yield number, job
    except orjson.JSONDecodeError as error:
        raise BadPostingsFile(f"{path}, line {number}: not JSON ({error})") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadPostingsFile(f"{path}, after line {number}: not a whole gzip file ({error})") from error
    except OSError as error:
        raise BadPostingsFile(f"{path} cannot be read ({error.strerror})") from error
