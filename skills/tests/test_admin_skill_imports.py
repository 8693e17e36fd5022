"""Tests of importing skills in the admin: preview, rejected rows and writes."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import pytest
import tablib
from django.contrib.admin.models import LogEntry
from django.test import Client
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from career_navigator.cache import reset_caches
from career_navigator.document_admin import exchange
from skills.documents import SkillDocument
from skills.selectors import get_vocabulary
from skills.tests.admin_pages import LIST, import_file
from tests.factories import SkillFactory

pytestmark = pytest.mark.usefixtures("python_and_django")


def test_preview_shows_changed_rows_and_counts_unchanged_rows(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "python", "display_name": "Python 3"},
        {"name": "django", "display_name": "Django"},
    ]

    page = import_file(staff_client, "skills.json", json.dumps(rows).encode(), 1).content.decode()

    assert "0 new, 1 changed, 1 unchanged." in page
    assert page.count("<td>Changed</td>") == 1


def confirm_import(client: Client, preview: Any) -> Any:
    return client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)


def export_rows(kind: str, rows: list[dict[str, Any]]) -> bytes:
    dataset = tablib.Dataset(headers=[*rows[0]])
    for row in rows:
        dataset.append([*row.values()])
    content = dataset.export(kind)
    return content if isinstance(content, bytes) else content.encode()


def preview_rows(client: Client, rows: list[dict[str, Any]]) -> Any:
    return import_file(client, "skills.csv", export_rows("csv", rows), 0)


@pytest.mark.parametrize(("number", "kind"), [(0, "csv"), (1, "json"), (2, "xlsx")])
def test_imports_rows_after_a_preview(staff_client: Client, number: int, kind: str) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "python", "display_name": "Python!", "category": "Programming Languages", "aliases": "py\npy3"},
        {"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies", "aliases": ""},
    ]

    preview = import_file(staff_client, f"skills.{kind}", export_rows(kind, rows), number)

    assert SkillDocument.objects.count() == 2
    done = confirm_import(staff_client, preview)
    assert done.status_code == 302
    assert SkillDocument.objects.get(name="python").aliases == ["py", "py3"]
    assert SkillDocument.objects.get(name="python").slugs == ["python"]
    assert SkillDocument.objects.get(name="ruff").display_name == "Ruff"
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["Imported."] * 2


EXPORTED = "name;display_name;category;aliases\r\nbéton;Béton;Databases;"


@pytest.mark.parametrize(
    "content",
    [
        EXPORTED.encode(),
        EXPORTED.encode("utf-8-sig"),
        EXPORTED.encode("cp1252"),
        EXPORTED.replace(";", "\t").encode("utf-16"),
        f"sep=|\r\n{EXPORTED.replace(';', '|')}".encode(),
    ],
    ids=["semicolons", "with a mark", "Windows", "tabs in UTF-16", "separator line"],
)
def test_imports_csv_in_the_dialects_of_common_spreadsheets(staff_client: Client, content: bytes) -> None:
    confirm_import(staff_client, import_file(staff_client, "skills.csv", content, 0))

    assert SkillDocument.objects.get(name="béton").display_name == "Béton"


def test_lists_every_invalid_row_and_imports_no_row(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies", "prerequisites": ""},
        {"name": "black", "display_name": "Black", "category": "Cooking", "prerequisites": ""},
        {"name": "mypy", "display_name": "", "category": "Databases", "prerequisites": "nothing known"},
    ]

    preview = preview_rows(staff_client, rows)

    text = preview.content.decode()
    assert "confirm_form" not in preview.context
    assert [row.number for row in preview.context["result"].invalid_rows] == [3, 4]
    assert "Cooking" in text
    assert SkillDocument.objects.count() == 2


def test_lists_the_errors_of_each_row_by_field(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "black", "display_name": "Black", "category": "Cooking", "aliases": "b", "prerequisites": ""},
        {"name": "mypy", "display_name": "", "category": "Databases", "aliases": "x" * 101, "prerequisites": "no"},
    ]

    text = preview_rows(staff_client, rows).content.decode()

    table = text.partition('id="rejected-rows"')[2].partition("</table>")[0]
    cells = re.findall(r"<p><b>(\w+)</b>: ([^<]+)</p>", table)
    assert "Nothing was imported" in text
    assert [field for field, _ in cells] == ["category", "display_name", "aliases", "prerequisites"]


def test_rejects_values_of_the_wrong_type(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "ruff", "display_name": "Ruff", "category": "Databases", "aliases": [], "is_skill": "maybe"},
        {"name": "black", "display_name": "Black", "category": "Databases", "aliases": {"a": 1}, "is_skill": True},
    ]

    preview = import_file(staff_client, "skills.json", json.dumps(rows).encode(), 1)

    assert "confirm_form" not in preview.context
    text = preview.content.decode()
    assert "is not a yes or no value" in text
    assert "must be text" in text
    assert SkillDocument.objects.count() == 2


def test_rejects_unknown_columns_by_name(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [{"name": "python", "display_nam": "Python!"}]

    preview = preview_rows(staff_client, rows)

    assert "confirm_form" not in preview.context
    text = preview.content.decode()
    assert "unknown columns: display_nam" in text
    assert "Traceback" not in text


def test_imports_a_file_only_once(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [{"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies"}]
    preview = preview_rows(staff_client, rows)

    confirm_import(staff_client, preview)
    again = confirm_import(staff_client, preview)

    assert "The uploaded file has expired" in again.content.decode()
    assert SkillDocument.objects(name="ruff").count() == 1


def test_reports_rows_that_became_invalid_after_the_preview(staff_client: Client) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "ruff", "display_name": "Ruff", "category": "Databases", "prerequisites": "django"},
        {"name": "black", "display_name": "Black", "category": "Databases", "prerequisites": ""},
    ]
    preview = preview_rows(staff_client, rows)
    SkillDocument.objects(name="django").delete()
    reset_caches()

    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    assert "These rows became invalid after the preview and were not imported: 2." in done.content.decode()
    assert {skill.name for skill in SkillDocument.objects} == {"python", "black"}


def build_new_rows(row_count: int, **values: object) -> list[dict[str, Any]]:
    names = [f"skill {number}" for number in range(1, row_count + 1)]
    return [{"name": name, "display_name": name.title(), "category": "Databases", **values} for name in names]


def test_number_of_commands_does_not_depend_on_the_number_of_rows(
    staff_client: Client, whole_commands: list[Mapping[str, Any]]
) -> None:
    def list_commands(rows: list[dict[str, Any]]) -> list[str]:
        reset_caches()
        whole_commands.clear()
        confirm_import(staff_client, preview_rows(staff_client, rows))
        sent = [next(iter(command.items())) for command in whole_commands]
        return [name for name, collection in sent if collection in {"skills", "django_admin_log"}]

    links = {"prerequisites": "python", "related": "django"}
    few = list_commands(build_new_rows(2, **links)), list_commands(build_new_rows(2, **links, aliases="changed"))
    SkillDocument.objects(category="Databases").delete()
    many = list_commands(build_new_rows(40, **links)), list_commands(build_new_rows(40, **links, aliases="changed"))

    assert many == few
    assert SkillDocument.objects(aliases="changed").count() == 40


def test_import_makes_every_process_reload_the_vocabulary(staff_client: Client, mongo: Database) -> None:
    before = mongo.catalogue_versions.find_one("vocabulary")

    confirm_import(staff_client, preview_rows(staff_client, build_new_rows(1)))

    assert mongo.catalogue_versions.find_one("vocabulary") != before
    reset_caches()
    assert get_vocabulary().get_canonical_name("Skill 1") == "skill 1"


def test_stores_an_imported_skill_like_one_from_the_form(staff_client: Client, mongo: Database) -> None:
    by_form = {"name": "by form", "display_name": "X", "category": "Databases", "aliases": "x", "is_skill": "on"}
    staff_client.post(f"{LIST}add/", by_form)
    rows: list[dict[str, Any]] = [{"name": "By  File", "display_name": "X", "category": "Databases", "aliases": "x"}]

    confirm_import(staff_client, preview_rows(staff_client, rows))

    ignored = {"_id", "name", "updated_at"}
    stored = [mongo.skills.find({"name": name})[0] for name in ("by form", "by file")]
    assert {key: value for key, value in stored[1].items() if key not in ignored} == {
        key: value for key, value in stored[0].items() if key not in ignored
    }
    assert [type(row["updated_at"]) for row in stored] == [datetime] * 2


def test_import_writes_only_changed_fields_and_keeps_unknown_keys(staff_client: Client, mongo: Database) -> None:
    mongo.skills.update_one({"name": "python"}, {"$set": {"from_elsewhere": 1, "aliases": ["py"]}})
    before = mongo.skills.find({"name": "python"})[0]
    rows: list[dict[str, Any]] = [{"name": "python", "display_name": "Python 3", "slugs": ""}]

    confirm_import(staff_client, preview_rows(staff_client, rows))

    after = mongo.skills.find({"name": "python"})[0]
    assert {key for key in before if after.get(key) != before[key]} == {"display_name", "slugs", "updated_at"}
    assert SkillDocument.objects.get(name="python").slugs == []


def test_a_row_can_refer_to_a_skill_from_an_earlier_row(staff_client: Client) -> None:
    rows = build_new_rows(2, prerequisites="")
    rows[1]["prerequisites"] = "skill 1"

    confirm_import(staff_client, preview_rows(staff_client, rows))

    assert SkillDocument.objects.get(name="skill 2").prerequisites == ["skill 1"]


def get_invalid_rows(preview: Any) -> dict[int, dict[str, list[str]]]:
    return {row.number: row.error_dict for row in preview.context["result"].invalid_rows}


def test_rejects_rows_whose_prerequisites_form_a_cycle(staff_client: Client) -> None:
    SkillFactory(name="own")
    rows: list[dict[str, Any]] = [
        {"name": "python", "prerequisites": "own"},
        {"name": "own", "prerequisites": "python"},
    ]

    preview = preview_rows(staff_client, rows)

    sentence = "the prerequisites form a cycle: own → python → own."
    assert get_invalid_rows(preview) == {3: {"prerequisites": [sentence]}}


@pytest.mark.parametrize("names", [("python", "python"), ("ruff", "ruff"), ("ruff", " Ruff ")])
def test_rejects_a_second_row_for_the_same_skill(staff_client: Client, names: tuple[str, str]) -> None:
    rows: list[dict[str, Any]] = [
        {"name": name, "display_name": f"New {name}", "category": "Databases"} for name in names
    ]

    preview = preview_rows(staff_client, rows)

    assert get_invalid_rows(preview) == {3: {"name": ["There is an earlier row with this name."]}}


def call_before_each_write(patch: pytest.MonkeyPatch, method: str, callback: Callable[[int], object]) -> None:
    """Call `callback` with the number of each batch of skills before the batch is written."""
    write, batches = getattr(Collection, method), count(1)

    def call_back_and_write(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.name == "skills":
            callback(next(batches))
        return write(self, *args, **kwargs)

    patch.setattr(Collection, method, call_back_and_write)


def test_reports_rows_that_were_written_concurrently(
    staff_client: Client, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, Any]] = [*build_new_rows(3), {"name": "python", "display_name": "P", "category": "Databases"}]
    rows.append({"name": "django", "display_name": "D", "category": "Databases"})
    preview = preview_rows(staff_client, rows)
    concurrent = {"name": "skill 2", "display_name": "Theirs", "category": "Databases"}
    call_before_each_write(monkeypatch, "insert_many", lambda _: mongo.skills.insert_one(dict(concurrent)))
    change = {"$set": {"display_name": "Theirs"}}
    call_before_each_write(monkeypatch, "bulk_write", lambda _: mongo.skills.update_one({"name": "python"}, change))

    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    page = done.content.decode()
    assert "These rows became invalid after the preview and were not imported: 3, 5." in page
    assert "2 new, 1 updated" in page
    shown = {row["name"]: row["display_name"] for row in mongo.skills.find()}
    assert shown == {
        "skill 1": "Skill 1",
        "skill 2": "Theirs",
        "skill 3": "Skill 3",
        "python": "Theirs",
        "django": "D",
    }
    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == ["D", "Skill 1", "Skill 3"]


def test_reports_rows_with_unknown_outcome_when_mongodb_fails(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "BATCH_SIZE", 2)
    file = export_rows("csv", build_new_rows(6))
    preview = import_file(staff_client, "skills.csv", file, 0)

    def stop_answering(batch: int) -> None:
        if batch == 2:
            raise AutoReconnect("connection closed")

    call_before_each_write(monkeypatch, "insert_many", stop_answering)
    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    page = done.content.decode()
    assert "The import was interrupted. Some of these rows may not be imported: 4-7." in page
    assert "2 new" in page
    assert LogEntry.objects.count() == 2
    confirm_import(staff_client, import_file(staff_client, "skills.csv", file, 0))
    assert SkillDocument.objects(category="Databases").count() == 6


def test_interrupted_import_makes_every_process_reload_the_vocabulary(
    staff_client: Client, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = preview_rows(staff_client, build_new_rows(2))
    version = mongo.catalogue_versions.find_one("vocabulary")

    def stop_answering(batch: int) -> None:
        raise AutoReconnect("connection closed")

    call_before_each_write(monkeypatch, "insert_many", stop_answering)
    staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)

    assert mongo.catalogue_versions.find_one("vocabulary") != version
