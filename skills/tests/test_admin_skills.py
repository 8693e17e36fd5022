"""Curating the vocabulary in the admin."""

import html
import io
import json
import re
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import pytest
import tablib
from bson import ObjectId
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from career_navigator.cache import reset_caches
from career_navigator.document_admin import exchange
from career_navigator.document_admin.formats import CSV, JSON, XLSX, ImportRejected
from skills.documents import SkillDocument
from skills.models import Skill
from skills.selectors import vocabulary
from skills.services import seed_skills
from tests.factories import SkillFactory

LIST = "/admin/skills/skill/"
FIELDS = ("name", "display_name", "category", "subcategory", "aliases", "slugs", "prerequisites", "related", "is_skill")


@pytest.fixture
def seeded(admin_tables: None) -> None:
    entries = [
        {"name": "python", "display_name": "Python", "category": "Programming Languages", "slugs": ["python"]},
        {"name": "django", "display_name": "Django", "category": "Frameworks/Libraries", "prerequisites": ["python"]},
    ]
    seed_skills(entries=entries, now=timezone.now())


def page_of(name: str) -> str:
    return f"{LIST}{Skill.objects.get(name=name).pk}/change/"


def posted(client: Client, name: str, **changes: object) -> dict[str, object]:
    """What a browser would send for the page as it stands, with these changes."""
    form = client.get(page_of(name)).context["adminform"].form
    values = {field.name: field.value() for field in form}
    sent = {key: "" if value is None else value for key, value in values.items() if value is not False}
    return sent | changes


def test_refuses_skills_that_would_build_on_one_another(staff_client: Client, seeded: None) -> None:
    SkillFactory(name="wagtail", prerequisites=["django"])

    answer = staff_client.post(page_of("python"), posted(staff_client, "python", prerequisites="wagtail"))

    assert answer.context["adminform"].form.errors["prerequisites"] == [
        "these would build on one another: python → wagtail → django → python."
    ]


def test_a_deleted_skill_is_named_by_no_other(staff_client: Client, seeded: None) -> None:
    SkillFactory(name="own")
    SkillFactory(name="other", prerequisites=["own", "python"], related=["own"])

    staff_client.post(f"{LIST}{Skill.objects.get(name='own').pk}/delete/", {"post": "yes"})

    other = SkillDocument.objects.get(name="other")
    assert (SkillDocument.objects(name="own").count(), other.prerequisites, other.related) == (0, ["python"], [])


def test_lists_and_finds_by_alias(staff_client: Client, seeded: None) -> None:
    SkillDocument.objects.get(name="python").update(aliases=["py3"])

    page = staff_client.get(LIST, {"q": "py3"})

    assert page.status_code == 200
    assert [skill.name for skill in page.context["cl"].result_list] == ["python"]


def test_filters_by_category(staff_client: Client, seeded: None) -> None:
    page = staff_client.get(LIST, {"category": "Frameworks/Libraries"})

    assert [skill.name for skill in page.context["cl"].result_list] == ["django"]


def test_serves_an_edit_within_a_second_and_seeding_leaves_it(staff_client: Client, seeded: None) -> None:
    assert vocabulary().canonical("pythonista") is None

    answer = staff_client.post(page_of("python"), posted(staff_client, "python", aliases="pythonista\nCPython"))

    assert answer.status_code == 302, answer.context["errors"]
    reset_caches()
    assert vocabulary().canonical("pythonista") == "python"
    seed_skills(entries=[{"name": "python", "category": "Programming Languages"}], now=timezone.now())
    assert SkillDocument.objects.get(name="python").aliases == ["pythonista", "CPython"]
    assert LogEntry.objects.get().get_change_message() == "Changed Aliases."


def test_writes_only_what_changed_and_keeps_unknown_keys(staff_client: Client, seeded: None, mongo: Database) -> None:
    mongo.skills.update_one({"name": "python"}, {"$set": {"from_elsewhere": {"a": 1}}})
    before = mongo.skills.find_one({"name": "python"})

    staff_client.post(page_of("python"), posted(staff_client, "python", subcategory="Dynamic"))

    after = mongo.skills.find_one({"name": "python"})
    assert {key for key in after if after[key] != before.get(key)} == {"subcategory", "updated_at"}
    assert after["from_elsewhere"] == {"a": 1}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("category", "Cooking", "Select a valid choice"),
        ("prerequisites", "python", "by itself"),
        ("prerequisites", "no such skill", "the vocabulary has no no such skill"),
        ("display_name", "", "required"),
        ("aliases", "x" * 101, "too long"),
    ],
)
def test_tells_a_refused_value_at_its_field(
    staff_client: Client, seeded: None, field: str, value: str, message: str
) -> None:
    answer = staff_client.post(page_of("python"), posted(staff_client, "python", **{field: value}))

    assert answer.status_code == 200
    assert message in " ".join(answer.context["adminform"].form.errors[field])


def test_refuses_a_second_skill_of_a_name(staff_client: Client, seeded: None) -> None:
    new = {"name": " Python ", "display_name": "P", "category": "Databases", "is_skill": "on"}

    answer = staff_client.post(f"{LIST}add/", new)

    assert answer.context["adminform"].form.errors["name"] == ["There is another skill with this name."]


def test_adds_a_skill_in_its_canonical_form(staff_client: Client, seeded: None) -> None:
    new = {"name": " New  Skill ", "display_name": "New", "category": "Databases", "is_skill": "on"}

    answer = staff_client.post(f"{LIST}add/", new)

    assert answer.status_code == 302, answer.context["errors"]
    assert SkillDocument.objects.get(name="new skill").updated_at is not None


def test_tells_the_second_of_two_who_edit_one_skill(staff_client: Client, seeded: None) -> None:
    second = posted(staff_client, "python", subcategory="second")
    staff_client.post(page_of("python"), posted(staff_client, "python", subcategory="first"))

    answer = staff_client.post(page_of("python"), second)

    assert answer.status_code == 200
    assert "Somebody changed or deleted this" in answer.content.decode()
    assert SkillDocument.objects.get(name="python").subcategory == "first"


def test_tells_one_whose_object_changed_between_reading_and_writing(
    staff_client: Client, seeded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = posted(staff_client, "python", subcategory="mine")
    clean = Skill.full_clean

    def changed_meanwhile(self: Skill, *args: object, **kwargs: object) -> None:
        clean(self, *args, **kwargs)
        SkillDocument.objects(name="python").update(subcategory="theirs")

    monkeypatch.setattr(Skill, "full_clean", changed_meanwhile)
    answer = staff_client.post(page_of("python"), sent, follow=True)

    assert "Somebody changed or deleted this" in answer.content.decode()
    assert SkillDocument.objects.get(name="python").subcategory == "theirs"


@pytest.mark.parametrize(
    ("field", "spelling"), [("aliases", "Django"), ("slugs", "django"), ("display_name", "Django")]
)
def test_refuses_a_spelling_that_means_another_skill(
    staff_client: Client, seeded: None, field: str, spelling: str
) -> None:
    answer = staff_client.post(page_of("python"), posted(staff_client, "python", **{field: spelling}))

    assert "means &#x27;django&#x27;" in answer.content.decode()
    assert SkillDocument.objects.get(name="python").aliases == []


def test_shows_history(staff_client: Client, seeded: None) -> None:
    staff_client.post(page_of("python"), posted(staff_client, "python", subcategory="Dynamic"))

    history = staff_client.get(f"{LIST}{Skill.objects.get(name='python').pk}/history/")

    assert "Changed Subcategory." in history.content.decode()


def test_calls_a_skill_no_skill_in_bulk(staff_client: Client, seeded: None) -> None:
    chosen = [str(skill.pk) for skill in Skill.objects.all()]

    staff_client.post(LIST, {"action": "call_no_skills", "_selected_action": chosen})

    assert SkillDocument.objects(is_skill=False).count() == 2
    assert LogEntry.objects.count() == 2


def test_does_not_delete_what_seeding_would_bring_back(staff_client: Client, seeded: None) -> None:
    skill = Skill.objects.get(name="django")

    answer = staff_client.post(f"{LIST}{skill.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert SkillDocument.objects(name="django").count() == 1


def test_deletes_what_a_curator_added(staff_client: Client, seeded: None) -> None:
    document = SkillFactory(name="mine", category="Databases")

    answer = staff_client.post(f"{LIST}{document.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert SkillDocument.objects(name="mine").count() == 0


def test_shows_nothing_of_a_missing_skill(staff_client: Client, seeded: None) -> None:
    answer = staff_client.get(f"{LIST}{ObjectId()}/change/")

    assert answer.status_code == 302


def imported(client: Client, name: str, content: bytes, format_number: int) -> object:
    file = SimpleUploadedFile(name, content)
    return client.post(f"{LIST}import/", {"import_file": file, "format": str(format_number), "resource": "0"})


def test_a_preview_shows_what_would_change_and_counts_the_rest(staff_client: Client, seeded: None) -> None:
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


@pytest.mark.parametrize(("number", "kind"), [(0, "csv"), (1, "json"), (2, "xlsx")])
def test_imports_rows_after_a_preview(staff_client: Client, seeded: None, number: int, kind: str) -> None:
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
def test_imports_csv_as_spreadsheets_of_all_countries_write_it(
    staff_client: Client, seeded: None, content: bytes
) -> None:
    confirmed(staff_client, imported(staff_client, "skills.csv", content, 0))

    assert SkillDocument.objects.get(name="béton").display_name == "Béton"


def test_shows_every_bad_row_and_imports_none(staff_client: Client, seeded: None) -> None:
    rows = [
        {"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies", "prerequisites": ""},
        {"name": "black", "display_name": "Black", "category": "Cooking", "prerequisites": ""},
        {"name": "mypy", "display_name": "", "category": "Databases", "prerequisites": "nothing known"},
    ]

    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)

    text = preview.content.decode()
    assert "confirm_form" not in preview.context
    assert [row.number for row in preview.context["result"].invalid_rows] == [2, 3]
    assert "Cooking" in text
    assert SkillDocument.objects.count() == 2


def test_says_of_each_bad_row_what_is_wrong_by_field_and_that_nothing_is_imported(
    staff_client: Client, seeded: None
) -> None:
    rows = [
        {"name": "black", "display_name": "Black", "category": "Cooking", "aliases": "b", "prerequisites": ""},
        {"name": "mypy", "display_name": "", "category": "Databases", "aliases": "x" * 101, "prerequisites": "no"},
    ]

    text = imported(staff_client, "skills.csv", rows_as("csv", rows), 0).content.decode()

    table = text.partition('id="refused-rows"')[2].partition("</table>")[0]
    cells = re.findall(r"<p><b>(\w+)</b>: ([^<]+)</p>", table)
    assert "Nothing is imported" in text
    assert [field for field, _ in cells] == ["category", "display_name", "aliases", "prerequisites"]


def test_takes_nothing_for_yes_or_no_and_for_text_that_is_neither(staff_client: Client, seeded: None) -> None:
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


def test_names_columns_that_mean_nothing(staff_client: Client, seeded: None) -> None:
    rows = [{"name": "python", "display_nam": "Python!"}]

    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)

    assert "confirm_form" not in preview.context
    text = preview.content.decode()
    assert "columns that mean nothing here: display_nam" in text
    assert "Traceback" not in text


def test_a_file_is_imported_once(staff_client: Client, seeded: None) -> None:
    rows = [{"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies"}]
    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)

    confirmed(staff_client, preview)
    again = confirmed(staff_client, preview)

    assert "The file is no longer kept" in again.content.decode()
    assert SkillDocument.objects(name="ruff").count() == 1


def test_tells_which_rows_were_refused_since_the_preview(staff_client: Client, seeded: None) -> None:
    rows = [
        {"name": "ruff", "display_name": "Ruff", "category": "Databases", "prerequisites": "django"},
        {"name": "black", "display_name": "Black", "category": "Databases", "prerequisites": ""},
    ]
    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)
    SkillDocument.objects(name="django").delete()
    reset_caches()

    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    assert "These rows were refused meanwhile and are not imported: 1." in done.content.decode()
    assert {skill.name for skill in SkillDocument.objects} == {"python", "black"}


def new_skills(most: int, **values: object) -> list[dict[str, object]]:
    names = [f"skill {number}" for number in range(1, most + 1)]
    return [{"name": name, "display_name": name.title(), "category": "Databases", **values} for name in names]


def test_asks_mongodb_no_more_for_many_rows_than_for_few(
    staff_client: Client, seeded: None, whole_commands: list[Mapping[str, Any]]
) -> None:
    def list_commands(rows: list[dict[str, object]]) -> list[str]:
        reset_caches()
        whole_commands.clear()
        confirmed(staff_client, imported(staff_client, "skills.csv", rows_as("csv", rows), 0))
        sent = [next(iter(command.items())) for command in whole_commands]
        return [name for name, collection in sent if collection in {"skills", "django_admin_log"}]

    links = {"prerequisites": "python", "related": "django"}
    few = list_commands(new_skills(2, **links)), list_commands(new_skills(2, **links, aliases="changed"))
    SkillDocument.objects(category="Databases").delete()
    many = list_commands(new_skills(40, **links)), list_commands(new_skills(40, **links, aliases="changed"))

    assert many == few
    assert SkillDocument.objects(aliases="changed").count() == 40


def test_serves_what_was_imported_in_every_process(staff_client: Client, seeded: None, mongo: Database) -> None:
    before = mongo.catalogue_versions.find_one("vocabulary")

    confirmed(staff_client, imported(staff_client, "skills.csv", rows_as("csv", new_skills(1)), 0))

    assert mongo.catalogue_versions.find_one("vocabulary") != before
    reset_caches()
    assert vocabulary().canonical("Skill 1") == "skill 1"


def test_stores_an_imported_skill_as_its_form_does(staff_client: Client, seeded: None, mongo: Database) -> None:
    by_form = {"name": "by form", "display_name": "X", "category": "Databases", "aliases": "x", "is_skill": "on"}
    staff_client.post(f"{LIST}add/", by_form)
    rows = [{"name": "By  File", "display_name": "X", "category": "Databases", "aliases": "x"}]

    confirmed(staff_client, imported(staff_client, "skills.csv", rows_as("csv", rows), 0))

    own = {"_id", "name", "updated_at"}
    stored = [mongo.skills.find_one({"name": name}) for name in ("by form", "by file")]
    assert {key: value for key, value in stored[1].items() if key not in own} == {
        key: value for key, value in stored[0].items() if key not in own
    }
    assert [type(row["updated_at"]) for row in stored] == [datetime] * 2


def test_an_import_writes_only_what_changed_and_keeps_unknown_keys(
    staff_client: Client, seeded: None, mongo: Database
) -> None:
    mongo.skills.update_one({"name": "python"}, {"$set": {"from_elsewhere": 1, "aliases": ["py"]}})
    before = mongo.skills.find_one({"name": "python"})
    rows = [{"name": "python", "display_name": "Python 3", "slugs": ""}]

    confirmed(staff_client, imported(staff_client, "skills.csv", rows_as("csv", rows), 0))

    after = mongo.skills.find_one({"name": "python"})
    assert {key for key in before if after.get(key) != before[key]} == {"display_name", "slugs", "updated_at"}
    assert SkillDocument.objects.get(name="python").slugs == []


def test_a_row_may_name_what_an_earlier_row_brings(staff_client: Client, seeded: None) -> None:
    rows = new_skills(2, prerequisites="")
    rows[1]["prerequisites"] = "skill 1"

    confirmed(staff_client, imported(staff_client, "skills.csv", rows_as("csv", rows), 0))

    assert SkillDocument.objects.get(name="skill 2").prerequisites == ["skill 1"]


def refused_rows(preview: Any) -> dict[int, dict[str, list[str]]]:
    return {row.number: row.error_dict for row in preview.context["result"].invalid_rows}


def test_refuses_rows_that_would_build_on_one_another(staff_client: Client, seeded: None) -> None:
    SkillFactory(name="own")
    rows = [{"name": "python", "prerequisites": "own"}, {"name": "own", "prerequisites": "python"}]

    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)

    sentence = "these would build on one another: own → python → own."
    assert refused_rows(preview) == {2: {"prerequisites": [sentence]}}


@pytest.mark.parametrize("names", [("python", "python"), ("ruff", "ruff"), ("ruff", " Ruff ")])
def test_refuses_a_row_of_the_skill_of_an_earlier_row(
    staff_client: Client, seeded: None, names: tuple[str, str]
) -> None:
    rows = [{"name": name, "display_name": f"New {name}", "category": "Databases"} for name in names]

    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)

    assert refused_rows(preview) == {2: {"name": ["There is an earlier row with this name."]}}


def before_the_write(patch: pytest.MonkeyPatch, method: str, act: Callable[[int], object]) -> None:
    """Call `act` with the number of each batch of skills before that is written."""
    write, batches = getattr(Collection, method), count(1)

    def acted(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.name == "skills":
            act(next(batches))
        return write(self, *args, **kwargs)

    patch.setattr(Collection, method, acted)


def test_tells_which_rows_somebody_else_added_or_changed_during_the_import(
    staff_client: Client, seeded: None, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*new_skills(3), {"name": "python", "display_name": "P", "category": "Databases"}]
    rows.append({"name": "django", "display_name": "D", "category": "Databases"})
    preview = imported(staff_client, "skills.csv", rows_as("csv", rows), 0)
    theirs = {"name": "skill 2", "display_name": "Theirs", "category": "Databases"}
    before_the_write(monkeypatch, "insert_many", lambda _: mongo.skills.insert_one(dict(theirs)))
    change = {"$set": {"display_name": "Theirs"}}
    before_the_write(monkeypatch, "bulk_write", lambda _: mongo.skills.update_one({"name": "python"}, change))

    done = staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial, follow=True)

    page = done.content.decode()
    assert "These rows were refused meanwhile and are not imported: 2, 4." in page
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
    staff_client: Client, seeded: None, monkeypatch: pytest.MonkeyPatch
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
    assert "The import was interrupted: some of these rows are not imported: 3-6." in page
    assert "2 new" in page
    assert LogEntry.objects.count() == 2
    confirmed(staff_client, imported(staff_client, "skills.csv", file, 0))
    assert SkillDocument.objects(category="Databases").count() == 6


def test_makes_every_process_load_again_where_an_import_was_interrupted(
    staff_client: Client, seeded: None, mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = imported(staff_client, "skills.csv", rows_as("csv", new_skills(2)), 0)
    version = mongo.catalogue_versions.find_one("vocabulary")

    def stop_answering(batch: int) -> None:
        raise AutoReconnect("connection closed")

    before_the_write(monkeypatch, "insert_many", stop_answering)
    staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)

    assert mongo.catalogue_versions.find_one("vocabulary") != version


@pytest.mark.parametrize(("number", "kind"), [(0, "csv"), (1, "json"), (2, "xlsx")])
def test_exports_what_import_takes(staff_client: Client, seeded: None, number: int, kind: str) -> None:
    form = {"format": str(number), "resource": "0"} | {f"skillresource_{name}": "on" for name in FIELDS}

    answer = staff_client.post(f"{LIST}export/", form)

    content = answer.content if kind == "xlsx" else answer.content.decode("utf-8-sig")
    rows = (
        json.loads(content)
        if kind == "json"
        else tablib.Dataset().load(io.BytesIO(content) if kind == "xlsx" else content, format=kind).dict
    )
    assert [row["name"] for row in rows] == ["django", "python"]
    assert rows[0]["prerequisites"] == "python"
    assert imported(staff_client, f"skills.{kind}", answer.content, number).context["result"].totals["skip"] == 2


def test_lets_only_look_who_may_only_look(limited_client: Any, seeded: None) -> None:
    client = limited_client("view_skill")

    page = client.get(page_of("python"))

    assert page.status_code == 200
    assert not re.search(r'<(input|textarea)[^>]+name="aliases"', page.content.decode())
    assert client.post(page_of("python"), {"aliases": "x"}).status_code == 403
    assert client.get(f"{LIST}import/").status_code == 403
    assert client.get(f"{LIST}merge/", {"name": ["python", "django"]}).status_code == 403


def test_shows_nothing_to_who_may_do_nothing(limited_client: Any, seeded: None) -> None:
    client = limited_client()

    assert client.get(LIST).status_code == 403
    assert client.get(page_of("python")).status_code == 403


def xlsx_of(sheet_xml: str, **parts: bytes) -> bytes:
    """An XLSX file with this sheet, as tools other than ours may write it, and other parts by their names."""
    dataset = tablib.Dataset(["python", "Python"], headers=["name", "display_name"])
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(dataset.export("xlsx"))) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
            part = parts.get(entry.filename.rpartition("/")[2].partition(".")[0])
            target.writestr(entry.filename, sheet_xml.encode() if is_sheet else part or source.read(entry))
    return written.getvalue()


def sheet_of(rows: str, dimension: str = "") -> str:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}">{dimension}<sheetData>{rows}</sheetData></worksheet>'


def row_of(number: int, *values: str) -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{value}</t></is></c>' for value in values)
    return f'<row r="{number}">{cells}</row>'


HEADERS = row_of(1, "name", "display_name")
TOO_MANY_ROWS = "The file has more than 3,000 rows; split it."
TOO_MANY_CELLS = "The file has too many cells or styles"
STYLES = b'<?xml version="1.0" encoding="utf-8"?><styleSheet><fonts>' + b"<font/>" * 30_000 + b"</fonts></styleSheet>"


@pytest.mark.parametrize(
    ("name", "number", "content", "sentence"),
    [
        ("large.csv", 0, lambda: b"name\n" + b"x" * 2_000_001, "The file is larger than 2 MB; split it."),
        ("large.json", 1, lambda: b"[" + b" " * 2_000_001 + b"]", "The file is larger than 2 MB; split it."),
        ("large.xlsx", 2, lambda: b"PK" * 1_000_001, "The file is larger than 2 MB; split it."),
        ("rows.csv", 0, lambda: b"name\n" + b"x\n" * 3_001, TOO_MANY_ROWS),
        ("rows.json", 1, lambda: json.dumps([{"name": "x"}] * 3_001).encode(), TOO_MANY_ROWS),
        ("blank.csv", 0, lambda: b"name\n" * 300_000, TOO_MANY_ROWS),
        ("objects.json", 1, lambda: b"[" + b"{}," * 600_000 + b"{}]", TOO_MANY_ROWS),
        (
            "bomb.xlsx",
            2,
            lambda: xlsx_of(sheet_of(HEADERS + "".join(row_of(n, "a" * 200, "b" * 300) for n in range(2, 140_000)))),
            "The file unpacks to more than 20 MB.",
        ),
        (
            "rows.xlsx",
            2,
            lambda: xlsx_of(sheet_of(HEADERS + "".join(row_of(n, "a", "b") for n in range(2, 3_003)))),
            TOO_MANY_ROWS,
        ),
        ("far.xlsx", 2, lambda: xlsx_of(sheet_of(HEADERS + row_of(1_048_576, "a", "b"))), TOO_MANY_ROWS),
        ("columns.csv", 0, lambda: b"," * 101, "Row 0 has more than 100 cells."),
        (
            "wide.xlsx",
            2,
            lambda: xlsx_of(sheet_of(HEADERS + '<row r="2"><c r="XFD2"><v>1</v></c></row>')),
            "Row 1 has more than 100 cells.",
        ),
        (
            "beside.xlsx",
            2,
            lambda: xlsx_of(sheet_of(HEADERS + row_of(2, "a", "b", "c"))),
            "Row 1 has more cells than the first line has names.",
        ),
        ("cells.xlsx", 2, lambda: xlsx_of(sheet_of(f"{HEADERS}<row>{'<c/>' * 500_000}</row>")), TOO_MANY_CELLS),
        ("styles.xlsx", 2, lambda: xlsx_of(sheet_of(HEADERS), styles=STYLES), TOO_MANY_CELLS),
        (
            "encoded.xlsx",
            2,
            lambda: xlsx_of(sheet_of(HEADERS), styles=STYLES.replace(b"utf-8", b"shift_jis")),
            "A part of the file is damaged",
        ),
        (
            "entities.xlsx",
            2,
            lambda: xlsx_of('<!DOCTYPE x [<!ENTITY a "b">]>' + sheet_of(HEADERS)),
            "The file declares a document type",
        ),
        ("empty.xlsx", 2, lambda: xlsx_of(sheet_of("")), "The file has no row."),
        ("no.xlsx", 2, lambda: b"name,display_name\n", "The file is not an XLSX file."),
        ("deep.json", 1, lambda: b"[" * 100_000, "The file is not valid JSON"),
        (
            "nested.json",
            1,
            lambda: b'[{"name": ' + b"[" * 100 + b"]" * 100 + b"}]",
            "A value is nested deeper than 5 levels.",
        ),
        ("surrogate.json", 1, lambda: rb'[{"name": "\ud800"}]', "The file is not valid JSON"),
        ("object.json", 1, lambda: b'{"name": "x"}', "The file has to be a list of objects, one per row."),
        ("numbers.json", 1, lambda: b"[1, 2]", "The file has to be a list of objects, one per row."),
    ],
)
def test_rejects_a_file_beyond_bounds_before_it_reads_it(
    staff_client: Client, seeded: None, redis: Any, name: str, number: int, content: Any, sentence: str
) -> None:
    answer = imported(staff_client, name, content(), number)

    assert answer.status_code == 200
    assert sentence in html.unescape(answer.content.decode())
    assert "confirm_form" not in answer.context
    assert SkillDocument.objects.count() == 2


def xlsx_with_part_that_understates(size: int, compression: int) -> bytes:
    """An XLSX file with a part of this size, of which its directory says that it has a byte."""
    written = io.BytesIO(xlsx_of(sheet_of(HEADERS + row_of(2, "a", "b"))))
    with zipfile.ZipFile(written, "a", compression) as archive:
        archive.writestr("understated.xml", b" " * size)
    content = bytearray(written.getvalue())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 16 : entry + 20] = zlib.crc32(b" ").to_bytes(4, "little")
    content[entry + 24 : entry + 28] = (1).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unpacks_no_more_of_a_part_than_it_states(compression: int) -> None:
    content = xlsx_with_part_that_understates(100_000_000, compression)

    tracemalloc.start()
    with pytest.raises(ImportRejected):
        XLSX().create_dataset(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10_000_000


def test_a_sheet_may_claim_the_largest_size_there_is(staff_client: Client, seeded: None) -> None:
    rows = HEADERS + row_of(2, "python", "Python 3") + row_of(3, "django")

    answer = imported(staff_client, "skills.xlsx", xlsx_of(sheet_of(rows, '<dimension ref="A1:XFD1048576"/>')), 2)

    assert answer.context["result"].totals["update"] == 1
    assert answer.context["result"].total_rows == 2


def test_reads_as_many_rows_as_are_allowed() -> None:
    rows = "".join(row_of(n, "a", "b") for n in range(2, 3_002))

    datasets = [
        CSV().create_dataset("name,display_name\n" + 'x,"two\nlines"\n' * 3_000),
        JSON().create_dataset(json.dumps([{"name": "x"}] * 3_000)),
        XLSX().create_dataset(xlsx_of(sheet_of(HEADERS + rows))),
    ]

    assert [dataset.height for dataset in datasets] == [3_000] * 3


FORMULAS = ("=1+1", "==cmd|calc!A1", "+SUM(1)", "-2+3", "@evil", "\t=1+1", "\r=1", "＝1+1", "'=1")


@pytest.mark.parametrize("format_class", [CSV, XLSX])
def test_exports_a_formula_as_text_and_imports_what_it_exported(settings: Any, format_class: Any) -> None:
    texts = [*FORMULAS, "plain", "it's", "'quoted'", "1 = 1", "-", ""]
    dataset = tablib.Dataset(*([text] for text in texts), headers=["name"])

    content = format_class().export_data(dataset)

    read = (
        tablib.Dataset().load(content if isinstance(content, bytes) else content.removeprefix("\ufeff"), format="csv")
        if format_class is CSV
        else tablib.Dataset().load(io.BytesIO(content), format="xlsx")
    )
    assert not [cell for cell in read["name"] if cell and cell[0] in "=+-@\t\r＝"]
    kept = format_class().create_dataset(content.encode() if isinstance(content, str) else content)["name"]
    assert [cell or "" for cell in kept] == [text.removeprefix("'") if text == "'=1" else text for text in texts]


def test_exports_csv_with_a_byte_order_mark(staff_client: Client, seeded: None) -> None:
    forms = [{"format": str(number), "resource": "0", "skillresource_name": "on"} for number in (0, 1)]

    csv_file, json_file = (staff_client.post(f"{LIST}export/", form) for form in forms)

    assert csv_file.content.startswith(b"\xef\xbb\xbfname")
    assert csv_file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert json_file.content.startswith(b"[")
