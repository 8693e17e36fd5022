"""Imports run one way."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "pyproject.toml"


def lint(directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", CONFIGURATION, "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_run_one_way():
    checked = lint(ROOT)

    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("skills/vocabulary.py", "import market.posting", "Apps import one way"),
        ("skills/vocabulary.py", "import django", "Pure modules"),
        ("market/services.py", "import ingestion.runs", "Apps import one way"),
        ("market/selectors.py", "import ingestion.tasks", "Apps import one way"),
        ("accounts/selectors.py", "import ingestion.services", "Apps import one way"),
        ("career_navigator/connection.py", "import market.documents", "Apps import one way"),
        ("career_navigator/running/embedded.py", "import django", "The embedded servers"),
        ("learning/__init__.py", "import projects", "Learning, projects and collection"),
        ("projects/__init__.py", "import ingestion.tasks", "Learning, projects and collection"),
    ],
)
def test_an_import_against_the_rules_is_found(copied, module, line, contract):
    path = copied / module
    usual = path.read_text()
    path.write_text(f"{line}\n{usual}")

    checked = lint(copied)

    path.write_text(usual)
    assert checked.returncode == 1
    assert f"{contract}" in checked.stdout
    assert "BROKEN" in checked.stdout


def test_a_view_may_queue_a_task(copied):
    path = copied / "market" / "views.py"
    usual = path.read_text()
    path.write_text(f"import ingestion.tasks\n{usual}")

    checked = lint(copied)

    path.write_text(usual)
    assert checked.returncode == 0, checked.stdout


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """The modules of the project, to break rules in."""
    copy = tmp_path_factory.mktemp("copy")
    for app in ("accounts", "career_navigator", "fixtures", "ingestion", "learning", "market", "projects", "skills"):
        for module in (ROOT / app).rglob("*.py"):
            target = copy / module.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(module.read_text())
    return copy
