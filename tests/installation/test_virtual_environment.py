"""The script that `make` uses to install requirements and system packages, run on a simulated system."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from career_navigator.environment import BASE_DIR

SCRIPT = BASE_DIR / "deploy" / "virtual-environment.sh"
TOOLS = ("cat", "chmod", "cksum", "cp", "dirname", "grep", "head", "mkdir", "mktemp", "rm", "sed", "sh", "sort")
FAKE_PYTHON = """
case "$*" in
    *version_info*) echo {minor} ;;
    *--version) echo "Python 3.{minor}.0" ;;
    "-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    *--quiet*uv==*) exit 1 ;;
    *"pip install"*) echo "ERROR: No matching distribution found for orjson==3.13.0" >&2; exit 1 ;;
esac
"""


class System:
    """A simulated system: a directory of fake programs and a virtual environment that is up to date."""

    def __init__(self, directory: Path) -> None:
        self.programs, self.environment = directory / "programs", directory / "venv"
        self.requirements, self.log = directory / "requirements.txt", directory / "apt.log"
        self.programs.mkdir()
        for name in TOOLS:
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.requirements.write_text("orjson==3.13.0\n")

    def add(self, name: str, script: str) -> str:
        return str(write_program(self.programs / name, script))

    def make_environment(self) -> None:
        write_program(self.environment / "bin" / "python", "exit 0")
        cksum = subprocess.run(["cksum"], stdin=self.requirements.open(), capture_output=True, text=True, check=True)
        (self.environment / ".installed-1").write_text(f"1 {cksum.stdout}")

    def install(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(shutil.which("sh")), str(SCRIPT), *arguments, str(self.environment), str(self.requirements)],
            env={"PATH": str(self.programs), "TMPDIR": str(self.programs.parent)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def packages_installed(self) -> list[str]:
        """Return the packages of each `apt-get install` call."""
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        prefix = "install -y --no-install-recommends "
        return [call.removeprefix(prefix) for call in calls if call.startswith(prefix)]


def write_program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


@pytest.fixture
def debian(system: System) -> Callable[[int], System]:
    """Return a function that builds a Debian on which mongod and Playwright's driver each lack a library.

    Its argument is the user id.
    """

    def build(user: int) -> System:
        system.make_environment()
        packages = system.environment / "lib" / "python3.11" / "site-packages"
        write_program(packages / "fiftyone" / "db" / "bin" / "mongod", "exit 127")
        write_program(packages / "playwright" / "driver" / "node", "exit 127")
        system.add("id", f"echo {user}")
        system.add("apt-get", f'echo "$*" >>{system.log}')
        system.add(
            "ldd",
            "case $1 in *mongod) library=libcurl.so.4 ;; *) library=libatomic.so.1 ;; esac\n"
            'printf "\\tlibc.so.6 => /lib/libc.so.6 (0x0)\\n\\t%s => not found\\n" "$library"',
        )
        return system

    return build


def test_installs_missing_libraries_and_the_browser(debian: Callable[[int], System]) -> None:
    system = debian(0)

    done = system.install("--browser")

    assert done.returncode == 0, done.stderr
    assert system.packages_installed() == ["libatomic1 libcurl4", "chromium-headless-shell"]


def test_installs_no_browser_without_the_option_or_if_one_exists(debian: Callable[[int], System]) -> None:
    system = debian(0)
    system.install()
    system.add("chromium", "exit 0")

    system.install("--browser")

    assert system.packages_installed() == ["libatomic1 libcurl4"] * 2


def test_prints_the_commands_if_the_user_cannot_install(debian: Callable[[int], System]) -> None:
    system = debian(1000)

    done = system.install("--browser")

    assert done.returncode == 0
    for packages in ("libatomic1 libcurl4", "chromium-headless-shell"):
        assert f"sudo apt-get install -y --no-install-recommends {packages}\n" in done.stderr
    assert system.packages_installed() == []


def test_names_a_library_without_a_known_package(debian: Callable[[int], System]) -> None:
    system = debian(0)
    system.add("ldd", 'echo "libnew.so.1 => not found"')

    done = system.install()

    assert done.stderr == "Install the system package that contains libnew.so.1.\n"


def test_reports_a_failure_of_apt_get_and_continues(debian: Callable[[int], System]) -> None:
    system = debian(0)
    system.add("apt-get", "echo no network >&2; exit 100")

    done = system.install()

    assert done.returncode == 0
    assert "no network" in done.stderr
    assert "then run: apt-get install -y --no-install-recommends libatomic1 libcurl4\n" in done.stderr


def test_installs_nothing_if_nothing_is_missing(debian: Callable[[int], System]) -> None:
    system = debian(0)
    system.add("ldd", 'echo "libc.so.6 => /lib/libc.so.6 (0x0)"')

    done = system.install()

    assert (done.stdout, done.stderr, system.packages_installed()) == ("", "", [])


def test_tries_an_untested_python_and_names_the_missing_wheel(system: System) -> None:
    python = system.add("newer", FAKE_PYTHON.format(minor=15))

    done = system.install(PYTHON=python)

    assert done.returncode == 1
    assert "Warning: Python 3.15.0 is newer than the tested versions (Python 3.11 to 3.14)." in done.stderr
    assert "pip found no wheel of orjson==3.13.0 for Python 3.15.0." in done.stderr
    assert not list(system.environment.glob(".installed-*"))


def test_uses_the_named_python_after_another_failed(system: System) -> None:
    system.install(PYTHON=system.add("newer", FAKE_PYTHON.format(minor=15)))
    tested = system.add("tested", FAKE_PYTHON.format(minor=13))

    first, second = system.install(PYTHON=tested), system.install(PYTHON=tested)

    assert f"Creating {system.environment} with Python 3.13.0." in first.stdout
    assert "Making" not in second.stdout


@pytest.mark.parametrize("minor", [11, 14])
def test_uses_a_tested_python_without_a_warning(system: System, minor: int) -> None:
    python = system.add("tested", FAKE_PYTHON.format(minor=minor))

    done = system.install(PYTHON=python)

    assert f"Creating {system.environment} with Python 3.{minor}.0." in done.stdout
    assert "Warning" not in done.stderr


@pytest.mark.parametrize("script", [FAKE_PYTHON.format(minor=10), "exit 1"])
def test_rejects_an_old_python_and_other_programs(system: System, script: str) -> None:
    python = system.add("other", script)

    done = system.install(PYTHON=python)

    assert done.returncode == 1
    assert done.stderr == f"PYTHON={python} is not Python 3.11 or newer.\n"


def test_names_the_debian_package_with_ensurepip(system: System) -> None:
    python = system.add("bare", f'case "$*" in *ensurepip*) exit 1 ;; esac\n{FAKE_PYTHON.format(minor=13)}')
    system.add("id", "echo 1000")
    system.add("apt-get", "exit 1")

    done = system.install(PYTHON=python)

    assert done.returncode == 1
    assert "sudo apt-get install -y --no-install-recommends python3.13-venv\n" in done.stderr
