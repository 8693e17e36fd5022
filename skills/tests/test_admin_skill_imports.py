"""Importing skills in the admin: the preview, what is refused, and what is written."""

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
from skills.tests.admin_pages import LIST, imported
from tests.factories import SkillFactory

pytestmark = pytest.mark.usefixtures("python_and_django")


def test_a_preview_shows_what_would_change_and_counts_the_rest(staff_client: Client) -> None:
    rows = [{"name": "python", "display_name": "Python 3"}, {"name": "django", "display_name": "Django"}]

    page = imported(staff_client, "skills.json", json.dumps(rows).encode(), 1).content.decode()

    assert "0 new, 1 changed, 1 as they are stored already." in page
    assert page.count("<td>Changed</td>") == 1


def confirmed(client: Client, preview: object) -> object:
    return client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)


def rows_as(kind: str, rows: list[dict[str, object]]) -> bytes:
    dataset = tablib.Dataset(headers=[*rows[0]])
    for row in rows:
        dataset.append([*row.values()])
    content = dataset.export(kind)
    return content if isinstance(content, bytes) else content.encode()


def preview_rows(client: Client, rows: list[dict[str, object]]) -> Any:
    return imported(client, "skills.csv", rows_as("csv", rows), 0)


@pytest.mark.parametrize(("number", "kind"), [(0, "csv"), (1, "json"), (2, "xlsx")])
def test_imports_rows_after_a_preview(staff_client: Client, number: int, kind: str) -> None:
    rows = [
        {"name": "python", "display_name": "Python!", "category": "Programming Languages", "aliases": "py\npy3"},
        {"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies", "aliases": ""},
    ]

    preview = imported(staff_client, f"skills.{kind}", rows_as(kind, rows), number)

    assert SkillDocument.objects.count() == 2
    done = confirmed(staff_client, preview)
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
def test_imports_csv_as_spreadsheets_of_all_countries_write_it(staff_client: Client, content: bytes) -> None:
    confirmed(staff_client, imported(staff_client, "skills.csv", content, 0))

    assert SkillDocument.objects.get(name="béton").display_name == "Béton"


def test_shows_every_bad_row_and_imports_none(staff_client: Client) -> None:
    rows = [
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


def test_says_of_each_bad_row_what_is_wrong_by_field_and_that_nothing_is_imported(staff_client: Client) -> None:
    rows = [
        {"name": "black", "display_name": "Black", "category": "Cooking", "aliases": "b", "prerequisites": ""},
        {"name": "mypy", "display_name": "", "category": "Databases", "aliases": "x" * 101, "prerequisites": "no"},
    ]

    text = preview_rows(staff_client, rows).content.decode()

    table = text.partition('id="refused-rows"')[2].partition("</table>")[0]
    cells = re.findall(r"<p><b>(\w+)</b>: ([^<]+)</p>", table)
    assert "Nothing is imported" in text
    assert [field for field, _ in cells] == ["category", "display_name", "aliases", "prerequisites"]


def test_takes_nothing_for_yes_or_no_and_for_text_that_is_neither(staff_client: Client) -> None:
    rows = [
        {"name": "ruff", "display_name": "Ruff", "category": "Databases", "aliases": [], "is_skill": "maybe"},
        {"name": "black", "display_name": "Black", "category": "Databases", "aliases": {"a": 1}, "is_skill": True},
    ]

    preview = imported(staff_client, "skills.json", json.dumps(rows).encode(), 1)

    assert "confirm_form" not in preview.context
    text = preview.content.decode()
    assert "is neither true nor false" in text
    assert "has to be text" in text
    assert SkillDocument.objects.count() == 2


def test_names_columns_that_mean_nothing(staff_client: Client) -> None:
    rows = [{"name": "python", "display_nam": "Python!"}]

    preview = preview_rows(staff_client, rows)

    assert "confirm_form" not in preview.context
    text = preview.content.decode()
    assert "columns that mean nothing here: display_nam" in text
    assert "Traceback" not in text


def test_a_file_is_imported_once(staff_client: Client) -> None:
    rows = [{"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies"}]
    preview = preview_rows(staff_client, rows)

    confirmed(staff_client, preview)
    again = confirmed(staff_client, preview)

    assert "The file is no longer kept" in again.content.decode()
    assert SkillDocument.objects(name="ruff").count() == 1


def test_tells_which_rows_were_refused_since_the_preview(staff_client: Client) -> None:
    rows = [
        {"name": "ruff", "display_name": "Ruff", "category": "Databases", "prerequisites": "django"},
        {"name": "black", "display_name": "Black", "category": "Databases", "prerequisites": ""},
    ]
    preview = preview_rows(staff_client, rows)
    SkillDocument.objects(name="django").delete()
    reset_caches()

    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    assert "These rows were refused meanwhile and are not imported: 2." in done.content.decode()
    assert {skill.name for skill in SkillDocument.objects} == {"python", "black"}


def new_skills(most: int, **values: object) -> list[dict[str, object]]:
    names = [f"skill {number}" for number in range(1, most + 1)]
    return [{"name": name, "display_name": name.title(), "category": "Databases", **values} for name in names]


def test_asks_mongodb_no_more_for_many_rows_than_for_few(
    staff_client: Client, whole_commands: list[Mapping[str, Any]]
) -> None:
    def list_commands(rows: list[dict[str, object]]) -> list[str]:
        reset_caches()
        whole_commands.clear()
        confirmed(staff_client, preview_rows(staff_client, rows))
        sent = [next(iter(command.items())) for command in whole_commands]
        return [name for name, collection in sent if collection in {"skills", "django_admin_log"}]

    links = {"prerequisites": "python", "related": "django"}
    few = list_commands(new_skills(2, **links)), list_commands(new_skills(2, **links, aliases="changed"))
    SkillDocument.objects(category="Databases").delete()
    many = list_commands(new_skills(40, **links)), list_commands(new_skills(40, **links, aliases="changed"))

    assert many == few
    assert SkillDocument.objects(aliases="changed").count() == 40


def test_serves_what_was_imported_in_every_process(staff_client: Client, mongo: Database) -> None:
    before = mongo.catalogue_versions.find_one("vocabulary")

    confirmed(staff_client, preview_rows(staff_client, new_skills(1)))

    assert mongo.catalogue_versions.find_one("vocabulary") != before
    reset_caches()
    assert get_vocabulary().canonical("Skill 1") == "skill 1"


def test_stores_an_imported_skill_as_its_form_does(staff_client: Client, mongo: Database) -> None:
    by_form = {"name": "by form", "display_name": "X", "category": "Databases", "aliases": "x", "is_skill": "on"}
    staff_client.post(f"{LIST}add/", by_form)
    rows = [{"name": "By  File", "display_name": "X", "category": "Databases", "aliases": "x"}]

    confirmed(staff_client, preview_rows(staff_client, rows))

    own = {"_id", "name", "updated_at"}
    stored = [mongo.skills.find_one({"name": name}) for name in ("by form", "by file")]
    assert {key: value for key, value in stored[1].items() if key not in own} == {
        key: value for key, value in stored[0].items() if key not in own
    }
    assert [type(row["updated_at"]) for row in stored] == [datetime] * 2


def test_an_import_writes_only_what_changed_and_keeps_unknown_keys(staff_client: Client, mongo: Database) -> None:
    mongo.skills.update_one({"name": "python"}, {"$set": {"from_elsewhere": 1, "aliases": ["py"]}})
    before = mongo.skills.find_one({"name": "python"})
    rows = [{"name": "python", "display_name": "Python 3", "slugs": ""}]

    confirmed(staff_client, preview_rows(staff_client, rows))

    after = mongo.skills.find_one({"name": "python"})
    assert {key for key in before if after.get(key) != before[key]} == {"display_name", "slugs", "updated_at"}
    assert SkillDocument.objects.get(name="python").slugs == []


def test_a_row_may_name_what_an_earlier_row_brings(staff_client: Client) -> None:
    rows = new_skills(2, prerequisites="")
    rows[1]["prerequisites"] = "skill 1"

    confirmed(staff_client, preview_rows(staff_client, rows))

    assert SkillDocument.objects.get(name="skill 2").prerequisites == ["skill 1"]


def refused_rows(preview: Any) -> dict[int, dict[str, list[str]]]:
    return {row.number: row.error_dict for row in preview.context["result"].invalid_rows}


def test_refuses_rows_that_would_build_on_one_another(staff_client: Client) -> None:
    SkillFactory(name="own")
    rows = [{"name": "python", "prerequisites": "own"}, {"name": "own", "prerequisites": "python"}]

    preview = preview_rows(staff_client, rows)

    sentence = "these would build on one another: own → python → own."
    assert refused_rows(preview) == {3: {"prerequisites": [sentence]}}


@pytest.mark.parametrize("names", [("python", "python"), ("ruff", "ruff"), ("ruff", " Ruff ")])
def test_refuses_a_row_of_the_skill_of_an_earlier_row(staff_client: Client, names: tuple[str, str]) -> None:
    rows = [{"name": name, "display_name": f"New {name}", "category": "Databases"} for name in names]

    preview = preview_rows(staff_client, rows)

    assert refused_rows(preview) == {3: {"name": ["There is an earlier row with this name."]}}


def before_the_write(patch: pytest.MonkeyPatch, method: str, act: Callable[[int], object]) -> None:
    """Call `act` with the number of each batch of skills before that is written."""
    write, batches = getattr(Collection, method), count(1)

    def acted(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.name == "skills":
            act(next(batches))
        return write(self, *args, **kwargs)

    patch.setattr(Collection, method, acted)


def test_tells_which_rows_somebody_else_added_or_changed_during_the_import(
    staff_client: Client, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*new_skills(3), {"name": "python", "display_name": "P", "category": "Databases"}]
    rows.append({"name": "django", "display_name": "D", "category": "Databases"})
    preview = preview_rows(staff_client, rows)
    theirs = {"name": "skill 2", "display_name": "Theirs", "category": "Databases"}
    before_the_write(monkeypatch, "insert_many", lambda _: mongo.skills.insert_one(dict(theirs)))
    change = {"$set": {"display_name": "Theirs"}}
    before_the_write(monkeypatch, "bulk_write", lambda _: mongo.skills.update_one({"name": "python"}, change))

    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    page = done.content.decode()
    assert "These rows were refused meanwhile and are not imported: 3, 5." in page
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


def test_tells_which_rows_are_perhaps_not_imported_when_mongodb_stops_answering(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "BATCH_SIZE", 2)
    file = rows_as("csv", new_skills(6))
    preview = imported(staff_client, "skills.csv", file, 0)

    def stop_answering(batch: int) -> None:
        if batch == 2:
            raise AutoReconnect("connection closed")

    before_the_write(monkeypatch, "insert_many", stop_answering)
    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    page = done.content.decode()
    assert "The import was interrupted: some of these rows are not imported: 4-7." in page
    assert "2 new" in page
    assert LogEntry.objects.count() == 2
    confirmed(staff_client, imported(staff_client, "skills.csv", file, 0))
    assert SkillDocument.objects(category="Databases").count() == 6


def test_makes_every_process_load_again_where_an_import_was_interrupted(
    staff_client: Client, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = preview_rows(staff_client, new_skills(2))
    version = mongo.catalogue_versions.find_one("vocabulary")

    def stop_answering(batch: int) -> None:
        raise AutoReconnect("connection closed")

    before_the_write(monkeypatch, "insert_many", stop_answering)
    staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)

    assert mongo.catalogue_versions.find_one("vocabulary") != version
