"""Security settings: HTTPS, cookies, CORS and the middleware of the admin."""

import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.core.management import call_command
from django.test import Client

from career_navigator.environment import BASE_DIR

SHOWN = (
    "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "THEIR_STACK_BASE_URL",
    "DEMONSTRATION",
    "SECRET_KEY",
    "JWT_SECRET_KEY",
    "CORS_ALLOWED_ORIGINS",
)


def settings_under(**environment: str) -> dict[str, Any]:
    """Return the settings that a new process reads from the given environment."""
    script = f"""
import json
from career_navigator import settings
print(json.dumps({{name: getattr(settings, name) for name in {SHOWN}}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    return settings_under(DEBUG="False", JWT_SECRET_KEY="k" * 32, THEIR_STACK_API_KEY="key")


def test_demands_https_in_production(production: dict[str, Any]) -> None:
    assert production["SECURE_SSL_REDIRECT"] is True
    assert production["SESSION_COOKIE_SECURE"] is True
    assert production["CSRF_COOKIE_SECURE"] is True
    assert production["SECURE_HSTS_SECONDS"] > 0


def test_serves_plain_http_in_development_and_if_configured() -> None:
    explicit = settings_under(DEBUG="False", JWT_SECRET_KEY="k" * 32, HTTPS_ONLY="False")

    assert project_settings.SECURE_SSL_REDIRECT is False
    assert explicit["SECURE_SSL_REDIRECT"] is False


def test_derives_djangos_key_from_the_one_secret(production: dict[str, Any]) -> None:
    assert production["SECRET_KEY"] not in ("", production["JWT_SECRET_KEY"])


def test_uses_the_real_theirstack_only_with_a_key(production: dict[str, Any]) -> None:
    assert (project_settings.DEMONSTRATION, project_settings.THEIR_STACK_BASE_URL) == (True, "")
    assert (production["DEMONSTRATION"], production["THEIR_STACK_BASE_URL"]) == (False, "https://api.theirstack.com")


def test_redirects_to_https_all_but_probes(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.DEBUG = True
    secured = Client()

    assert secured.get("/market/trending").status_code == 301
    assert secured.get("/health").status_code == 200
    assert secured.get("/metrics").status_code == 200


def test_allows_the_named_origins(client: Client) -> None:
    preflight = client.options(
        "/market/trending",
        headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"},
    )
    stranger = client.get("/health", headers={"Origin": "https://evil.example"})

    assert preflight["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Access-Control-Allow-Origin" not in stranger


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login/", "/admin/accounts/person/"])
@pytest.mark.parametrize("method", ["get", "options"])
def test_allows_no_origin_in_the_admin(client: Client, mongo: Any, redis: Any, path: str, method: str) -> None:
    response = getattr(client, method)(
        path, headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    )

    assert [name for name in response.headers if name.lower().startswith("access-control-")] == []


def test_allows_no_cookies_from_other_origins(client: Client) -> None:
    response = client.get("/health", headers={"Origin": "http://localhost:3000"})

    assert response["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Access-Control-Allow-Credentials" not in response


def test_allows_only_named_origins_in_production(production: dict[str, Any]) -> None:
    named = settings_under(DEBUG="False", JWT_SECRET_KEY="k" * 32, ALLOWED_ORIGINS="https://app.example.org")

    assert production["CORS_ALLOWED_ORIGINS"] == []
    assert named["CORS_ALLOWED_ORIGINS"] == ["https://app.example.org"]
    assert "http://localhost:3000" in project_settings.CORS_ALLOWED_ORIGINS


def test_sets_no_cookie_outside_of_the_admin(client: Client) -> None:
    assert client.get("/docs").cookies == {}


def test_protects_admin_forms_against_csrf(mongo: Any, redis: Any) -> None:
    strict = Client(enforce_csrf_checks=True)

    page = strict.get("/admin/login/")
    refused = strict.post("/admin/login/", {"username": "admin", "password": "x"})

    assert page.status_code == 200
    assert refused.status_code == 403
    assert refused["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/admin", "/admin/"])
def test_redirects_anonymous_users_to_the_admin_login(client: Client, mongo: Any, redis: Any, path: str) -> None:
    response = client.get(path, follow=True)

    assert response.redirect_chain[-1][0].startswith("/admin/login/")


def test_has_migrations_for_every_django_model(mongo: Any) -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


def test_does_not_patch_the_standard_library() -> None:
    script = """
import ctypes.util, logging, django
before = ctypes.util.find_library, logging._srcfile, logging.logThreads, logging.logProcesses
django.setup()
from career_navigator import wsgi
assert before == (ctypes.util.find_library, logging._srcfile, logging.logThreads, logging.logProcesses)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "career_navigator.settings"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
