"""The address the service listens on, CORS, and warnings about another installation on the same machine."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from career_navigator.devserver.embedded import find_free_port
from career_navigator.devserver.manager import MARK, RunFailed, check_port_is_free
from career_navigator.environment import BASE_DIR, Environment, read_environment
from tests.fixtures.users import API

EVERYWHERE = "0.0.0.0"  # noqa: S104 - only checked for a free port
LOCALHOSTS = [
    *("http://localhost", "https://localhost", "http://localhost:3000", "http://localhost:5173"),
    *("https://localhost:8443", "http://127.0.0.1:4200", "http://[::1]:8080", "https://[::1]", "http://127.0.0.1"),
    *("http://app.localhost:3000", "https://a.b-c.localhost", "capacitor://localhost", "ionic://localhost"),
    *("tauri://localhost", "http://tauri.localhost"),
]
OTHERS = [
    *("http://localhost.example.org", "http://example.org", "http://localhost:3000.example.org", "null"),
    *("http://127.0.0.1.example.org:3000", "http://notlocalhost:3000", "ftp://localhost", "http://127.0.0.2:3000"),
    *("http://localhost:", "http://localhost:5173/", "http://user@localhost:3000", "http://127x0x0x1:3000"),
    *(
        "http://.localhost",
        "http://app.localhost.example.org",
        "http://app_localhost",
        "capacitor://localhost.example.org",
    ),
    *("capacitor://localhost:3000", "xcapacitor://localhost", "capacitor://example.org"),
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Environment]:
    def read(**variables: str) -> Environment:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read_environment()

    return read


@pytest.mark.parametrize("origin", LOCALHOSTS)
def test_allows_local_origins_in_development(origin: str) -> None:
    asked = API().get("/health", Origin=origin)
    preflight = Client().options("/auth/me", headers={"Origin": origin, "Access-Control-Request-Method": "PUT"})

    assert asked["Access-Control-Allow-Origin"] == origin
    # Content-Disposition, for example, has the file name of a downloaded resume.
    assert "Content-Disposition" in asked["Access-Control-Expose-Headers"]
    assert preflight["Access-Control-Allow-Origin"] == origin
    assert "Access-Control-Allow-Origin" not in API().get("/admin/login/", Origin=origin)


@pytest.mark.parametrize("origin", OTHERS)
def test_rejects_other_origins(origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in API().get("/health", Origin=origin)


def test_allows_only_named_origins_in_production(tmp_path: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        f"for origin in {[*LOCALHOSTS, 'https://app.example.org']!r}:\n"
        "    response = Client().get('/health', headers={'Origin': origin, 'Host': 'localhost'}, secure=True)\n"
        "    print(origin, response.get('Access-Control-Allow-Origin'))\n"
    )
    variables = {"DEBUG": "False", "JWT_SECRET_KEY": "k" * 48, "ALLOWED_ORIGINS": "https://app.example.org"}
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env=os.environ | variables | {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "career_navigator.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    allowed = [line for line in finished.stdout.splitlines() if line and not line.endswith(" None")]
    assert allowed == ["https://app.example.org https://app.example.org"]


def test_listens_only_on_loopback_by_default(environment: Callable[..., Environment]) -> None:
    assert environment().host == "127.0.0.1"
    assert environment().allowed_hosts == ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("host", "added"),
    [
        (EVERYWHERE, []),
        ("::", []),
        ("127.0.0.1", []),
        ("::1", []),
        ("192.168.1.5", ["192.168.1.5"]),
        ("2001:db8::5", ["[2001:db8::5]"]),
        ("my-laptop.local", ["my-laptop.local"]),
    ],
)
def test_answers_to_the_address_it_listens_on(
    environment: Callable[..., Environment], host: str, added: list[str]
) -> None:
    assert environment(HOST=host).allowed_hosts == ["localhost", "127.0.0.1", "[::1]", *added]


@pytest.mark.parametrize("host", ["http://0.0.0.0", "0.0.0.0:8000", "[::1]", "a b", "-x", "a..b", "127.0.0.1/8", "*"])
def test_names_an_invalid_host(environment: Callable[..., Environment], host: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"HOST='{re.escape(host)}' is invalid: must be an IP address"):
        environment(HOST=host)


@pytest.mark.parametrize("host", ["198.51.100.1", "nowhere.invalid", "2001:db8::1"])
def test_does_not_start_on_an_address_of_another_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if host == "nowhere.invalid":
        monkeypatch.setattr(socket, "getaddrinfo", _find_nothing)

    with pytest.raises(RunFailed, match=rf"HOST={re.escape(host)} (cannot be resolved|is not an address)"):
        check_port_is_free(host, find_free_port())


def _find_nothing(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("host", ["127.0.0.1", EVERYWHERE, "localhost"])
def test_names_a_taken_port_of_any_address(host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(RunFailed, match=f"port {port} is taken"):
            check_port_is_free(host, port)


@pytest.fixture
def other_install(tmp_path: Path) -> Any:
    """Start a process that looks like part of a run with another VAR_DIR."""
    other = tmp_path.resolve() / "other"
    other.mkdir()
    (other / "services.json").write_text("{}")
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], env=os.environ | {MARK: str(other)}, stdin=subprocess.PIPE
    )
    yield other
    process.communicate(b"\n", timeout=30)


def run_command(*command: str, **variables: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in {"MONGODB_URI", "REDIS_URL", MARK}}
    finished = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=BASE_DIR,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stderr


@pytest.mark.parametrize("command", [("statistics",), ("shell", "--no-imports", "-c", "pass"), ("seed", "--help")])
def test_warns_of_an_installation_with_another_var_dir(
    other_install: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    said = run_command(*command, VAR_DIR=str(tmp_path / "own"))

    assert f"This command uses VAR_DIR={tmp_path / 'own'}" in said
    # Other test files can have installations running at the same time.
    assert f"VAR_DIR={other_install}" in said
    assert re.search(rf"To use the running install: VAR_DIR=\S+ manage.py {command[0]} \.\.\.", said)


def test_does_not_warn_if_its_own_installation_runs_or_servers_are_set(other_install: Path, tmp_path: Path) -> None:
    command = ("shell", "--no-imports", "-c", "pass")

    assert "VAR_DIR" not in run_command(*command, VAR_DIR=str(other_install))
    assert "VAR_DIR" not in run_command(*command, VAR_DIR=str(tmp_path), MONGODB_URI="mongodb://127.0.0.1:1/x")
    assert "VAR_DIR" not in run_command("check", VAR_DIR=str(tmp_path))
