"""Fixtures for tests of a complete installation."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import pymongo
import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from pymongo.database import Database

from career_navigator.environment import BASE_DIR
from tests.installation.browser import API, DEADLINE_MILLISECONDS, Login, running_browser
from tests.installation.run_command import START_SECONDS, WEBHOOK_SECRET, Run
from tests.processes import wait_until

PASSWORD = "Secret-12345"
ROLES = ("curator", "operator", "support", "auditor")
# Hash passwords fast, and count an unknown slug: a curator needs one to resolve, and the demonstration has none.
_MAKE_STAFF = f"""
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group, User
from django.utils import timezone
from skills.services import count_unknown_slugs
PBKDF2PasswordHasher.iterations = 10
for role in {ROLES!r}:
    user = User.objects.create_user(role, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
count_unknown_slugs(slugs=["kubernets"] * 3, now=timezone.now())
"""


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Start `manage.py run` on its own VAR_DIR and wait until a common role has postings."""
    run = Run(
        tmp_path_factory.mktemp("demonstration").resolve() / "var",
        THEIR_STACK_CREDIT_BUDGET="6000",
        THEIR_STACK_WEBHOOK_SECRET=WEBHOOK_SECRET,
    )
    try:
        run.wait_until_ready()
        wait_until(lambda: _has_postings(run), seconds=START_SECONDS, what="the first postings")
        yield run
    finally:
        run.clean_up()


def _has_postings(run: Run) -> bool:
    roles = requests.get(f"http://127.0.0.1:{run.port}/skills/roles", timeout=10).json()["roles"]
    return any(each["role"] == "Backend Developer" for each in roles)


@pytest.fixture(scope="session")
def install(demonstration: Run) -> Run:
    """Return the demonstration, with one staff account per role."""
    inherited = {key: value for key, value in os.environ.items() if key not in {"MONGODB_URI", "REDIS_URL"}}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", _MAKE_STAFF],
        cwd=BASE_DIR,
        env=inherited | {"VAR_DIR": str(demonstration.var_dir)},
        check=True,
        capture_output=True,
    )
    return demonstration


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


@pytest.fixture(scope="module")
def windows() -> dict[tuple[str, str, bool], Page]:
    """Return the open windows by user, color scheme and device. Windows stay logged in and keep their caches."""
    return {}


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """Return a list of what the windows failed to load or run."""
    return []


@pytest.fixture
def log_in(
    install: Run, browser: Browser, windows: dict[tuple[str, str, bool], Page], complaints: list[str]
) -> Iterator[Login]:
    """Yield a function that opens a window of a staff account. A failed resource or script fails the test."""
    complaints.clear()
    used = []

    def open_window(name: str, *, scheme: Literal["light", "dark"] = "light", phone: bool = False) -> Page:
        page = windows.get((name, scheme, phone))
        if page is None:
            # Reuse the session if the user is logged in in another window.
            elsewhere = next((other.context for (owner, *_), other in windows.items() if owner == name), None)
            context = browser.new_context(
                base_url=f"http://127.0.0.1:{install.port}",
                viewport={"width": 390, "height": 844} if phone else {"width": 1360, "height": 900},
                color_scheme=scheme,
                is_mobile=phone,
                storage_state=elsewhere.storage_state() if elsewhere else None,
            )
            context.set_default_timeout(DEADLINE_MILLISECONDS)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None,
            )
            if elsewhere is None:
                page.goto("/admin/")
                password = (install.var_dir / "admin-password").read_text().strip() if name == "admin" else PASSWORD
                page.get_by_label("Username").fill(name)
                page.get_by_label("Password").fill(password)
                page.get_by_role("button", name="Log in").click()
                expect(page.locator(".staff-cards")).to_be_visible()
            windows[name, scheme, phone] = page
        used.append(page)
        return page

    yield open_window
    for each in used:
        # Leave the admin, whose pages poll and redraw.
        each.goto("/health")
    assert complaints == []


@pytest.fixture
def api(install: Run) -> API:
    """Return a function that requests a path of the API and returns the JSON."""
    return lambda path: requests.get(f"http://127.0.0.1:{install.port}{path}", timeout=5).json()


@pytest.fixture
def data(install: Run) -> Iterator[Database]:
    """Yield the database of the installation."""
    with pymongo.MongoClient[dict[str, Any]](install.services["mongodb_uri"], tz_aware=True) as client:
        yield client.get_default_database()
