"""Accessibility of the admin: by keyboard, with a screen reader and on a phone."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pymongo.database import Database

from tests.installation.browser import Login

# If a path ends in `#first`, the test opens the first row of the list.
PAGES = (
    "/admin/",
    "/admin/skills/skill/",
    "/admin/skills/skill/?q=python#first",
    "/admin/skills/skill/import/",
    "/admin/skills/unknownslug/",
    "/admin/learning/learningresource/#first",
    "/admin/projects/projectidea/add/",
    "/admin/market/jobposting/",
    "/admin/market/jobposting/#first",
    "/admin/ingestion/collectionrun/#first",
    "/admin/ingestion/collectionrun/collect-now/",
    "/admin/ingestion/refusedposting/",
    "/admin/career_navigator/taskrun/",
    "/admin/career_navigator/taskrun/#first",
    "/admin/career_navigator/taskrun/schedule/",
    "/admin/accounts/person/",
    "/admin/auth/user/#first",
    "/admin/auth/group/#first",
    "/admin/admin/logentry/",
    "/admin/two-factor/",
)
LISTS = (
    *("skills/skill", "skills/unknownslug", "learning/learningresource", "projects/projectidea", "market/jobposting"),
    *("ingestion/collectionrun", "career_navigator/taskrun", "auth/user"),
)


def open_page(page: Page, address: str) -> None:
    page.goto(address.removesuffix("#first"))
    if address.endswith("#first"):
        page.goto(page.locator("#result_list tbody .data-row a").first.get_attribute("href") or "")
    # Wait until the theme's scripts have rendered the page and the project's scripts have labelled its parts.
    expect(page.locator("html[x-cloak]")).to_have_count(0)
    expect(page.locator(".material-symbols-outlined:not([aria-hidden], [role])")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_no_violation_on_a_page(log_in: Login, address: str, scheme: str) -> None:
    page = log_in("admin", scheme=scheme)
    open_page(page, address)

    violations = Axe().run(page).response["violations"]

    assert [
        (each["id"], node["target"], node["failureSummary"])
        for each in violations
        if each["impact"] != "minor"
        for node in each["nodes"]
    ] == []


def test_axe_finds_no_violation_on_the_login(log_in: Login, install) -> None:
    browser = log_in("admin").context.browser
    assert browser is not None
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{install.port}/admin/login/")

    violations = Axe().run(page).response["violations"]
    page.close()

    assert [each["id"] for each in violations if each["impact"] != "minor"] == []


def test_the_first_tab_stop_skips_the_menu(log_in: Login) -> None:
    page = log_in("admin")
    open_page(page, "/admin/skills/skill/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("main")).to_be_focused()


def test_everything_clickable_can_be_focused(log_in: Login) -> None:
    page = log_in("admin")
    open_page(page, "/admin/skills/skill/")

    unreachable = page.evaluate(
        """() => [...document.querySelectorAll("[x-on\\\\:click]")]
            .filter((each) => each.checkVisibility() && each.textContent.trim())
            .filter((each) => each.tabIndex < 0 && !each.matches("label"))
            .map((each) => each.outerHTML.slice(0, 200))"""
    )
    page.get_by_role("button", name="admin").focus()
    page.keyboard.press("Enter")

    assert unreachable == []
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()


def test_every_focusable_element_has_a_name(log_in: Login) -> None:
    page = log_in("admin")

    for address in PAGES:
        open_page(page, address)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, [role=button]")]
                .filter((each) => each.checkVisibility())
                .filter((each) => {
                    const copy = each.cloneNode(true);
                    copy.querySelectorAll("[aria-hidden=true]").forEach((part) => part.remove());
                    return !(copy.textContent.trim() || each.ariaLabel || each.title);
                })
                .map((each) => each.outerHTML.slice(0, 200))"""
        )
        assert (address, nameless) == (address, [])


def test_a_chart_has_a_text_alternative(log_in: Login) -> None:
    page = log_in("admin")
    open_page(page, "/admin/")

    table = page.get_by_role("table", name="Postings per day")

    expect(table.get_by_role("columnheader")).to_have_text(["remote", "other"])
    expect(table.get_by_role("rowheader")).to_have_count(30)


@pytest.fixture
def unknown_slug(data: Database) -> Iterator[None]:
    now = datetime.now(UTC)
    data.unknown_slugs.insert_one({"slug": "of-a-test", "count": 1, "first_seen_at": now, "last_seen_at": now})
    yield
    data.unknown_slugs.delete_one({"slug": "of-a-test"})


@pytest.mark.usefixtures("unknown_slug")
@pytest.mark.parametrize("model", LISTS)
def test_a_list_on_a_phone_shows_three_cells_per_row(log_in: Login, model: str) -> None:
    page = log_in("admin", phone=True)
    open_page(page, f"/admin/{model}/")

    cells = page.locator("#result_list .data-row").first.locator(":scope > :not(.action-checkbox)")
    shown = [cells.nth(number).is_visible() for number in range(cells.count())]

    assert shown.count(True) == 3
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
