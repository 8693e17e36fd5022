"""The `fake_theirstack` command, run as a process."""

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from ingestion.sources.theirstack.fake.server import FakeTheirStack

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "manage.py", "fake_theirstack"]


@pytest.fixture
def start():
    """Return a function that starts the command and returns its process and startup output."""
    processes = []

    def run(*arguments):
        process = subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        return process, "".join(lines)

    yield run
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def get_error(*arguments):
    with pytest.raises(CommandError) as failure:
        call_command("fake_theirstack", *arguments)
    return str(failure.value)


def search(printed, **payload):
    url = re.findall(r"THEIR_STACK_BASE_URL=(\S+)", printed)[0]
    key = re.findall(r"THEIR_STACK_API_KEY=(\S+)", printed)[0]
    return requests.post(
        f"{url}/v1/jobs/search",
        json={"posted_at_max_age_days": 365, "include_total_results": True} | payload,
        headers={"Authorization": f"Bearer {key}"},
        timeout=5,
    )


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_serves_generated_jobs_and_stops_on_a_signal(start, signal_number):
    process, printed = start("--count", "300", "--api-key=-my-key")

    response = search(printed)
    process.send_signal(signal_number)

    assert "demonstration data" in printed
    assert "THEIR_STACK_API_KEY=-my-key" in printed
    assert response.json()["metadata"]["total_results"] == 300
    assert "RateLimit" in response.headers
    assert process.wait(timeout=10) == 0


def test_serves_a_file_with_a_plan_credits_and_faults(start, tmp_path):
    postings, faults = tmp_path / "postings.jsonl", tmp_path / "faults.json"
    jobs = [{"id": n, "job_title": "Engineer", "date_posted": "2020-01-01"} for n in range(1, 6)]
    postings.write_text("\n".join(map(json.dumps, jobs)))
    faults.write_text('[{"status": 503}]')

    _, printed = start(
        *("--postings", str(postings), "--shift-dates", "--faults", str(faults)),
        *("--plan", "free", "--credits", "4", "--rate-limit", "none"),
    )
    responses = [search(printed), search(printed, limit=26), search(printed, posted_at_max_age_days=0), search(printed)]

    assert "5 jobs of" in printed
    assert [response.status_code for response in responses] == [503, 403, 200, 402]
    assert len(responses[2].json()["data"]) == 4


@pytest.mark.parametrize(
    ("option", "text", "problem"),
    [
        ("--postings", '{"id": 1, "job_title": "A", "date_posted": "2020-01-01"}\n{"id": 2}', ", line 2: 'job_title'"),
        ("--faults", '[{"status": 1}]', ": fault 1: status"),
    ],
)
def test_names_the_file_and_position_of_an_invalid_entry(tmp_path, option, text, problem):
    path = tmp_path / "input.jsonl"
    path.write_text(text)

    assert f"{path}{problem}" in get_error(option, str(path))


def test_rejects_numbers_out_of_range():
    assert "seed must be between" in get_error("--seed", "9999")
    assert "count must be 0 or more" in get_error("--count", "-1")
    assert "--count may be at most 200,000" in get_error("--count", "200001")
    assert "--port: " in get_error("--count", "1", "--port", "70000")


def test_rejects_a_port_in_use():
    with FakeTheirStack() as theirstack:
        port = theirstack.url.rpartition(":")[2]

        assert f"--port {port}: Address already in use" in get_error("--count", "1", "--port", port)


def test_rejects_shift_dates_for_generated_jobs():
    assert "--shift-dates requires --postings" in get_error("--shift-dates")


def test_still_runs_under_its_former_name():
    errors = io.StringIO()

    with pytest.raises(CommandError, match="--count may be at most"):
        call_command("theirstack_stand_in", "--count", "200001", stderr=errors)

    assert "Use fake_theirstack instead." in errors.getvalue()
