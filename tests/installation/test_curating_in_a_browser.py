"""Editing lists of names and importing files in a browser, on a complete installation."""

import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.installation.browser import API, Login, becomes_true, keep_screenshot

SAVED = "was changed successfully"


def open_skill(page: Page, name: str) -> None:
    page.goto(f"/admin/skills/skill/?q={name}")
    page.locator("#result_list tr", has=page.get_by_text(name, exact=True)).locator("a").first.click()
    expect(page.locator(".staff-chips").first).to_be_visible()


def chips(page: Page, label: str) -> Locator:
    return page.get_by_role("list", name=f"{label}: selected").get_by_role("listitem")


def texts(page: Page, label: str) -> Locator:
    """Return the buttons that show and edit the chips."""
    return chips(page, label).get_by_role("button", name="Change ")


def test_aliases_between_commas_become_chips_and_are_stored_one_by_one(log_in: Login, api: API) -> None:
    page = log_in("curator")
    open_skill(page, "eslint")

    page.get_by_label("Aliases", exact=True).press_sequentially("first alias, second alias; third alias")
    page.keyboard.press("Enter")
    keep_screenshot(page, "chips")
    shown = texts(page, "Aliases").all_inner_texts()
    page.locator("[name=_save]").click()
    expect(page.get_by_text(SAVED)).to_be_visible()

    assert shown[-3:] == ["first alias", "second alias", "third alias"]
    assert becomes_true(lambda: api("/skills/eslint")["aliases"][-3:] == shown[-3:])


def test_what_is_typed_and_not_confirmed_is_saved_too(log_in: Login, api: API) -> None:
    page = log_in("curator")
    open_skill(page, "prettier")

    page.get_by_label("Slugs", exact=True).fill("left in the box")
    page.locator("[name=_save]").click()
    expect(page.get_by_text(SAVED)).to_be_visible()
    open_skill(page, "prettier")

    assert "left in the box" in texts(page, "Slugs").all_inner_texts()


def test_a_skill_is_chosen_changed_and_removed_without_a_mouse(log_in: Login) -> None:
    page = log_in("curator")
    open_skill(page, "prettier")
    before = texts(page, "Related").all_inner_texts()

    page.get_by_label("Related", exact=True).focus()
    page.keyboard.type("js")
    page.keyboard.press("Enter")
    # A skill chosen by an alias is shown by its name.
    expect(texts(page, "Related").last).to_have_text("JavaScript")
    page.keyboard.type("postgres")
    page.keyboard.press("Enter")
    expect(texts(page, "Related").last).to_have_text("PostgreSQL")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Remove PostgreSQL")).to_be_focused()
    page.keyboard.press("Enter")
    expect(texts(page, "Related")).to_have_text([*before, "JavaScript"])
    expect(page.get_by_label("Related", exact=True)).to_be_focused()
    page.keyboard.press("Backspace")

    expect(texts(page, "Related")).to_have_text(before)


@pytest.mark.parametrize("typed", ["Kotlin", "KOTLIN", "kotlin"])
def test_a_skill_typed_by_its_display_name_is_kept(log_in: Login, typed: str) -> None:
    page = log_in("curator")
    open_skill(page, "prettier")
    before = texts(page, "Related").all_inner_texts()

    page.get_by_label("Related", exact=True).fill(typed)
    page.keyboard.press("Enter")
    # The form sends the canonical name, which the server returned.
    expect(page.locator("[name=related]")).to_have_value(re.compile(r"\bkotlin$"))

    expect(texts(page, "Related")).to_have_text([*before, "Kotlin"])


def test_a_skill_that_is_chosen_already_is_not_chosen_twice(log_in: Login) -> None:
    page = log_in("curator")
    open_skill(page, "prettier")
    before = texts(page, "Related").all_inner_texts()

    field = page.get_by_label("Related", exact=True)
    field.fill("JavaScript, js, JAVASCRIPT")
    field.press("Enter")

    expect(texts(page, "Related")).to_have_text([*before, "JavaScript"])


def test_skills_are_suggested_by_their_aliases(log_in: Login) -> None:
    page = log_in("curator")
    open_skill(page, "prettier")

    field = page.get_by_label("Prerequisites", exact=True)
    field.press_sequentially("k8s")

    options = page.locator(f"#{field.get_attribute('list')} option")
    expect(options.first).to_have_attribute("value", "kubernetes")
    # Simulate the choice of a suggestion: tests cannot click it, because the list is not part of the page.
    field.evaluate(
        "field => { field.value = 'kubernetes';"
        " field.dispatchEvent(new InputEvent('input', {inputType: 'insertReplacementText', bubbles: true})); }"
    )
    expect(texts(page, "Prerequisites").last).to_have_text("Kubernetes")
    expect(field).to_have_value("")


def test_features_are_chips_that_may_have_commas(log_in: Login) -> None:
    page = log_in("curator")
    page.goto("/admin/projects/projectidea/1/change/")

    field = page.get_by_label("Features", exact=True)
    before = texts(page, "Features").all_inner_texts()
    field.fill("Add, correct and void what was paid")
    field.press("Enter")
    field.fill("a, b, c")
    page.locator("[name=_save]").click()
    expect(page.get_by_text("looks like several items")).to_be_visible()
    page.get_by_role("button", name="Remove a, b, c").click()
    page.locator("[name=_save]").click()
    expect(page.get_by_text(SAVED)).to_be_visible()
    page.goto("/admin/projects/projectidea/1/change/")

    expect(texts(page, "Features")).to_have_text([*before, "Add, correct and void what was paid"])


@pytest.fixture
def without_scripts(log_in: Login) -> Page:
    """Open a window of the curator with JavaScript disabled."""
    page = log_in("curator")
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(
        base_url=page.url[: page.url.index("/", 8)],
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )
    return context.new_page()


def test_lists_are_text_where_no_script_runs(without_scripts: Page, api: API) -> None:
    page = without_scripts
    page.goto("/admin/skills/skill/?q=prettier")
    page.goto(page.locator("#result_list tr", has_text="prettier").locator("a").first.get_attribute("href") or "")

    page.get_by_label("Aliases", exact=True).fill("one alias, another alias")
    page.locator("[name=_save]").click()
    expect(page.get_by_text(SAVED)).to_be_visible()

    assert becomes_true(lambda: api("/skills/prettier")["aliases"] == ["one alias", "another alias"])
    page.context.close()


def choose(page: Page, file: Path, number: str) -> None:
    page.goto("/admin/skills/skill/import/")
    page.locator("[name=import_file]").set_input_files(file)
    page.locator("[name=format]").select_option(number)
    page.get_by_role("button", name="Submit").click()


def test_a_template_is_filled_in_and_its_good_rows_are_imported(log_in: Login, api: API, tmp_path: Path) -> None:
    page = log_in("curator")
    page.goto("/admin/skills/skill/import/")
    keep_screenshot(page, "import-columns")
    with page.expect_download() as download:
        page.get_by_role("link", name="spreadsheet (XLSX)").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    sheet = book.active
    names = [cell.value for cell in sheet[1]]
    rows = [
        {"name": "nim web", "display_name": "Nim Web", "category": "frameworks/libraries", "is_skill": "Yes"},
        {"name": "roc", "display_name": "Roc", "category": "Cooking"},
        {"name": "gleam otp", "display_name": "Gleam OTP", "category": "Databases", "aliases": "gotp; gleam-otp"},
    ]
    for row in rows:
        sheet.append([row.get(name) for name in names])
    filled = tmp_path / "filled.xlsx"
    book.save(filled)

    choose(page, filled, "2")
    expect(page.locator("#rejected-rows tbody td").first).to_have_text("3")
    expect(page.locator("#rejected-rows .staff-wrong")).to_contain_text("Databases")
    page.get_by_role("button", name="Import only the 2 valid rows").click()
    expect(page.get_by_text("These rows were not imported: 3.")).to_be_visible()
    expect(page.get_by_text("Import finished: 2 new")).to_be_visible()

    assert becomes_true(lambda: api("/skills/nim%20web").get("category") == "Frameworks/Libraries")
    assert api("/skills/gleam%20otp")["aliases"] == ["gotp", "gleam-otp"]
    choose(page, filled, "2")
    expect(page.locator("#rejected-rows")).to_be_visible()
    expect(page.locator("#good-rows")).to_have_count(0)


def test_a_file_in_other_spellings_changes_nothing(log_in: Login, tmp_path: Path) -> None:
    page, file = log_in("curator"), tmp_path / "again.json"
    file.write_text(json.dumps([{"name": "JS", "display_name": " JavaScript ", "is_skill": "Y"}]))

    choose(page, file, "1")

    expect(page.get_by_text("0 new, 0 changed, 1 unchanged.")).to_be_visible()
