"""Values of imported files in the notations of many countries."""

import orjson
import pytest
from django.utils import timezone

from ingestion.imports import import_postings
from tests.collection import job

pytestmark = pytest.mark.usefixtures("mongo", "redis")


def import_column(file, mongo, column, values):
    """Import these values as a column of a CSV. Return the stored values in order, and the summary."""
    lines = [f"id;job_title;{column}", *(f"{number};Developer;{value}" for number, value in enumerate(values))]
    summary = import_postings(path=file("jobs.csv", "\n".join(lines).encode()), now=timezone.now)
    rows = sorted(mongo.job_postings.find(), key=lambda row: int(row["job_id"]))
    return [row.get(column) for row in rows], summary


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["28.11.2026"], ["2026-11-28"]),
        (["5.6.2026", "05.06.26"], ["2026-06-05", "2026-06-05"]),
        (["11/28/2026", "05/06/2026"], ["2026-11-28", "2026-05-06"]),
        (["28/11/2026", "05/06/2026", "5-6-2026"], ["2026-11-28", "2026-06-05", "2026-06-05"]),
        (["05/05/2026"], ["2026-05-05"]),
        (["2026/11/28", "2026.11.28", "20261128", "2026-11-28T10:00:00Z"], ["2026-11-28"] * 4),
        (
            ["28 Nov 2026", "Nov 28, 2026", "28. November 2026", "28 novembre 2026", "28 de noviembre de 2026"],
            ["2026-11-28"] * 5,
        ),
        (["5. März 2026", "5 août 2026", "January 5th, 2026"], ["2026-03-05", "2026-08-05", "2026-01-05"]),
        (["28.11.2026 14:30", "11/28/2026 2:30 PM"], ["2026-11-28"] * 2),
    ],
)
def test_reads_dates_of_common_locales(file, mongo, values, read):
    stored, summary = import_column(file, mongo, "date_posted", values)

    assert [value.date().isoformat() for value in stored] == read
    assert summary.problems == []


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        (["05/06/2026"], ["line 2: date_posted '05/06/2026' is ambiguous"]),
        # The column contradicts itself.
        (["28/11/2026", "11/28/2026", "05/06/2026"], ["line 4: date_posted '05/06/2026' is ambiguous"]),
        (
            ["31.02.2026", "soon", "99.99.9999"],
            [
                f"line {line}: date_posted {value!r} cannot be read"
                for line, value in [(2, "31.02.2026"), (3, "soon"), (4, "99.99.9999")]
            ],
        ),
        (["n/a", "-", " ", "NULL"], []),
        ([f"1{' ' * 200_000}x"], [f"line 2: date_posted '1{' ' * 75}... cannot be read"]),
    ],
)
def test_reports_dates_that_cannot_be_read_by_line_and_field(file, mongo, values, problems):
    _, summary = import_column(file, mongo, "date_posted", values)

    assert summary.problems == problems
    assert (summary.collected, summary.unread_values) == (len(values), len(problems))


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["50.000,00"], [50_000]),
        (["120,000", "120.000", "120 000", "120'000"], [120_000] * 4),
        (["1.234.567", "1,234,567.5"], [1_234_567, 1_234_567.5]),
        (["€ 50.000", "60.000 EUR", "52,5k"], [50_000, 60_000, 52_500]),
        (["$120,000", "USD 70,000", "50k"], [120_000, 70_000, 50_000]),
        (["50000", "50000.5", "50000,5"], [50_000, 50_000.5, 50_000.5]),
    ],
)
def test_reads_amounts_of_common_locales(file, mongo, values, read):
    stored, summary = import_column(file, mongo, "min_annual_salary", values)

    assert stored == read
    assert summary.problems == []


@pytest.mark.parametrize(
    "values", [["many"], ["50.000,00", "50,000"], ["1.2.3"], ["12.34.567"], ["-5"], ["50000 60000 x"]]
)
def test_reports_amounts_that_cannot_be_read(file, mongo, values):
    stored, summary = import_column(file, mongo, "min_annual_salary", values)

    assert stored[-1] is None
    assert summary.problems == [f"line {len(values) + 1}: min_annual_salary {values[-1]!r} cannot be read"]


def test_reads_flags_of_common_languages_and_reports_others(file, mongo):
    values = ["WAHR", "falsch", "Ja", "nein", "oui", "NON", "Sí", "não", "1", "0", "x", "maybe"]

    stored, summary = import_column(file, mongo, "remote", values)

    assert stored == [True, False] * 5 + [True, None]
    assert summary.problems == ["line 13: remote 'maybe' cannot be read"]


def test_reads_currencies_by_code_and_sign_and_reports_others(file, mongo):
    values = ["usd", "$", "USD", "€", "£", "gbp", "¥", "dollars"]

    stored, summary = import_column(file, mongo, "salary_currency", values)

    assert stored == ["USD", "USD", "USD", "EUR", "GBP", "GBP", None, None]
    assert summary.problems == [
        "line 8: salary_currency '¥' cannot be read",
        "line 9: salary_currency 'dollars' cannot be read",
    ]


TABLE = "id,job_title,company,url,description\n1,Bäcker – Köln,Müller & Söhne,https://a.example/1,Größe\n2,B,C,,\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.replace(",", ";").encode("utf-8-sig"),
        TABLE.replace(",", "\t").encode("utf-16"),
        TABLE.replace(",", "\t").encode("utf-16-le"),
        TABLE.replace(",", "|").encode("utf-16-be"),
        TABLE.replace(",", ";").encode("cp1252"),
        ("sep=;\r\n" + TABLE.replace(",", ";").replace("\n", "\r\n")).encode("cp1252"),
        ("sep=\t\n" + TABLE.replace(",", "\t")).encode("utf-16"),
        TABLE.replace("id,job_title", " ID ,Job_Title").encode(),
    ],
)
def test_detects_the_delimiter_and_encoding_of_a_csv(file, mongo, content):
    summary = import_postings(path=file("jobs.csv", content), now=timezone.now)

    assert (summary.collected, summary.problems) == (2, [])
    row = mongo.job_postings.find_one({"job_id": "1"})
    assert (row["title"], row["company"], row["description"]) == ("Bäcker – Köln", "Müller & Söhne", "Größe")


def test_counts_the_separator_line(file):
    summary = import_postings(path=file("jobs.csv", b"sep=;\nid;job_title;remote\n1;A;maybe\n"), now=timezone.now)

    assert summary.problems == ["line 3: remote 'maybe' cannot be read"]


def test_reports_unread_values_of_json_by_line_and_field(file, mongo):
    jobs = [
        job(1, date_posted="28.11.2026", salary_currency="dollars", remote="maybe", min_annual_salary="many"),
        job(
            2,
            technology_slugs="python",
            url="javascript:x",
            country_code="Germany",
            country_codes=None,
            max_annual_salary=0,
        ),
    ]

    summary = import_postings(path=file("jobs.jsonl", b"\n".join(map(orjson.dumps, jobs))), now=timezone.now)

    assert summary.collected == 2
    assert sorted(summary.problems) == [
        "line 1: date_posted '28.11.2026' cannot be read",
        "line 1: min_annual_salary 'many' cannot be read",
        "line 1: remote 'maybe' cannot be read",
        "line 1: salary_currency 'dollars' cannot be read",
        "line 2: country_code 'Germany' cannot be read",
        "line 2: technology_slugs 'python' cannot be read",
        "line 2: url 'javascript:x' cannot be read",
    ]


@pytest.mark.parametrize("url", ["", "ftp://x.example/1", "see website"])
def test_rejects_a_row_without_an_id_or_a_valid_url(file, url):
    content = f"Job Title;Link;company\nDeveloper;{url};Example".encode()

    summary = import_postings(path=file("jobs.csv", content), now=timezone.now)

    assert summary.problems == ["line 2: The job 'Developer' has neither an id nor an http or https url."]
