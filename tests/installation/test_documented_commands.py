"""Every command of README.md and the pages in docs/, run against one install; or listed here with how it was tried."""

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

# What is not run here, and how it was tried: blocks by how they begin, then commands in a sentence as they are written.
BLOCKS_NOT_RUN = {
    "make run     #": "`make run` is the install that the others run against, started by its command `manage.py run`; "
    "`make test` runs this",
    "THEIR_STACK_API_KEY=": "TheirStack asks money; with a key, at an address where nobody answers, in test_run.py",
    'echo "JWT_SECRET_KEY=': "needs a container engine; tried as docs/operations.md says under In containers, and the "
    "compose file is checked in test_compose.py",
    ".venv/bin/python -c '\nfrom pathlib import Path\nfrom career_navigator.devserver.embedded": "starts Valkey on the "
    "files of an install that has stopped; by hand, after the queue was filled and the install killed",
}
NOT_RUN = {
    "make": "the same as `make help`",
    "make run": "the install that the others run against is started by its command `manage.py run`; the script that "
    "installs is tested in test_virtual_environment.py",
    "make client": "installs first; its script runs in tests/installation/test_clients.py",
    "make examples": "records the examples again; in tests/installation/test_clients.py the same calls are made",
    "manage.py record_examples": "the same, at an install of its own",
    "make test": "runs this",
    "make test ARGS=--hypothesis-profile=thorough": "runs this",
    "make test-cluster": "replaces servers for some minutes; by hand",
    "manage.py": "no command by itself",
    ".venv/bin/python manage.py COMMAND": "stands for all of them",
    "manage.py run": "the install that the others run against",
    "run": "the install that the others run against",
    "manage.py check_links": "asks other hosts; against servers of this machine in learning/tests/test_links.py",
    "check_links [--report FILE]": "asks other hosts; against servers of this machine in learning/tests/test_links.py",
    "fake_theirstack": "serves until it is stopped; in ingestion/tests/test_fake_theirstack_command.py",
    "celery": "the name of a queue",
    "celery -A career_navigator worker": "works until it is stopped; in tests/installation/test_queues.py",
    ".venv/bin/celery -A career_navigator purge": "asks before it empties all queues; by hand",
}
# What stands for the parts that a reader fills in.
FILLED = {
    "export_roadmaps ROLE ... [--skill NAME]": "export_roadmaps 'Backend Developer' --skill python",
    "collect [ROLE ...]": "collect 'Data Analyst' --limit 5",
    "import_postings FILE [--dry-run]": "import_postings postings.json --dry-run",
    "manage.py import_postings FILE": "manage.py import_postings postings.json",
    "backup FILE": "backup table.backup",
    "manage.py backup": "manage.py backup sentence.backup",
    "restore FILE [--replace]": "backup other.backup && .venv/bin/python manage.py restore other.backup --replace",
    "generate_postings N": "generate_postings 3",
    "send_digests [--user EMAIL] [--now] [--dry-run]": "send_digests --now --dry-run",
    "manage.py createsuperuser": "manage.py createsuperuser --noinput --username second --email second@example.org",
    "make help": f"make -C {BASE_DIR} help",
}
POSTING = {"id": 1, "job_title": "Data Engineer", "company": "Example", "url": "https://example.com/jobs/1"}


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _list_blocks(page: Path) -> list[str]:
    return [text for language, text in _BLOCK.findall(_read(page)) if language == "sh"]


def _list_inline(page: Path) -> list[str]:
    text = _BLOCK.sub("", _read(page))
    commands = text.partition("\n## Commands\n")[2].partition("\n## ")[0] if page.name == "README.md" else ""
    return list(dict.fromkeys(_INLINE.findall(text) + _TABLE_ROW.findall(commands)))


def _find_reason(block: str) -> str | None:
    return next((reason for start, reason in BLOCKS_NOT_RUN.items() if block.startswith(start)), None)


INLINE = sorted({command for page in PAGES for command in _list_inline(page)})


@pytest.fixture(scope="module")
def folder(demonstration: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of the project, in which the commands may leave files."""
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


def test_lists_no_command_that_the_documents_no_longer_have() -> None:
    blocks = [block for page in PAGES for block in _list_blocks(page)]

    assert [start for start in BLOCKS_NOT_RUN if not any(block.startswith(start) for block in blocks)] == []
    assert [each for each in (*NOT_RUN, *FILLED) if each not in INLINE] == []


@pytest.mark.parametrize("page", [page for page in PAGES if _list_blocks(page)], ids=lambda page: page.name)
def test_runs_the_commands_of_a_page_one_after_another(page: Path, demonstration: Run, folder: Path) -> None:
    blocks = [block for block in _list_blocks(page) if _find_reason(block) is None]

    _run("\n".join(blocks), run=demonstration, folder=folder)


@pytest.mark.parametrize("command", [command for command in INLINE if command not in NOT_RUN])
def test_runs_what_is_named_in_a_sentence_or_table(command: str, demonstration: Run, folder: Path) -> None:
    # One option in brackets may be left out, and is not.
    given = FILLED.get(command, re.sub(r"[\[\]]", "", command))
    if not re.match(r"(?:\.venv/bin/)?(?:python |manage\.py|make|celery)", given):
        given = f"manage.py {given}"

    _run(re.sub(r"^manage\.py", ".venv/bin/python manage.py", given), run=demonstration, folder=folder)
