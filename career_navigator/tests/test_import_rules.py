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


AGAINST_THE_RULES = [
    ("skills/vocabulary.py", "market.posting", "Domain modules import downward"),
    ("skills/vocabulary.py", "django", "Pure modules"),
    ("market/services.py", "ingestion.runs", "Domain modules import downward"),
    ("market/tasks.py", "ingestion.tasks", "Domain modules import downward"),
    ("accounts/selectors.py", "ingestion.services", "Domain modules import downward"),
    ("career_navigator/db/connection.py", "market.documents", "Domain modules import downward"),
    ("career_navigator/devserver/embedded.py", "django", "The embedded servers"),
    ("learning/selectors.py", "projects.selectors", "Domain modules import downward"),
    ("projects/selectors.py", "learning.selectors", "Domain modules import downward"),
]


def test_imports_against_the_rules_are_found(copied):
    usual = {path: path.read_text() for path in {copied / module for module, _, _ in AGAINST_THE_RULES}}
    for module, imported, _ in AGAINST_THE_RULES:
        path = copied / module
        path.write_text(f"import {imported}\n{path.read_text()}")

    found = lint(copied)

    for path, text in usual.items():
        path.write_text(text)
    assert found.returncode == 1
    broken = found.stdout.partition("Broken contracts")[2]
    for module, imported, contract in AGAINST_THE_RULES:
        assert contract in broken, found.stdout
        importer = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert f"{importer} -> {imported} (l." in broken, found.stdout


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """The modules of the project, to break rules in."""
    copy = tmp_path_factory.mktemp("copy")
    for app in ("accounts", "career_navigator", "ingestion", "learning", "market", "projects", "skills"):
        for module in (ROOT / app).rglob("*.py"):
            target = copy / module.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(module.read_text())
    return copy
