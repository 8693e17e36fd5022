"""Shared behaviour of management commands, and the --help and error messages of each."""

import io
import json
import subprocess
import sys

import pymongo.errors
import pytest
import redis.exceptions
from django.core.management import CommandError, call_command, get_commands, load_command_class
from kombu.exceptions import OperationalError

from career_navigator.commands import SummaryCommand, create_progress_bar
from career_navigator.environment import BASE_DIR

COMMANDS = {
    "check_theirstack",
    "prune_postings",
    "collect",
    "collect_for_users",
    "generate_postings",
    "import_postings",
    "bootstrap",
    "refresh_stats",
    "seed",
    "ingestion_stats",
}
SUMMARY = {
    "total_jobs": 3,
    "error": None,
    "refused": {"no_title": 2},
    "nothing": {},
    "top": [{"role": "chef", "count": 1}],
    "notes": [],
}


class Command(SummaryCommand):
    failure: Exception | None = None

    def summarize(self, **options):
        if self.failure:
            raise self.failure
        return SUMMARY


def run(*, failure: Exception | None = None, **options) -> str:
    printed = io.StringIO()
    command = Command()
    command.failure = failure
    call_command(command, stdout=printed, **options)
    return printed.getvalue()


def test_prints_a_line_per_value():
    assert run() == (
        "total jobs: 3\nerror: none\nrefused:\n  no title: 2\nnothing: none\ntop:\n  role chef, count 1\nnotes: none\n"
    )


def test_prints_only_json_with_the_json_option():
    assert json.loads(run(json=True)) == SUMMARY


@pytest.mark.parametrize(
    ("failure", "setting", "sentence"),
    [
        (pymongo.errors.ServerSelectionTimeoutError("x"), "MONGODB_URI", "MongoDB is unavailable at"),
        (pymongo.errors.AutoReconnect("x"), "MONGODB_URI", "MongoDB is unavailable at"),
        (redis.exceptions.ConnectionError("x"), "REDIS_URL", "Redis is unavailable at"),
        (redis.exceptions.TimeoutError("x"), "REDIS_URL", "Redis is unavailable at"),
        (OperationalError("x"), "CELERY_BROKER_URL", "The task broker is unavailable at"),
    ],
)
def test_names_the_unavailable_server_without_its_password(settings, failure, setting, sentence):
    settings.MONGODB_URI = "mongodb://someone:secret@db.example.org/x"
    settings.REDIS_URL = "sentinel://:secret@cache.example.org/0?sentinel_password=secret"
    settings.BROKER_ADDRESS = "amqp://someone:secret@queue.example.org//"

    with pytest.raises(CommandError) as raised:
        run(failure=failure)

    assert sentence in str(raised.value)
    assert setting in str(raised.value)
    assert "example.org" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_propagates_unexpected_exceptions():
    with pytest.raises(ZeroDivisionError):
        run(failure=ZeroDivisionError())


def test_shows_no_progress_bar_without_a_terminal(capsys):
    with create_progress_bar(label="doing", unit="thing", total=3) as bar:
        bar.update(2)

    assert capsys.readouterr().err == ""


def test_every_command_is_a_summary_command():
    ours = {name for name, app in get_commands().items() if not app.startswith("django")}

    assert ours >= COMMANDS
    for name in COMMANDS:
        assert isinstance(load_command_class(get_commands()[name], name), SummaryCommand)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_rejects_unknown_options(name):
    command = load_command_class(get_commands()[name], name)

    with pytest.raises(CommandError, match=r"unrecognized arguments: --no-such-option|the following arguments"):
        call_command(name, "--no-such-option")

    assert len(command.help) > 30
    assert "--json" in command.create_parser("manage.py", name).format_help()


def test_invalid_argument_exits_with_2_and_a_one_line_message():
    done = subprocess.run(
        [sys.executable, "manage.py", "prune_postings", "--days", "soon"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "argument --days: invalid int value: 'soon'" in done.stderr
    assert "Traceback" not in done.stderr
