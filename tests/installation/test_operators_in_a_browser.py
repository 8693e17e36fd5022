"""Confirmations, messages and suggestions for operators, curators and support in a browser."""

import base64
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, expect
from pymongo.database import Database

from tests.installation.browser import DEADLINE_MILLISECONDS, Login
from tests.installation.run_command import Run

NEW_PASSWORD = "Longer-secret-98765"


def test_a_running_task_shows_progress_and_is_cancelled_after_confirmation(log_in: Login, data: Database) -> None:
    now = datetime.now(UTC)
    run = {"task": "learning.tasks.check_links", "task_id": "of-a-test", "open_task": "learning.tasks.check_links"}
    begun = {"status": "running", "created_at": now, "started_at": now, "lease_ends_at": now + timedelta(minutes=30)}
    steps = {"progress_done": 30, "progress_total": 120, "started_by": "olga", "result": "", "error": ""}
    run_id = data.task_runs.insert_one(run | begun | steps).inserted_id
    page = log_in("operator")

    page.goto("/admin/career_navigator/taskrun/")
    page.locator("form", has_text="Check links").get_by_role("link", name="Running since").click()
    expect(page.locator("[data-text=progress]")).to_have_text("30 of 120 steps are done")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
    data.task_runs.update_one({"_id": run_id}, {"$set": {"progress_done": 60}})
    expect(page.locator("[data-text=progress]")).to_have_text("60 of 120 steps are done")
    page.get_by_role("link", name="Cancel…").click()
    expect(page.get_by_text("This cannot be undone, but you can start the task again.")).to_be_visible()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("[data-text=cancelling]")).to_have_text("The run is being cancelled. It stops after this step.")

    assert data.task_runs.find({"_id": run_id})[0]["cancel_requested"] is True
    data.task_runs.delete_one({"_id": run_id})


def test_clean_up_shows_how_much_it_deletes_before_it_runs(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/career_navigator/taskrun/")
    page.locator("form", has_text="Clean up").get_by_role("link", name="Run now…").click()
    expect(page.locator("#question")).to_contain_text("This cannot be undone.")
    page.get_by_role("button", name="Run now").click()

    expect(page.locator("[data-status]")).to_have_text("finished", timeout=40_000)
    expect(page.locator("[data-text=outcome]")).to_contain_text("postings older than")


def test_postings_are_hidden_after_confirmation_and_shown_by_undo(log_in: Login, data: Database) -> None:
    page = log_in("curator")

    page.goto("/admin/market/jobposting/")
    for box in page.locator(".action-select").all()[:2]:
        box.check()
    page.locator("select[name=action]").select_option("hide")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Hide 2 job postings?").first).to_be_visible()
    page.get_by_role("button", name="Hide 2 job postings").click()
    expect(page.get_by_text("2 postings hidden")).to_be_visible()
    hidden = data.job_postings.count_documents({"hidden": True})
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 postings shown again")).to_be_visible()

    assert hidden == 2
    assert data.job_postings.count_documents({"hidden": True}) == 0


def test_a_cancelled_confirmation_changes_nothing(log_in: Login, data: Database) -> None:
    page = log_in("curator")

    page.goto("/admin/market/jobposting/")
    page.locator(".action-select").first.check()
    page.locator("select[name=action]").select_option("hide")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("link", name="No, go back").click()

    expect(page.locator("#result_list")).to_be_visible()
    assert data.job_postings.count_documents({"hidden": True}) == 0


def test_a_resolved_slug_is_unresolved_after_undo(log_in: Login, data: Database) -> None:
    now = datetime.now(UTC)
    data.unknown_slugs.insert_one({"slug": "zapp-board", "count": 2, "first_seen_at": now, "last_seen_at": now})
    page = log_in("curator")

    page.goto("/admin/skills/unknownslug/?q=zapp")
    page.get_by_role("button", name="not a skill").click()
    expect(page.get_by_text("Marked zapp-board as not a skill.")).to_be_visible()
    between = data.skills.count_documents({"name": "zapp board"})
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone. Unknown slugs to resolve again: 1.")).to_be_visible()

    assert (between, data.skills.count_documents({"name": "zapp board"})) == (1, 0)
    assert data.unknown_slugs.find({"slug": "zapp-board"})[0]["count"] == 2
    data.unknown_slugs.delete_one({"slug": "zapp-board"})


def test_a_merge_starts_on_a_skills_page_and_suggests_the_target(log_in: Login, data: Database) -> None:
    page = log_in("curator")

    page.goto("/admin/skills/skill/?q=stylus")
    page.locator("#result_list tbody a").first.click()
    page.get_by_role("link", name="Merge with another skill…").click()
    page.get_by_label("Skill").press_sequentially("less")
    expect(page.locator("#id_skill-suggestions option[value=less]")).to_have_count(1)
    page.get_by_label("Skill").fill("Less")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^less: \d+ users?, \d+ postings?"))).to_be_visible()
    expect(page.get_by_label("Less (less)")).to_be_checked()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("Merged stylus into less.")).to_be_visible()

    assert data.skills.count_documents({"name": "stylus"}) == 0


def test_support_must_type_the_email_before_a_user_is_erased(log_in: Login, data: Database) -> None:
    now = datetime.now(UTC)
    user = {"_id": ObjectId(), "email": "eve@example.org", "full_name": "Eve", "hashed_password": "x"}
    data.users.insert_one(user | {"is_active": True, "created_at": now, "updated_at": now})
    page = log_in("support")

    page.goto(f"/admin/accounts/person/{user['_id']}/change/")
    page.get_by_role("link", name="Erase…").click()
    expect(page.locator("#question")).to_contain_text("This cannot be undone.")
    page.get_by_label("Enter the address of the user to erase").fill("eva@example.org")
    page.get_by_role("button", name="Erase the user").click()
    expect(page.get_by_text("Nothing was erased")).to_be_visible()
    kept = data.users.count_documents({"_id": user["_id"]})
    page.get_by_role("link", name="Erase…").click()
    page.get_by_label("Enter the address of the user to erase").fill("eve@example.org")
    page.get_by_role("button", name="Erase the user").click()
    expect(page.get_by_text("The user and all their data were erased.")).to_be_visible()

    assert (kept, data.users.count_documents({"_id": user["_id"]})) == (1, 0)


def test_roles_and_places_are_suggested_and_the_estimate_follows(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/ingestion/collectionrun/collect-now/")
    page.get_by_label("Roles", exact=True).fill("Data Engineer")
    page.get_by_label("Jobs per role").fill("10")
    adding = page.get_by_role("combobox", name="Add a role")
    adding.press_sequentially("platf")
    expect(page.locator("#id_roles-add-suggestions option[value='Platform Engineer']")).to_have_count(1)
    adding.fill("Platform Engineer")
    adding.press("Enter")
    place = page.get_by_role("combobox", name="Add a place")
    place.press_sequentially("berl")
    expect(page.locator("#id_places-add-suggestions option[value='Berlin, Germany']")).to_have_count(1)

    expect(page.get_by_label("Roles", exact=True)).to_have_value("Data Engineer\nPlatform Engineer")
    expect(page.locator("[data-cost]")).to_have_text("at most 20 credits")


def test_a_collection_that_finds_nothing_explains_why(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/ingestion/collectionrun/collect-now/")
    page.get_by_label("Roles", exact=True).fill("Wizard of Oz")
    page.get_by_label("Places", exact=True).fill("Atlantis")
    page.get_by_label("Jobs per role").fill("1")
    page.locator("form[data-estimate] button[type=submit]").click()
    expect(page.get_by_text("No collected job title matches “Wizard of Oz”").first).to_be_visible()

    expect(page.locator("#run [data-status]").first).to_have_text("finished", timeout=40_000)
    expect(page.locator("[data-text=why]")).to_contain_text("“Atlantis” is not a known place")
    expect(page.locator("[data-table=searches]")).to_contain_text("is not a known place")


def test_failed_searches_are_repeated_after_an_estimate(log_in: Login, data: Database) -> None:
    now = datetime.now(UTC)
    searches = [
        {"role": "Data Engineer", "place": place, "status": status, "credits": 2, "pages": 1, "collected": 0}
        | {"updated": 0, "unchanged": 0, "filtered": 0, "refused": 0, "attempts": 1, "page": 0}
        for place, status in (("Berlin", "finished"), ("Atlantis", "failed"))
    ]
    run = {"trigger": "command", "status": "failed", "roles": ["Data Engineer"], "places": ["Berlin", "Atlantis"]}
    limits = {"max_age_days": 7, "per_role_limit": 5, "created_at": now, "heartbeat_at": now, "refused": {}}
    run_id = data.collection_runs.insert_one(run | limits | {"searches": searches}).inserted_id
    page = log_in("operator")

    page.goto(f"/admin/ingestion/collectionrun/{run_id}/change/")
    page.get_by_role("link", name="Repeat failed searches…").click()
    expect(page.locator("#question")).to_contain_text("Data Engineer in Atlantis")
    expect(page.locator("#question")).to_contain_text("It costs at most 3 credits")
    page.get_by_role("button", name="Repeat what failed").click()

    expect(page.locator("#run [data-status]").first).to_have_text("finished", timeout=40_000)
    expect(page.locator("[data-table=searches] tr")).to_have_count(1)


def test_the_schedule_shows_every_entry_with_its_next_runs(log_in: Login) -> None:
    page = log_in("operator")

    page.goto("/admin/")
    page.get_by_role("link", name="Schedule").click()

    expect(page.locator("#schedule tbody tr")).to_have_count(11)
    assert all(text.count(":") == 3 for text in page.locator("#schedule td:last-child").all_inner_texts())


def find_link(install: Run) -> str:
    """Return the link of the invitation. The worker prints mails, because no mail server is configured."""
    give_up_at = time.monotonic() + 4 * DEADLINE_MILLISECONDS / 1000
    while time.monotonic() < give_up_at:
        if found := re.findall(r"https?://\S+(/admin/invitation/\S+)", install.output):
            return str(found[-1])
        time.sleep(0.1)
    pytest.fail("no invitation was sent")


def read_code(secret: str) -> str:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    totp = TOTP(key)
    totp.time = time.time()
    return f"{totp.token():06d}"


def log_in_on(page: Page, *, code: str = "") -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("olga")
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_label("One-time code").fill(code)
    page.get_by_role("button", name="Log in").click()


def test_an_invited_user_sets_a_password_and_logs_in_with_a_recovery_code_on_a_phone(
    log_in: Login, install: Run, browser: Browser
) -> None:
    admin = log_in("admin")
    address = f"http://127.0.0.1:{install.port}"

    admin.goto("/admin/auth/user/add/")
    admin.get_by_label("Username").fill("olga")
    admin.get_by_label("Email address").fill("olga@example.org")
    admin.get_by_label("operator: Operates the service").check()
    assert admin.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    admin.locator("[name=_save]").click()
    expect(admin.get_by_text("The invitation to olga@example.org is queued")).to_be_visible()
    window = browser.new_context(base_url=address, viewport={"width": 1360, "height": 900})
    page = window.new_page()
    link = find_link(install)
    page.goto(link)
    for field in ("new_password1", "new_password2"):
        page.locator(f"[name={field}]").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("Your password is set. You can now log in.")).to_be_visible()
    log_in_on(page)
    expect(page.locator(".staff-cards")).to_be_visible()
    page.goto(link)
    expect(page.locator("#void-link")).to_be_visible()
    page.goto("/admin/two-factor/")
    expect(page.get_by_role("heading", name="Two-factor authentication").first).to_be_visible()
    page.get_by_label("Code shown by the app").fill(read_code(page.locator("#totp-secret").inner_text()))
    page.get_by_role("button", name="Confirm").click()
    code = page.locator("#recovery-codes code").first.inner_text()
    window.close()

    window = browser.new_context(base_url=address, viewport={"width": 390, "height": 844}, is_mobile=True)
    phone = window.new_page()
    log_in_on(phone, code=f"{code[:4].capitalize()}-{code[4:].upper()} ")
    expect(phone.locator(".staff-cards")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    window.close()
