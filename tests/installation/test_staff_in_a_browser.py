"""Typical tasks of each staff role in a browser, on a complete installation."""

from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from tests.installation.browser import API, Login, becomes_true, keep_screenshot
from tests.installation.run_command import Run


def test_a_collection_beyond_the_budget_asks_for_confirmation_first(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/ingestion/collectionrun/collect-now/")
    # At 1,000 credits per role this exceeds the demonstration's budget for any set of target roles.
    page.get_by_label("Roles", exact=True).fill("\n".join(f"Engineer {letter}" for letter in "ABCDEFG"))
    page.get_by_label("Jobs per role").fill("1000")
    page.locator("form[data-estimate] button").click()

    expect(page.get_by_text("are left. The run stops when they are used up.")).to_be_visible()


def test_the_api_returns_a_skill_renamed_by_a_curator(log_in: Login, api: API) -> None:
    page = log_in("curator")

    page.goto("/admin/skills/skill/?q=fastapi")
    keep_screenshot(page, "skills")
    page.locator("#result_list tbody a").first.click()
    page.locator("#id_display_name").fill("FastAPI, edited")
    keep_screenshot(page, "skill")
    page.locator("[name=_save]").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    assert becomes_true(lambda: api("/skills/fastapi")["display_name"] == "FastAPI, edited")


def test_the_api_returns_two_skills_merged_by_a_curator_as_one(log_in: Login, api: API) -> None:
    before = api("/skills/postcss")["name"]
    page = log_in("curator")

    page.goto("/admin/skills/skill/?q=css")
    for name in ("postcss", "sass"):
        page.locator("#result_list tr", has=page.get_by_text(name, exact=True)).locator(".action-select").check()
    page.locator("select[name=action]").select_option("merge")
    page.get_by_role("button", name="Run").click()
    keep_screenshot(page, "merge")
    page.get_by_label("Sass (sass)").check()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("Merged postcss into sass.")).to_be_visible()

    assert before == "postcss"
    assert becomes_true(lambda: api("/skills/postcss")["name"] == "sass")


def test_a_curator_fixes_a_file_using_the_preview_of_its_rows(log_in: Login, api: API, tmp_path: Path) -> None:
    header = "name,display_name,category,prerequisites\n"
    page, bad, good = log_in("curator"), tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text(f"{header}zig web,Zig Web,Cooking,\nroc,Roc,Databases,\ngleam,,Databases,nothing known\n")
    good.write_text(f"{header}zig web,Zig Web,Frameworks/Libraries,\n")

    page.goto("/admin/skills/skill/import/")
    page.locator("[name=import_file]").set_input_files(bad)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Nothing was imported")).to_be_visible()
    wrong = page.locator("#rejected-rows tbody tr")
    keep_screenshot(page, "import")
    numbers, texts = wrong.locator("td:first-child").all_inner_texts(), wrong.locator(".staff-wrong").all_inner_texts()
    page.locator("[name=import_file]").set_input_files(good)
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Confirm import").click()
    expect(page.get_by_text("Import finished: 1 new")).to_be_visible()

    assert numbers == ["2", "4"]
    assert "category:" in texts[0]
    assert all(word in texts[1] for word in ("display_name:", "prerequisites:", "nothing known"))
    assert becomes_true(lambda: api("/skills/zig%20web").get("category") == "Frameworks/Libraries")


def test_a_curator_resolves_a_slug_and_reprocesses_stored_postings(log_in: Login) -> None:
    page = log_in("curator")

    page.goto("/admin/skills/unknownslug/")
    keep_screenshot(page, "unknown-slugs")
    page.get_by_role("button", name="kubernetes", exact=True).click()
    expect(page.get_by_text("Resolved kubernets as kubernetes.")).to_be_visible()
    page.get_by_role("link", name="Reread postings' skills").click()
    page.locator("form", has_text="Reread postings' skills").get_by_role("button", name="Run now").click()

    expect(page.locator("[data-status]")).to_have_text("finished", timeout=40_000)
    expect(page.locator("[data-text=outcome]")).to_contain_text("postings")


def test_support_deactivates_a_user_whose_token_is_then_rejected(log_in: Login, install: Run) -> None:
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
    page.get_by_role("link", name="Deactivate…").click()
    page.get_by_role("button", name="Deactivate the user").click()
    expect(page.get_by_role("button", name="Reactivate")).to_be_visible()
    after = requests.get(f"{api}/auth/me", headers=token, timeout=5)

    assert "pbkdf2" not in page.content()
    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize(
    ("role", "address", "link"),
    [
        ("auditor", "/admin/ingestion/collectionrun/collect-now/", "Collect now"),
        ("curator", "/admin/ingestion/collectionrun/", "Collection runs"),
        ("operator", "/admin/accounts/person/", "Users"),
        ("support", "/admin/skills/skill/", "Skills"),
    ],
)
def test_a_role_neither_sees_nor_can_use_actions_without_permission(
    log_in: Login, role: str, address: str, link: str
) -> None:
    page = log_in(role)

    page.goto("/admin/")
    offered = page.get_by_role("link", name=link, exact=True).count()
    response = page.goto(address)

    assert offered == 0
    assert response is not None
    assert response.status == 403
    expect(page.get_by_text("You do not have permission to do this.")).to_be_visible()
    page.get_by_role("link", name="Back to the dashboard").click()
    expect(page.locator(".staff-cards")).to_be_visible()


def test_an_auditor_reads_the_audit_log_and_changes_nothing(log_in: Login) -> None:
    log_in("operator").goto("/admin/")
    page = log_in("auditor")

    page.goto("/admin/skills/skill/?q=python")
    page.locator("#result_list tbody a").first.click()
    expect(page.locator(".readonly").first).to_be_visible()
    fields, saves = page.locator("#content [name=display_name]").count(), page.locator("[name=_save]").count()
    page.goto("/admin/admin/logentry/")
    keep_screenshot(page, "log")

    assert (fields, saves) == (0, 0)
    expect(page.locator("#result_list")).to_be_visible()


def test_the_dashboard_shows_its_charts_in_both_color_schemes_and_on_a_phone(log_in: Login) -> None:
    for scheme, phone, name in (
        ("light", False, "dashboard"),
        ("dark", False, "dashboard-night"),
        ("light", True, "phone"),
    ):
        page = log_in("admin", scheme=scheme, phone=phone)

        page.goto("/admin/")
        expect(page.locator("canvas.chart").first).to_be_visible()

        assert page.locator("canvas.chart").count() >= 4
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        keep_screenshot(page, name)


def test_pages_load_nothing_from_other_hosts(log_in: Login) -> None:
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
    page.get_by_label("Jobs per role").fill("10")
    expect(page.locator("[data-cost]")).to_have_text("at most 20 credits")
    keep_screenshot(page, "collect-now")
    page.locator("form[data-estimate] button").click()
    expect(page.locator("#run [data-status]").first).to_have_text("finished", timeout=40_000)

    expect(page.locator("[data-table=searches] tr")).to_have_count(4)
    expect(page.locator("[data-text=searches]")).to_have_text("4 of 4 searches have ended")
    expect(page.get_by_role("button", name="Repeat failed searches")).to_be_hidden()
    keep_screenshot(page, "run")


def test_an_operator_starts_a_task_and_reads_its_outcome(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/career_navigator/taskrun/")
    keep_screenshot(page, "maintenance-tasks")
    page.locator("form", has_text="Check TheirStack").get_by_role("button", name="Run now").click()

    expect(page.locator("[data-status]")).to_have_text("finished", timeout=40_000)
    expect(page.locator("[data-text=outcome]")).to_contain_text("TheirStack is reachable")
