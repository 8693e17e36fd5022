"""Tests of the import rules in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "pyproject.toml"


def run_lint(directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", CONFIGURATION, "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_breaks_no_import_rule():
    result = run_lint(ROOT)

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


# A module, a module that it must not import, and the name of the rule.
FORBIDDEN_IMPORTS = [
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


def test_finds_forbidden_imports(project_copy):
    original = {path: path.read_text() for path in {project_copy / module for module, _, _ in FORBIDDEN_IMPORTS}}
    for module, imported, _ in FORBIDDEN_IMPORTS:
        path = project_copy / module
        path.write_text(f"import {imported}\n{path.read_text()}")

    result = run_lint(project_copy)

    for path, text in original.items():
        path.write_text(text)
    assert result.returncode == 1
    broken = result.stdout.partition("Broken contracts")[2]
    for module, imported, contract in FORBIDDEN_IMPORTS:
        assert contract in broken, result.stdout
        importer = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert f"{importer} -> {imported} (l." in broken, result.stdout


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory) -> Path:
    """Return a copy of the project's modules."""
    copy = tmp_path_factory.mktemp("copy")
    for app in ("accounts", "career_navigator", "ingestion", "learning", "market", "projects", "skills"):
        for module in (ROOT / app).rglob("*.py"):
            target = copy / module.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(module.read_text())
    return copy
