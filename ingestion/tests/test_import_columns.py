"""Columns of imported files: accepted names, reported problems, and dry runs."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pymongo.database import Database

from ingestion.import_columns import COLUMNS, EMPLOYMENT_STATUSES, KINDS, find_column
from ingestion.imports import ImportSummary, import_postings
from market.refresh import check_stats

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "fixtures" / "samples").glob("postings.*"))


def now() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


Import = Callable[..., ImportSummary]


@pytest.fixture
def import_csv(tmp_path: Path) -> Import:
    def write(*rows: dict[str, Any], **options: Any) -> ImportSummary:
        written = io.StringIO()
        table = csv.DictWriter(written, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
        table.writeheader()
        table.writerows(rows)
        path = tmp_path / "jobs.csv"
        path.write_text(written.getvalue())
        return import_postings(path=path, now=now, **options)

    return write


@pytest.fixture
def import_json(tmp_path: Path) -> Import:
    def write(content: Any, **options: Any) -> ImportSummary:
        path = tmp_path / "jobs.json"
        path.write_text(json.dumps(content))
        return import_postings(path=path, now=now, **options)

    return write


def test_the_docs_list_every_column_with_its_names_type_and_example() -> None:
    text = (ROOT / "docs" / "reference" / "import-columns.md").read_text()
    table = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)

    assert table == [
        (
            column.name,
            KINDS[column.kind],
            f"`{column.example}`",
            ", ".join(f"`{name}`" for name in column.other_names),
            column.about,
        )
        for column in COLUMNS
    ]


def test_reads_the_example_of_every_column(import_csv: Import, mongo: Database[Any]) -> None:
    examples = {column.name: column.example for column in COLUMNS}

    summary = import_csv(examples)

    assert (summary.collected, summary.problems, summary.unread_columns) == (1, [], {})


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.suffix)
def test_imports_the_samples_without_problems(mongo: Database[Any], path: Path) -> None:
    summary = import_postings(path=path, now=now)

    assert (summary.rows, summary.collected, summary.problems, summary.unread_columns) == (3, 3, [], {})
    stored = list(mongo.job_postings.find().sort("job_id", 1))
    assert [(row["title"], row["place"], row["country_code"]) for row in stored] == [
        ("Backend Developer", "Berlin, Germany", "DE"),
        ("Data Engineer", "Austin, TX", "US"),
        ("QA Engineer", "Remote", "CA"),
    ]
    assert [row.get("min_annual_salary") for row in stored] == [60_000, 110_000, None]
    assert [row["company_industry"] for row in stored] == ["Software Development", "Transportation", "Banking"]
    assert [row["seniority"] for row in stored] == ["senior", "mid_level", "junior"]
    assert stored[1]["employment_statuses"] == ["full_time", "contract"]


def test_there_is_a_sample_of_each_format() -> None:
    assert {path.suffix for path in SAMPLES} == {".csv", ".json", ".jsonl"}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("job_title", "job_title"),
        (" Job Title ", "job_title"),
        ("jobTitle", "job_title"),
        ("JOB-TITLE", "job_title"),
        ("Min Salary", "min_annual_salary"),
        ("currency", "salary_currency"),
        ("Skills", "technology_slugs"),
        ("industry_id", "company_industry_id"),
    ],
)
def test_finds_a_column_however_its_name_is_written(written: str, name: str) -> None:
    column = find_column(written)

    assert column is not None
    assert column.name == name


def test_no_two_columns_share_a_name() -> None:
    names = [name for column in COLUMNS for name in (column.name, *column.other_names)]

    assert len(names) == len(set(names))


def test_reports_ignored_columns_with_first_line_and_count(import_csv: Import) -> None:
    rows = [
        {"id": "1", "job_title": "A", "compny": ""},
        *({"id": f"{n}", "job_title": "A", "compny": "X"} for n in (2, 3)),
    ]

    summary = import_csv(*rows)

    assert {name: (column.first_line, column.rows) for name, column in summary.unread_columns.items()} == {
        "compny": (3, 2)
    }


def test_the_command_suggests_a_name_for_an_ignored_column(tmp_path: Path) -> None:
    path, problems, printed = tmp_path / "jobs.csv", io.StringIO(), io.StringIO()
    path.write_text("id,job_title,compny,remote\n1,A,X,maybe\n")

    call_command("import_postings", path, stderr=problems, stdout=printed)

    expected = "jobs.csv, line 2: the column compny is ignored (1 row); did you mean company?"
    assert expected in problems.getvalue()
    assert "unread values by column:\n  remote: 1" in printed.getvalue()
    assert "unread columns:\n  compny: 1" in printed.getvalue()


def test_reports_unread_columns_of_json_too(import_json: Import) -> None:
    summary = import_json([{"id": 1, "title": "A", "experience": 3, "hiring_team": None}])

    assert {name: column.rows for name, column in summary.unread_columns.items()} == {"experience": 1}


def test_ignores_repeated_and_unnamed_columns(tmp_path: Path, mongo: Database[Any]) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("id,job_title,company,company,,title\n1,A,First,Second,nameless,Other\n")

    summary = import_postings(path=path, now=now)

    assert set(summary.unread_columns) == {"company (column 4)", "(column 5)", "title"}
    row = mongo.job_postings.find_one()
    assert row is not None
    assert (row["company"], row["title"]) == ("First", "A")


def test_importing_an_api_response_keeps_the_stored_posting(
    client: Client, import_csv: Import, import_json: Import, mongo: Database[Any]
) -> None:
    import_csv(
        {
            "id": "7",
            "job_title": "Developer",
            "company": "Acme",
            "url": "https://jobs.example.com/7",
            "location": "Berlin",
            "skills": "Python;Django",
            "min_salary": "50000",
            "currency": "EUR",
            "industry_id": "4",
            "seniority": "Senior",
            "date_posted": "2026-11-20",
        }
    )
    before = mongo.job_postings.find_one()
    assert before is not None
    response = client.get(f"/jobs/{before['_id']}").json()

    import_json({"jobs": [response]})

    after = list(mongo.job_postings.find())
    assert [row["job_id"] for row in after] == ["7"]
    compared = ("title", "company", "place", "country_code", "min_annual_salary", "salary_currency", "seniority", "day")
    assert {name: after[0].get(name) for name in compared} == {name: before.get(name) for name in compared}
    assert after[0]["company_industry_id"] == 4


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"location": "Berlin, Germany"}, "DE"),
        ({"location": "Berlin"}, "DE"),
        ({"location": "Austin, TX"}, "US"),
        ({"place": "London, United Kingdom"}, "GB"),
        ({"location": "Remote (Canada)"}, "CA"),
        ({"cities": "Paris"}, "FR"),
        ({"country": "Germany"}, "DE"),
        ({"country": "Georgia"}, "GE"),
        ({"country_code": "uk"}, "GB"),
        ({"countries": "France"}, "FR"),
        ({"location": "Paris", "country_code": "US"}, "US"),
        ({"location": "Remote"}, None),
        ({"location": ""}, None),
    ],
)
def test_derives_the_country_from_the_place(
    import_csv: Import, mongo: Database[Any], fields: dict[str, str], code: str | None
) -> None:
    summary = import_csv({"id": "1", "job_title": "A"} | fields)

    row = mongo.job_postings.find_one()
    assert row is not None
    assert (row.get("country_code"), row["country_codes"], summary.problems) == (code, [code] if code else [], [])


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("company", 123, "company 123 cannot be read"),
        ("description", ["text"], "description ['text'] cannot be read"),
        ("technology_slugs", ["python", 5], "technology_slugs 5 cannot be read"),
        ("skills", "python", "skills 'python' cannot be read"),
        ("country", "Atlantis", "country 'Atlantis' cannot be read"),
        ("country_code", "XX", "country_code 'XX' cannot be read"),
        ("country_codes", ["DE", "Nowhere"], "country_codes 'Nowhere' cannot be read"),
        ("seniority", "guru", "seniority 'guru' cannot be read; use junior, mid_level, senior, staff, c_level"),
        (
            "employment_type",
            ["sometimes"],
            f"employment_type 'sometimes' cannot be read; use {', '.join(EMPLOYMENT_STATUSES)}",
        ),
        ("industry_id", "many", "industry_id 'many' cannot be read"),
        ("latitude", 95, "latitude 95 cannot be read"),
        ("posted_at", "soon", "posted_at 'soon' cannot be read"),
        ("min_salary", "much", "min_salary 'much' cannot be read"),
        ("id", "x" * 300, f"id '{'x' * 76}... cannot be read"),
    ],
)
def test_reports_unread_values_by_their_name_in_the_file(
    import_json: Import, field: str, value: Any, problem: str
) -> None:
    summary = import_json([{"job_title": "A", "url": "https://jobs.example.com/1", field: value}])

    assert (summary.collected, summary.problems) == (1, [f"line 1: {problem}"])
    assert summary.unread_values_by_column == {field: 1}


@pytest.mark.parametrize("value", ["Senior", "SENIOR", " senior "])
def test_reads_seniority_in_any_case(import_csv: Import, mongo: Database[Any], value: str) -> None:
    import_csv({"id": "1", "job_title": "A", "seniority": value, "employment type": "Full-time; intern"})

    row = mongo.job_postings.find_one()
    assert row is not None
    assert (row["seniority"], row["employment_statuses"]) == ("senior", ["full_time", "internship"])


def build_dry_run_rows() -> list[dict[str, Any]]:
    rows = [
        {"id": f"{n}", "job_title": f"Developer {n}", "url": f"https://jobs.example.com/{n}", "location": "Austin, TX"}
        for n in range(5)
    ]
    # An invalid row, a repeated row, and a changed version of another row.
    return [*rows, {"id": "9", "job_title": ""}, rows[0], rows[1] | {"location": "Berlin"}]


def test_a_dry_run_stores_nothing_and_reports_what_an_import_would_do(import_csv: Import, mongo: Database[Any]) -> None:
    rows = build_dry_run_rows()
    import_csv(rows[2], rows[3])
    changed = [*rows[:3], rows[3] | {"job_title": "Lead"}, *rows[4:]]
    before = {name: list(mongo[name].find()) for name in mongo.list_collection_names()}

    trial = import_csv(*changed, dry_run=True)

    assert {name: list(mongo[name].find()) for name in mongo.list_collection_names()} == before
    outcome = (trial.rows, trial.collected, trial.updated, trial.unchanged, dict(trial.refused))
    assert outcome == (8, 3, 1, 3, {"no_title": 1})
    imported = import_csv(*changed)
    assert (imported.rows, imported.collected, imported.updated, imported.unchanged, dict(imported.refused)) == outcome
    again = import_csv(*changed, dry_run=True)
    assert (again.collected, again.updated, again.unchanged) == (0, 0, 7)
    assert check_stats().differing == []


def test_the_command_supports_dry_runs(tmp_path: Path, mongo: Database[Any]) -> None:
    printed = io.StringIO()

    call_command("import_postings", SAMPLES[0], "--dry-run", "--json", stdout=printed)

    report = json.loads(printed.getvalue())
    assert (report["dry_run"], report["collected"]) == (True, 3)
    assert mongo.job_postings.count_documents({}) == 0
