"""The staff's work in a browser, on a whole install: servers, web, worker and demonstration data of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from career_navigator.environment import BASE_DIR
from career_navigator.tests.browser import DEADLINE_MILLISECONDS, keep_screenshot, running_browser
from career_navigator.tests.test_run import Run

pytestmark = pytest.mark.slow

PASSWORD = "Secret-12345"
ROLES = ("curator", "operator", "support", "auditor")
_MAKE_STAFF = f"""
from django.contrib.auth.models import Group, User
for role in {ROLES!r}:
    user = User.objects.create_user(role, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
"""


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("install").resolve() / "var", THEIR_STACK_CREDIT_BUDGET="6000")
    try:
        run.wait_until_ready()
        inherited = {key: value for key, value in os.environ.items() if key not in {"MONGODB_URI", "REDIS_URL"}}
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", _MAKE_STAFF],
            cwd=BASE_DIR,
            env=inherited | {"VAR_DIR": str(run.var_dir)},
            check=True,
            capture_output=True,
        )
        yield run
    finally:
        run.clean_up()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as started:
        yield started


Login = Callable[..., Page]


@pytest.fixture
def log_in(install: Run, browser: Browser) -> Iterator[Login]:
    """Log in as a member of the staff in a fresh window; what the page may not load or run fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_window(name: str, *, scheme: str = "light", phone: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1360, "height": 900}
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{install.port}", viewport=size, color_scheme=scheme, is_mobile=phone
        )
        contexts.append(context)
        context.set_default_timeout(DEADLINE_MILLISECONDS)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        page.goto("/admin/")
        password = (install.var_dir / "admin-password").read_text().strip() if name == "admin" else PASSWORD
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#nav-sidebar-apps, .staff-cards").first).to_be_attached()
        return page

    yield open_window
    for each in contexts:
        each.close()
    assert complaints == []


def test_a_collection_beyond_the_budget_asks_for_confirmation_first(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/ingestion/collectionrun/collect-now/")
    page.get_by_label("Jobs a role").fill("1000")
    page.locator("form[data-estimate] button").click()

    expect(page.get_by_text("are left. It ends when they are spent.")).to_be_visible()


def test_a_skill_that_a_curator_renames_is_answered_under_its_new_name(log_in: Login, install: Run) -> None:
    page = log_in("curator")

    page.goto("/admin/skills/skill/?q=fastapi")
    keep_screenshot(page, "skills")
    page.locator("#result_list tbody a").first.click()
    page.locator("#id_display_name").fill("FastAPI, edited")
    keep_screenshot(page, "skill")
    page.locator("[name=_save]").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.wait_for_timeout(1000)
    answer = requests.get(f"http://127.0.0.1:{install.port}/skills/fastapi", timeout=5)

    assert "FastAPI, edited" in answer.text


def test_support_deactivates_a_user_whose_token_is_then_refused(log_in: Login, install: Run) -> None:
    api = f"http://127.0.0.1:{install.port}"
    person = {"email": "ann@example.org", "password": "Secret-123", "full_name": "Ann Example"}
    requests.post(f"{api}/auth/register", json=person, timeout=5).raise_for_status()
    entered = requests.post(f"{api}/auth/login", json=person, timeout=5).json()
    token = {"Authorization": f"Bearer {entered['access_token']}"}
    before = requests.get(f"{api}/auth/me", headers=token, timeout=5)
    page = log_in("support")

    page.goto("/admin/accounts/person/?q=ann@")
    page.get_by_role("link", name="ann@example.org").click()
    keep_screenshot(page, "user")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("button", name="Reactivate")).to_be_visible()
    after = requests.get(f"{api}/auth/me", headers=token, timeout=5)

    assert "pbkdf2" not in page.content()
    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize(
    ("role", "address"),
    [
        ("auditor", "/admin/ingestion/collectionrun/collect-now/"),
        ("curator", "/admin/ingestion/collectionrun/"),
        ("operator", "/admin/accounts/person/"),
        ("support", "/admin/skills/skill/"),
    ],
)
def test_a_role_is_refused_what_it_may_not_do(log_in: Login, role: str, address: str) -> None:
    page = log_in(role)

    answer = page.goto(address)

    assert answer is not None
    assert answer.status == 403


def test_the_dashboard_shows_its_charts_by_day_by_night_and_on_a_phone(log_in: Login) -> None:
    for scheme, phone, name in (
        ("light", False, "dashboard"),
        ("dark", False, "dashboard-night"),
        ("light", True, "phone"),
    ):
        page = log_in("admin", scheme=scheme, phone=phone)

        expect(page.locator("canvas.chart").first).to_be_visible()

        assert page.locator("canvas.chart").count() >= 4
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        keep_screenshot(page, name)


def test_nothing_comes_from_elsewhere(log_in: Login) -> None:
    page = log_in("admin")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto("/admin/")
    page.wait_for_load_state("networkidle")

    assert asked
    assert not [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]


def test_an_operator_starts_a_collection_and_watches_it_finish(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/ingestion/collectionrun/collect-now/")
    page.get_by_label("Roles").fill("Data Engineer\nSite Reliability Engineer")
    page.get_by_label("Jobs a role").fill("10")
    expect(page.locator("[data-cost]")).to_have_text("20 credits at most")
    keep_screenshot(page, "collect-now")
    page.locator("form[data-estimate] button").click()
    expect(page.locator("#run [data-status]").first).to_have_text("finished", timeout=40_000)

    expect(page.locator("[data-table=searches] tr")).to_have_count(4)
    expect(page.locator("[data-text=searches]")).to_have_text("4 of 4 searches are over")
    expect(page.get_by_role("button", name="Repeat what failed")).to_be_hidden()
    keep_screenshot(page, "run")


def test_an_operator_starts_a_chore_and_reads_its_outcome(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/career_navigator/chorerun/")
    keep_screenshot(page, "chores")
    page.locator("form", has_text="Check TheirStack").get_by_role("button", name="Start").click()

    expect(page.locator("[data-status]")).to_have_text("finished", timeout=40_000)
    expect(page.locator("[data-text=outcome]")).to_contain_text("TheirStack answers")
