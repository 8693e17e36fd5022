"""Ingestion's management commands: readable and JSON output, errors, and exit codes."""

import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ingestion.documents import CollectionRunDocument, SourceState
from ingestion.role_searches import DEFAULT_PLACES, DEFAULT_ROLES
from ingestion.sources.theirstack.fake.job_sources import build_jobs
from ingestion.sources.theirstack.fake.server import FakeTheirStack
from market.services import store_postings
from tests.factories import PostingFactory
from tests.other_servers import NO_MONGODB, NO_REDIS, mongodb_at, redis_at
from tests.queued import take_queued

pytestmark = pytest.mark.usefixtures("mongo", "redis")

ROOT = Path(__file__).resolve().parents[2]
NOW = timezone.now()
TODAY = NOW.date()


@pytest.fixture(scope="module")
def jobs() -> list:
    return list(build_jobs(count=200, seed=2, today=TODAY, days=10))


@pytest.fixture
def fake_theirstack(jobs, settings, serve_jobs) -> FakeTheirStack:
    settings.THEIR_STACK_MAX_RETRIES = 0
    return serve_jobs(jobs)


def run(*command) -> str:
    printed = io.StringIO()
    call_command(*map(str, command), stdout=printed, stderr=io.StringIO())
    return printed.getvalue()


def run_json(*command) -> dict:
    return json.loads(run(*command, "--json"))


def get_error(*command) -> str:
    with pytest.raises(CommandError) as failure:
        run(*command)
    return str(failure.value)


class TestCollect:
    def test_prints_a_readable_summary(self, fake_theirstack, mongo):
        printed = run("collect", "Software Engineer", "--place", "United States")

        stored = mongo.job_postings.count_documents({})
        assert "status: finished" in printed
        assert f"collected: {stored}" in printed
        assert "Software Engineer:" in printed
        assert f"jobs collected: {stored}" in printed

    def test_explains_why_nothing_was_found(self, fake_theirstack):
        printed = run("collect", "Bakend Developer", "--place", "Atlantis")
        found = run_json("collect", "Software Engineer", "--place", "United States")

        assert "why: Nothing was found: “Atlantis” is not a known place" in printed
        assert "Did you mean “Backend Developer”?" in printed
        assert found["why"] == ""

    def test_prints_json(self, fake_theirstack, mongo):
        summary = run_json("collect", "Software Engineer", "DevOps Engineer", "--place", "United States")

        assert (summary["status"], summary["trigger"], summary["error"]) == ("finished", "command", None)
        assert summary["collected"] == mongo.job_postings.count_documents({}) > 0
        assert set(summary["roles"]) == {"Software Engineer", "DevOps Engineer"}
        assert set(summary["roles"]["DevOps Engineer"]) == {"jobs_collected", "pages_fetched", "credits_tracked"}
        assert summary["credits"] == fake_theirstack.credits_used

    def test_collects_the_default_roles_in_the_default_places(self, fake_theirstack):
        summary = run_json("collect", "--limit", "2")

        assert list(summary["roles"]) == list(DEFAULT_ROLES)
        assert CollectionRunDocument.objects.get().places == list(DEFAULT_PLACES)

    def test_respects_the_maximum_age_and_the_limit(self, fake_theirstack):
        summary = run_json("collect", "Software Engineer", "--limit", 3, "--max-age-days", 2, "--place", "Remote")

        (payload,) = [request.payload for request in fake_theirstack.requests]
        assert (payload["posted_at_max_age_days"], payload["limit"], payload["remote"]) == (2, 3, True)
        assert summary["credits"] <= 3

    def test_queues_the_run_for_the_workers(self, fake_theirstack, redis):
        summary = run_json("collect", "Software Engineer", "--queue")

        assert (summary["status"], summary["pages"]) == ("queued", 0)
        assert take_queued(redis) == [("ingestion.tasks.collect_role", [summary["run"], "Software Engineer"])]
        assert fake_theirstack.requests == []

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ([" "], "at least one role"),
            (["Developer", "--limit", "0"], "per_role_limit at least 1"),
            (["Developer", "--max-age-days", "-1"], "max_age_days must be at least 0"),
            (["Developer", "--limit", "many"], "invalid int value: 'many'"),
            (["Developer", "--nothing"], "unrecognized arguments: --nothing"),
            (["Developer", "--place", " "], "at least one place"),
        ],
    )
    def test_rejects_invalid_arguments(self, fake_theirstack, arguments, sentence):
        assert sentence in get_error("collect", *arguments)
        assert CollectionRunDocument.objects.count() == 0

    def test_fails_without_a_key(self, settings):
        settings.THEIR_STACK_API_KEY = ""

        assert "THEIR_STACK_API_KEY is not set" in get_error("collect", "Developer")

    def test_fails_if_the_run_fails(self, fake_theirstack):
        fake_theirstack.script_faults([{"status": 402}])

        message = get_error("collect", "Software Engineer")

        assert "is failed: out_of_credits" in message
        assert fake_theirstack.api_key not in message

    def test_fails_if_theirstack_is_unavailable(self, settings):
        settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = "http://127.0.0.1:1", "a-key"
        settings.THEIR_STACK_MAX_RETRIES = 0

        assert "The connection to TheirStack failed" in get_error("collect", "Software Engineer")


class TestCollectForUsers:
    def test_collects_the_default_roles_if_no_user_has_target_roles(self, fake_theirstack):
        first, second = run_json("collect_for_users"), run_json("collect_for_users")

        assert list(first["roles"]) == list(DEFAULT_ROLES)
        assert all(stats["credits_tracked"] <= 5 for stats in first["roles"].values())
        assert (second["status"], second["pages"]) == ("finished", 0)

    def test_collects_stale_roles_again(self, fake_theirstack):
        run("collect_for_users", "--limit", 1)

        again = run_json("collect_for_users", "--limit", 1, "--fresh-days", 0, "--place", "Remote")

        assert again["pages"] == len(DEFAULT_ROLES)

    def test_rejects_an_unknown_user(self, fake_theirstack):
        assert "no user 'nobody'" in get_error("collect_for_users", "--user", "nobody")

    def test_rejects_invalid_arguments(self, fake_theirstack):
        assert "per_role_limit at least 1" in get_error("collect_for_users", "--limit", 0)
        assert "--fresh-days" in get_error("collect_for_users", "--fresh-days", -1)


class TestImportPostings:
    @pytest.fixture
    def file(self, jobs, tmp_path) -> Path:
        path = tmp_path / "jobs.jsonl"
        path.write_text("\n".join(map(json.dumps, jobs[:5])) + "\nnot json\n")
        return path

    def test_imports_a_file_and_reports_bad_lines(self, file):
        printed, problems = io.StringIO(), io.StringIO()

        call_command("import_postings", file, stdout=printed, stderr=problems)

        assert "collected: 5" in printed.getvalue()
        assert "not json: 1" in printed.getvalue()
        assert "jobs.jsonl, line 6: not JSON" in problems.getvalue()

    def test_prints_json_and_is_idempotent(self, file):
        first, second = run_json("import_postings", file), run_json("import_postings", file)

        assert (first["rows"], first["collected"], first["refused"]) == (6, 5, {"not_json": 1})
        assert first["problems"][0].startswith("line 6: ")
        assert (second["collected"], second["unchanged"]) == (0, 5)

    def test_fails_when_no_row_can_be_used(self, tmp_path):
        path = tmp_path / "jobs.jsonl"
        path.write_text("x\ny\n")

        assert get_error("import_postings", path) == "none of the 2 rows of jobs.jsonl could be used"

    def test_fails_for_a_file_that_cannot_be_read(self, tmp_path):
        (tmp_path / "jobs.txt").touch()
        (tmp_path / "jobs.json.gz").write_bytes(b"no gzip")

        assert "No such file" in get_error("import_postings", tmp_path / "absent.json")
        assert "use one of .json" in get_error("import_postings", tmp_path / "jobs.txt")
        assert "is damaged" in get_error("import_postings", tmp_path / "jobs.json.gz")


class TestPrunePostings:
    @pytest.fixture(autouse=True)
    def _postings(self, mongo):
        postings = [PostingFactory.build(date_posted=TODAY - timedelta(days=age)) for age in (0, 89, 90, 200)]
        store_postings(postings=postings, now=NOW)

    def test_deletes_postings_past_retention(self, mongo):
        assert run_json("prune_postings") == {"deleted": 2, "days_kept": 90}
        assert mongo.job_postings.count_documents({}) == 2
        assert run("prune_postings", "--days", 1) == "deleted: 1\ndays kept: 1\n"

    def test_refuses_to_delete_today(self, mongo):
        assert get_error("prune_postings", "--days", 0) == "--days must be at least 1, not 0"
        assert mongo.job_postings.count_documents({}) == 4


class TestIngestionStats:
    def test_counts_stored_postings(self):
        store_postings(postings=[PostingFactory.build(), PostingFactory.build()], role="Data Engineer", now=NOW)

        assert run_json("ingestion_stats") == {
            "total_jobs": 2,
            "jobs_last_24h": 2,
            "jobs_last_7d": 2,
            "top_roles": [{"role": "data engineer", "count": 2}],
            "top_locations": [{"location": "Austin, TX", "count": 2}],
        }
        assert "top locations:\n  location Austin, TX, count 2" in run("ingestion_stats")

    def test_prints_zero_and_none_for_an_empty_database(self):
        assert "total jobs: 0" in run("ingestion_stats")
        assert "top roles: none" in run("ingestion_stats")


class TestCheckTheirStack:
    def test_prints_the_credits_left(self, settings, fake_theirstack):
        summary = run_json("check_theirstack")

        assert summary["credits_left"] == 1_000_000
        assert summary["address"] == fake_theirstack.url
        assert summary["demonstration"] is settings.DEMONSTRATION
        assert "credits left: 1000000" in run("check_theirstack")
        assert fake_theirstack.api_key not in run("check_theirstack")

    def test_fails_for_a_rejected_key(self, settings, fake_theirstack):
        settings.THEIR_STACK_API_KEY = "another-key"

        message = get_error("check_theirstack")

        assert message.startswith("bad_key: ")
        assert "another-key" not in message
        assert not SourceState.objects.get().reachable

    def test_fails_without_a_key_and_without_theirstack(self, settings):
        settings.THEIR_STACK_API_KEY, settings.THEIR_STACK_MAX_RETRIES = "", 0
        assert "THEIR_STACK_API_KEY is not set" in get_error("check_theirstack")

        settings.THEIR_STACK_BASE_URL, settings.THEIR_STACK_API_KEY = "http://127.0.0.1:1", "a-key"
        assert get_error("check_theirstack").startswith("network: ")


class TestGeneratePostings:
    def test_stores_generated_postings_marked_as_such(self, mongo):
        summary = run_json("generate_postings", 30, "--days", 5)

        assert (summary["collected"], summary["refused"]) == (30, {})
        assert mongo.job_postings.distinct("source") == ["generated"]
        assert len(mongo.job_postings.distinct("day")) <= 5
        assert mongo.dirty_days.count_documents({}) == 0

    def test_the_same_seed_gives_the_same_postings(self):
        run("generate_postings", 20, "--seed", 7)

        assert "unchanged: 20" in run("generate_postings", 20, "--seed", 7)
        assert "collected: 20" in run("generate_postings", 20, "--seed", 8)

    @pytest.mark.parametrize("arguments", [[0], [5, "--days", 0], [5, "--seed", -1], [5, "--seed", 10**9]])
    def test_rejects_numbers_out_of_range(self, arguments):
        assert "must be at least 1" in get_error("generate_postings", *arguments)

    def test_rejects_a_count_that_is_not_a_number(self):
        assert "invalid int value" in get_error("generate_postings", "many")


NEEDS_MONGODB = [
    ["collect", "Developer"],
    ["collect_for_users"],
    ["prune_postings"],
    ["ingestion_stats"],
    ["check_theirstack"],
    ["refresh_stats"],
    ["refresh_stats", "--check"],
    ["generate_postings", "1"],
    ["seed"],
]


@pytest.mark.parametrize("command", NEEDS_MONGODB, ids=" ".join)
def test_reports_that_mongodb_is_unavailable(fake_theirstack, settings, command):
    settings.MONGODB_TIMEOUT_SECONDS = 0.1

    with mongodb_at(NO_MONGODB.replace("//", "//someone:secret@")):
        message = get_error(*command)

    assert message.startswith("MongoDB is unavailable at mongodb://127.0.0.1:1/nowhere.")


@pytest.mark.parametrize(
    "command",
    [["collect", "Developer"], ["prune_postings"], ["check_theirstack"], ["refresh_stats"], ["generate_postings", "1"]],
    ids=" ".join,
)
def test_reports_that_redis_is_unavailable(fake_theirstack, command):
    with redis_at(NO_REDIS):
        message = get_error(*command)

    assert "Redis" in message
    assert "unavailable" in message or "not answer" in message


def test_collect_warns_if_the_queue_is_unavailable(fake_theirstack, caplog):
    with redis_at(NO_REDIS):
        summary = run_json("collect", "Developer", "--queue")

    assert summary["status"] == "queued"
    assert "leaving it to resume_runs" in caplog.text


@pytest.mark.parametrize(
    ("command", "status", "output"),
    [
        (["ingestion_stats", "--json"], 0, '"total_jobs": 0'),
        (["import_postings", "absent.json"], 1, "CommandError: absent.json: No such file"),
    ],
)
def test_exit_code_distinguishes_success_from_failure(command, status, output):
    completed = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False
    )

    assert completed.returncode == status
    assert output in completed.stdout + completed.stderr
    assert "Traceback" not in completed.stderr
    # There is no progress bar, because the output is not a terminal.
    assert "\r" not in completed.stderr
