"""Reading jobs from a file: shifting dates, rejecting lines, and real postings."""

import gzip
import json
from datetime import UTC, date, datetime

import pytest

from ingestion.sources.theirstack.fake.job_sources import BadPostingsFile, read_postings, shift_dates
from ingestion.sources.theirstack.fake.jobs import parse_search
from ingestion.tests.real_postings import REAL_POSTINGS, needs_real_postings

TODAY = date(2026, 3, 20)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def job(job_id, **fields):
    return {"id": job_id, "job_title": "Engineer", "date_posted": "2025-12-01", "company": "A"} | fields


@pytest.fixture
def write(tmp_path):
    def to_file(lines, name="postings.jsonl"):
        path = tmp_path / name
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    return to_file


def find(jobs, **filters):
    body = json.dumps({"posted_at_gte": "2000-01-01"} | filters).encode()
    return [json.loads(entry.body) for entry in jobs.find(parse_search(body=body, now=NOW).predicates, limit=500)]


@pytest.mark.parametrize("name", ["postings.jsonl", "postings.jsonl.gz"])
def test_reads_one_job_per_line_from_plain_and_gzipped_files(write, name):
    path = write([job(1), "", job(2), "  "], name)

    assert [entry["id"] for entry in find(read_postings(path=path))] == [2, 1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: expected a job object"),
        (job("x"), "line 2: 'id' must be a whole number, not 'x'"),
        (job(2, job_title=" "), "line 2: 'job_title' must be a non-empty text"),
        (job(2, date_posted=None), "line 2: 'date_posted' must be a date"),
        (job(2, discovered_at="soon"), "line 2: 'discovered_at' must be a time"),
        (job(1), "line 2: id 1 is already used in line 1"),
    ],
)
@pytest.mark.parametrize("shift_to", [None, TODAY])
def test_rejects_a_bad_line_by_number(write, line, message, shift_to):
    path = write([job(1), line, job(3)])

    with pytest.raises(BadPostingsFile, match=message):
        read_postings(path=path, shift_to=shift_to)


def test_rejects_an_empty_file(write):
    with pytest.raises(BadPostingsFile, match="contains no postings"):
        read_postings(path=write([]))


def test_rejects_a_missing_file(tmp_path):
    with pytest.raises(BadPostingsFile, match="cannot be read"):
        read_postings(path=tmp_path / "absent.jsonl")


def test_rejects_a_truncated_file(write):
    path = write([job(number) for number in range(500)], "postings.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(BadPostingsFile, match="not a complete gzip file"):
        read_postings(path=path)


def test_shifts_all_dates_so_that_the_newest_is_today(write):
    older = job(
        1,
        date_posted="2025-11-28",
        discovered_at="2025-11-28T10:11:12.5Z",
        date_reposted="2025-11-29",
        closed_at="2025-11-30T01:02:03",
    )
    path = write([older, job(2, discovered_at="2025-12-01T09:00:00")])

    newest, oldest = find(read_postings(path=path, shift_to=TODAY))

    assert newest["date_posted"] == "2026-03-20"
    assert oldest == older | {
        "date_posted": "2026-03-17",
        "discovered_at": "2026-03-17T10:11:12.5Z",
        "date_reposted": "2026-03-18",
        "closed_at": "2026-03-19T01:02:03",
    }


def test_shifted_jobs_are_discovered_by_the_start_of_the_newest_day():
    shifted = list(
        shift_dates(
            jobs=[job(1, discovered_at="2025-12-01T23:59:00"), job(2, discovered_at="2025-12-03T00:00:00")],
            newest=TODAY,
        )
    )

    assert [entry["discovered_at"] for entry in shifted] == ["2026-03-20T00:00:00"] * 2


def test_finds_a_job_by_the_country_of_its_label_and_sends_it_unchanged(write):
    named = job(1, location="Indianapolis, IN", country_code=None, country_codes=[])
    path = write([named, job(2, location="Anywhere", country_code=None)])

    assert find(read_postings(path=path), job_country_code_or=["US"]) == [named]


@needs_real_postings
def test_real_postings_are_all_read_and_found_by_title_and_country():
    jobs = read_postings(path=REAL_POSTINGS, shift_to=TODAY)
    titles = ["Software Engineer", "Software Developer", "SDE", "Application Developer"]
    rows = find(jobs, job_title_or=titles, job_country_code_or=["US"])

    assert len(jobs) == 8_144
    assert 400 < len(rows) <= 500


@needs_real_postings
def test_real_postings_are_found_by_role_in_the_united_states_and_remotely():
    jobs = read_postings(path=REAL_POSTINGS, shift_to=TODAY)

    for title in ("Software Engineer", "Data Scientist", "Product Manager"):
        assert len(find(jobs, job_title_or=[title], job_country_code_or=["US"])) >= 20
        assert len(find(jobs, job_title_or=[title], remote=True)) >= 20
