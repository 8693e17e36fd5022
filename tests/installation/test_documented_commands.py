"""Run every command in README.md and under docs/ against one install, or list it here with how it was tried."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from career_navigator.environment import BASE_DIR
from tests.installation.run_command import Run

PAGES = sorted([BASE_DIR / "README.md", *(BASE_DIR / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:\.venv/bin/(?:python )?|python )?(?:manage\.py|make|celery)\b[^`\n]*)`")
_TABLE_ROW = re.compile(r"^\| `([a-z_]+[^`]*)` \| ", re.MULTILINE)
SECONDS = 120

# Commands that this test does not run, with the reason or how they were tried. Blocks are named by their first
# characters, inline commands are written out.
BLOCKS_NOT_RUN = {
    "make": "the name of a program; without a target it prints the same as `make help`",
    "make run     #": "the other commands run against an install that `manage.py run` started, as `make run` does; "
    "`make test` runs this test",
    "SOURCES=": "contacts other hosts; ingestion/tests/test_board_tasks.py collects from a local server",
    "THEIR_STACK_API_KEY=": "TheirStack charges for jobs; test_run.py starts an install with a key at an address that "
    "does not respond",
    'echo "JWT_SECRET_KEY=': "needs a container engine; docs/how-to/run-in-containers.md says how it was tested, and "
    "test_compose.py checks the compose file",
    "docker compose": "needs a container engine",
    ".venv/bin/python -c '\nfrom pathlib import Path\nfrom career_navigator.devserver.embedded": "starts Valkey on the "
    "files of a stopped install; tried by hand after filling the queue and killing the install",
}
NOT_RUN = {
    "collect_boards [SOURCE ...]": "contacts other hosts; ingestion/tests/test_board_tasks.py runs it against a local "
    "server",
    "make": "the name of a program; without a target it prints the same as `make help`",
    "make run": "the other commands run against an install that its command `manage.py run` started; "
    "test_virtual_environment.py tests the script that installs",
    "make client": "installs first; test_clients.py runs its script",
    "make coverage": "runs all tests",
    "make bench": "runs for minutes; benchmarks are run by hand",
    "make docs": "installs first; `make lint` builds the site too",
    "make lint": "installs first; run by CI",
    "make types": "installs first; run by CI",
    "make openapi": "installs first; test_clients.py writes the document",
    "make requirements": "pins the newest versions",
    "make seed": "installs first; the command `seed` is run",
    "manage.py record_examples": "records the examples of an install with a webhook secret",
    "make examples": "records the examples again; test_clients.py sends the same requests",
    "make test": "runs this test",
    "make test ARGS=--hypothesis-profile=thorough": "runs this test",
    "make test-cluster": "replaces servers for some minutes; tried by hand",
    ".venv/bin/python manage.py COMMAND": "a placeholder",
    "manage.py run": "the install that the other commands use",
    "run": "the install that the other commands use",
    "manage.py check_links": "contacts other hosts; learning/tests/test_links.py runs it against local servers",
    "check_links [--report FILE]": "contacts other hosts; learning/tests/test_links.py runs it against local servers",
    "fake_theirstack": "runs until it is stopped; tested in ingestion/tests/test_fake_theirstack_command.py",
    "celery": "the name of a queue",
    "celery -A career_navigator worker": "runs until it is stopped; tested in tests/installation/test_queues.py",
    ".venv/bin/celery -A career_navigator purge": "asks before it empties all queues; tried by hand",
}
# Values for the placeholders in the commands.
FILLED = {
    "export_roadmaps ROLE ... [--skill NAME]": "export_roadmaps 'Backend Developer' --skill python",
    "collect [ROLE ...]": "collect 'Data Analyst' --limit 5",
    "manage.py collect": "manage.py collect 'Data Analyst' --limit 5",
    "import_postings FILE [--dry-run]": "import_postings postings.json --dry-run",
    "backup FILE": "backup table.backup",
    "manage.py backup": "manage.py backup sentence.backup",
    "restore FILE [--replace]": "backup other.backup && .venv/bin/python manage.py restore other.backup --replace",
    "generate_postings N": "generate_postings 3",
    "send_digests [--user EMAIL] [--now] [--dry-run]": "send_digests --now --dry-run",
    "manage.py createsuperuser": "manage.py createsuperuser --noinput --username second --email second@example.org",
    "make help": f"make -C {BASE_DIR} help",
}
POSTING = {"id": 1, "job_title": "Data Engineer", "company": "Example", "url": "https://example.com/jobs/1"}


def _get_name(page: Path) -> str:
    return str(page.relative_to(BASE_DIR))


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _list_blocks(page: Path) -> list[str]:
    return [text for language, text in _BLOCK.findall(_read(page)) if language == "sh"]


def _list_inline(page: Path) -> list[str]:
    text = _BLOCK.sub("", _read(page))
    commands = text.partition("\n## Overview\n")[2].partition("\n## ")[0] if page.name == "commands.md" else ""
    return list(dict.fromkeys(_INLINE.findall(text) + _TABLE_ROW.findall(commands)))


def _find_reason(block: str) -> str | None:
    return next((reason for start, reason in BLOCKS_NOT_RUN.items() if block.startswith(start)), None)


INLINE = sorted({command for page in PAGES for command in _list_inline(page)})


@pytest.fixture(scope="module")
def folder(demonstration: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the same layout as the project, in which commands can create files."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "manage.py").symlink_to(BASE_DIR / "manage.py")
    (folder / "fixtures").symlink_to(BASE_DIR / "fixtures")
    (folder / "var").symlink_to(demonstration.var_dir)
    (folder / "postings.json").write_text(json.dumps([POSTING | {"date_posted": datetime.now(UTC).date().isoformat()}]))
    (folder / "programs").mkdir()
    curl = folder / "programs" / "curl"
    curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{BASE_DIR / "tests/installation/curl.py"}" "$@"\n')
    curl.chmod(0o755)
    return folder


def _run(script: str, *, run: Run, folder: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in {"MONGODB_URI", "REDIS_URL"}}
    paths = (str(folder / "programs"), str(Path(sys.executable).parent), environment["PATH"])
    finished = subprocess.run(
        [
            str(shutil.which("bash")),
            "-e",
            "-o",
            "pipefail",
            "-c",
            script.replace("127.0.0.1:8000", f"127.0.0.1:{run.port}"),
        ],
        cwd=folder,
        env=environment
        | {"PATH": os.pathsep.join(paths), "VAR_DIR": str(run.var_dir), "DJANGO_SUPERUSER_PASSWORD": "Second-Pass-123"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS * 5,
    )
    assert finished.returncode == 0, f"{script}\n{finished.stdout[-2000:]}\n{finished.stderr[-4000:]}"


def test_lists_no_command_that_the_pages_do_not_contain() -> None:
    blocks = [block for page in PAGES for block in _list_blocks(page)]

    assert [start for start in BLOCKS_NOT_RUN if not any(block.startswith(start) for block in blocks)] == []
    assert [each for each in (*NOT_RUN, *FILLED) if each not in INLINE] == []


@pytest.mark.parametrize("page", [page for page in PAGES if _list_blocks(page)], ids=_get_name)
def test_runs_the_blocks_of_a_page_in_order(page: Path, demonstration: Run, folder: Path) -> None:
    blocks = [block for block in _list_blocks(page) if _find_reason(block) is None]

    _run("\n".join(blocks), run=demonstration, folder=folder)


@pytest.mark.parametrize("command", [command for command in INLINE if command not in NOT_RUN])
def test_runs_an_inline_command(command: str, demonstration: Run, folder: Path) -> None:
    # Pass the optional arguments too, which the docs show in brackets.
    given = FILLED.get(command, re.sub(r"[\[\]]", "", command))
    if not re.match(r"(?:\.venv/bin/)?(?:python |manage\.py|make|celery)", given):
        given = f"manage.py {given}"

    _run(re.sub(r"^manage\.py", ".venv/bin/python manage.py", given), run=demonstration, folder=folder)
