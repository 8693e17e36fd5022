"""Import of postings from files: formats, rejected rows, repeated imports and damaged files."""

import gzip
import json
from typing import Any

import orjson
import pytest
from django.utils import timezone

from ingestion import imports
from ingestion.imports import UnreadableFileError, import_postings, read_rows
from market.refresh import check_stats
from market.selectors import read_response
from skills.services import seed_skills
from tests.collection import job

pytestmark = pytest.mark.usefixtures("mongo", "redis")


JOBS = [job(n, title=f"Developer {n}") for n in range(1, 4)]
LINES = "\n".join(map(json.dumps, JOBS)).encode()
# All formats below contain the same three postings.
COLUMNS = ("id", "job_title", "company", "url", "date_posted", "location", "description")
CSV = "\n".join([",".join(COLUMNS), *(",".join(f'"{each[name]}"' for name in COLUMNS) for each in JOBS), ""]).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("jobs.json", orjson.dumps(JOBS)),
        ("response.json", orjson.dumps({"metadata": {"total_results": 3}, "data": JOBS})),
        ("jobs.json.gz", orjson.dumps(JOBS)),
        ("jobs.jsonl", LINES),
        ("jobs.ndjson", b"\n" + LINES.replace(b"\n", b"\r\n\r\n") + b"\n"),
        ("jobs.of.june.JSONL.GZ", LINES),
        ("jobs.csv", CSV),
        ("excel.csv", b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n")),
        ("jobs.csv.gz", CSV),
    ],
)
def test_reads_all_formats_the_same_way(file, mongo, name, content):
    path = file(name, content)

    summary = import_postings(path=path, now=timezone.now)

    assert (summary.rows, summary.collected, summary.problems) == (3, 3, [])
    stored = mongo.job_postings.find({}, {"_id": 0, "job_id": 1, "title": 1, "url": 1, "company": 1}).sort("job_id", 1)
    assert list(stored) == [
        {"job_id": str(n), "title": f"Developer {n}", "url": f"https://jobs.example.com/{n}", "company": "Acme"}
        for n in (1, 2, 3)
    ]
    assert {row["day"].date() for row in mongo.job_postings.find()} == {timezone.now().date()}
    response = read_response(days=1, now=timezone.now())
    assert response is not None
    assert orjson.loads(response[1])["total_jobs_analyzed"] == 3


def test_reads_lists_flags_and_numbers_of_a_csv(file, mongo):
    seed_skills(
        entries=[
            {"name": name, "category": "Programming Languages", "slugs": [name]} for name in ("python", "go", "rust")
        ],
        now=timezone.now(),
    )
    columns = (
        "id,job_title,technology_slugs,remote,hybrid,min_annual_salary_usd,max_annual_salary_usd,"
        "latitude,longitude,country_codes,company_object,description,easy_apply,locations"
    )
    company = '"{""name"": ""Acme"", ""domain"": ""acme.com""}"'
    places = '"[{""name"": ""Austin"", ""state_code"": ""TX"", ""country_code"": ""US""}]"'
    text = '"Two\nlines, and a comma"'
    rows = [
        f'1,A,"python;go; rust ;",true,0,100000,120000.5,30.2,-97.7,US;CA,{company},{text},YES,{places}',
        '2,B,"[""python""]",False,no,many,,,,"[""DE""]",,,,',
        "3,C,,,,,,,,,,,,",
    ]
    path = file("jobs.csv", "\n".join([columns, *rows]).encode())

    summary = import_postings(path=path, now=timezone.now)

    first, second, third = mongo.job_postings.find().sort("job_id", 1)
    assert (summary.collected, summary.unread_values) == (3, 1)
    assert summary.problems == ["line 4: min_annual_salary_usd 'many' cannot be read"]
    assert (first["skills"], first["skills_source"]) == (["python", "go", "rust"], "slugs")
    assert (first["remote"], first["hybrid"], first["easy_apply"]) == (True, False, True)
    assert first["min_annual_salary_usd"] == 100_000
    assert first["max_annual_salary_usd"] in (120_000, 120_001)
    assert first["coordinates"] == {"lat": 30.2, "lng": -97.7}
    assert first["country_codes"] == ["US", "CA"]
    assert (first["company"], first["company_domain"]) == ("Acme", "acme.com")
    assert first["description"] == "Two\nlines, and a comma"
    assert first["place"] == "Austin, TX"
    assert (second["skills"], second["remote"], second["hybrid"]) == (["python"], False, False)
    assert "min_annual_salary_usd" not in second
    assert second["country_codes"] == ["DE"]
    assert "remote" not in third


def test_rejects_bad_rows_by_line_and_continues(file, mongo):
    lines = [
        orjson.dumps(JOBS[0]),
        b"{not json",
        b"",
        b"[1, 2]",
        orjson.dumps(JOBS[1] | {"job_title": None}),
        b"\xff\xfe\xfd",
        orjson.dumps({"job_title": "Nobody"}),
        orjson.dumps(JOBS[2]),
        orjson.dumps(JOBS[2] | {"id": 9, "url": None, "has_blurred_data": True}),
    ]
    path = file("jobs.jsonl", b"\n".join(lines))

    summary = import_postings(path=path, now=timezone.now)

    assert (summary.rows, summary.collected) == (8, 2)
    assert summary.refused == {"not_json": 2, "not_an_object": 1, "no_title": 1, "no_id_and_no_url": 1, "blurred": 1}
    assert [problem.partition(":")[0] for problem in summary.problems] == [f"line {n}" for n in (2, 4, 5, 6, 7, 9)]
    assert mongo.job_postings.distinct("job_id") == ["1", "3"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_reads_json_in_other_encodings(file, encoding):
    path = file("jobs.json", json.dumps(JOBS).encode(encoding))

    assert import_postings(path=path, now=timezone.now).collected == 3


def test_rejects_json_lines_in_utf_16(file):
    with pytest.raises(UnreadableFileError, match="UTF-16"):
        import_postings(path=file("jobs.jsonl", LINES.decode().encode("utf-16")), now=timezone.now)

    assert import_postings(path=file("jobs.jsonl", b"\xef\xbb\xbf" + LINES), now=timezone.now).collected == 3


@pytest.mark.parametrize("name", ["jobs.csv.gz", "jobs.json.gz"])
def test_rejects_a_file_that_decompresses_beyond_the_limit(file, monkeypatch, name):
    monkeypatch.setattr(imports, "MAX_FILE_BYTES", 1_000_000)

    with pytest.raises(UnreadableFileError) as error:
        import_postings(path=file(name, b"[" + b" " * 2_000_000 + b"]"), now=timezone.now)

    assert error.value.reason == "too_large"


def test_rejects_bad_rows_of_a_csv_by_line(file, mongo):
    path = file("jobs.csv", b'id,job_title\n1,A\n2\n3,C,more\n"4\n",D\n5,E\n')

    summary = import_postings(path=path, now=timezone.now)

    assert summary.refused == {"no_title": 1, "not_csv": 1}
    assert [problem.partition(":")[0] for problem in summary.problems] == ["line 3", "line 4"]
    assert mongo.job_postings.distinct("job_id") == ["1", "4", "5"]


def test_reports_the_position_in_a_json_list(file):
    path = file("jobs.json", orjson.dumps([JOBS[0], 3, JOBS[1]]))

    summary = import_postings(path=path, now=timezone.now)

    assert [problem.partition(":")[0] for problem in summary.problems] == ["line 2"]


def test_lists_the_first_hundred_problems_and_counts_all(file):
    path = file("jobs.jsonl", b"x\n" * 150)

    summary = import_postings(path=path, now=timezone.now)

    assert (len(summary.problems), summary.refused["not_json"]) == (100, 150)


def test_a_second_import_changes_nothing(file, mongo):
    path = file("jobs.jsonl.gz", LINES)
    import_postings(path=path, now=timezone.now)
    before = list(mongo.job_postings.find())

    second = import_postings(path=path, now=timezone.now)

    assert (second.collected, second.updated, second.unchanged) == (0, 0, 3)
    assert list(mongo.job_postings.find()) == before
    assert check_stats().differing == []


def test_updates_only_changed_postings(file, mongo):
    import_postings(path=file("jobs.jsonl", LINES), now=timezone.now)
    changed = [JOBS[0], JOBS[1] | {"job_title": "Lead Developer"}, job(4)]

    second = import_postings(path=file("jobs.json", orjson.dumps(changed)), now=timezone.now)

    assert (second.collected, second.updated, second.unchanged) == (1, 1, 1)
    assert mongo.job_postings.count_documents({}) == 4


def test_stores_several_batches_and_reports_its_progress(file, mongo, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_SIZE", 7)
    path = file("jobs.jsonl.gz", b"\n".join(orjson.dumps(job(n)) for n in range(40)))
    progress: list[Any] = []

    summary = import_postings(path=path, now=timezone.now, on_read=progress.append)

    assert summary.collected == mongo.job_postings.count_documents({}) == 40
    assert sum(progress) == path.stat().st_size


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("jobs.txt", LINES, "format"),
        ("jobs", LINES, "format"),
        ("jobs.gz", LINES, "format"),
        ("jobs.parquet", b"PAR1", "format"),
        ("jobs.json", b'{"postings": []}', "shape"),
        ("jobs.json", b"3", "shape"),
        ("jobs.json", b'[{"id": 1', "damaged"),
        ("jobs.json", b"", "damaged"),
        ("jobs.csv", b"id,job_title\n1,\xff\xfe\n", "damaged"),
    ],
)
def test_rejects_an_unreadable_file_by_name(file, name, content, reason):
    path = file(name, content)

    with pytest.raises(UnreadableFileError) as error:
        import_postings(path=path, now=timezone.now)

    assert error.value.reason == reason
    assert name in str(error.value)


def test_rejects_a_missing_file_and_a_directory(tmp_path):
    (tmp_path / "directory.json").mkdir()
    (tmp_path / "file").touch()

    for name in ("absent.json", "directory.json", "file/under.json"):
        with pytest.raises(UnreadableFileError) as error:
            import_postings(path=tmp_path / name, now=timezone.now)
        assert error.value.reason == "missing"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-20],
        lambda content: content[: len(content) // 2],
        lambda content: content[:100] + bytes(100) + content[200:],
        lambda content: content[:-8] + bytes(8),
        lambda content: b"no gzip at all",
        lambda content: content + b"rubbish behind",
    ],
)
def test_stores_the_rows_before_the_damage_and_reports_it(tmp_path, damage):
    path = tmp_path / "jobs.jsonl.gz"
    many = b"\n".join(orjson.dumps(job(n, description=f"{n * 7919}" * 50)) for n in range(400))
    path.write_bytes(damage(gzip.compress(many)))

    with pytest.raises(UnreadableFileError) as error:
        import_postings(path=path, now=timezone.now)

    assert error.value.reason == "damaged"
    assert check_stats().differing == []


def test_refreshes_the_stats_of_rows_before_the_damage(tmp_path, mongo):
    path = tmp_path / "jobs.jsonl.gz"
    path.write_bytes(gzip.compress(LINES + b"\n") + b"rubbish")

    with pytest.raises(UnreadableFileError):
        import_postings(path=path, now=timezone.now)

    assert mongo.job_postings.count_documents({}) == 3
    response = read_response(days=1, now=timezone.now())
    assert response is not None
    assert orjson.loads(response[1])["total_jobs_analyzed"] == 3


def test_an_empty_file_has_no_rows(file):
    assert list(read_rows(path=file("jobs.jsonl", b""))) == []
    assert list(read_rows(path=file("jobs.csv", b""))) == []
