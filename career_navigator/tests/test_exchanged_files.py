"""Export and import of all curated documents: round trips, equivalent spellings and partial imports."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import tablib
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pymongo.database import Database

from career_navigator.cache import reset_caches
from career_navigator.document_admin.formats import CSV, JSON, XLSX
from career_navigator.tests.exchange import KINDS, build_csv, confirm, export_file, list_rejections
from learning.documents import LearningResourceDocument
from projects.documents import ProjectIdeaDocument
from projects.services import seed_ideas
from skills.documents import SkillDocument
from skills.services import seed_skills

SKILLS, RESOURCES, IDEAS = "skills/skill", "learning/learningresource", "projects/projectidea"
COLLECTIONS = {SKILLS: "skills", RESOURCES: "learning_resources", IDEAS: "project_ideas"}
# Texts that are easy to parse incorrectly.
ODD_TEXTS = ['Login; with "code"', '"Quoted" first', "=1+1", "Add, correct and void", "Größe, 日本"]


@pytest.fixture(autouse=True)
def curated_objects(admin_tables: None) -> None:
    """Store objects of each kind, including hidden ones and ones with odd texts."""
    now = timezone.now()
    python = {"name": "python", "display_name": "Python", "aliases": ["py", "CPython"], "slugs": ["python"]}
    javascript = {"name": "javascript", "display_name": "JavaScript", "aliases": ["JS"]}
    django = {"name": "django", "display_name": "Django", "prerequisites": ["python"], "related": ["javascript"]}
    seed_skills(
        entries=[python | {"category": "Programming Languages"}, javascript, django, {"name": "go", "is_skill": False}],
        now=now,
    )
    reset_caches()
    SkillDocument(name="odd", display_name="Odd", aliases=["a, b", 'say "c"; d', "plain"]).save()
    idea = {"title": "Idea", "description": "One.\n\nTwo.", "difficulty": "Beginner", "estimated_time": "1 week"}
    ideas = [
        idea | {"id": number, "skills": ["python", "javascript"], "roles": ["VP, Engineering", "Developer"]} | texts
        for number, texts in enumerate(
            [
                {"features": ODD_TEXTS, "stretch": []},
                *({"features": [text], "stretch": ["Go on"]} for text in ODD_TEXTS),
            ],
            1,
        )
    ]
    seed_ideas(entries=ideas, now=now)
    for hidden in (None, True):
        LearningResourceDocument(
            skill="python",
            type="Documentation",
            title="=Docs",
            url=f"https://docs.example.org/{hidden}",
            description="From the beginning; to the end.\nTwo lines.",
            level="Beginner",
            free=bool(hidden),
            hidden=hidden,
        ).save()
    ProjectIdeaDocument.objects(id=2).update(set__hidden=True)
    reset_caches()


Preview = Callable[..., Any]


@pytest.fixture
def preview(staff_client: Client) -> Preview:
    def upload(page: str, content: bytes, kind: str = "csv") -> Any:
        file = SimpleUploadedFile(f"file.{kind}", content)
        form = {"import_file": file, "format": str(KINDS.index(kind)), "resource": "0"}
        return staff_client.post(f"/admin/{page}/import/", form)

    return upload


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", COLLECTIONS)
def test_importing_an_export_changes_nothing(staff_client: Client, preview: Preview, page: str, kind: str) -> None:
    content = export_file(staff_client, page, kind)

    result = preview(page, content, kind).context["result"]

    assert result.total_rows > 1
    assert (result.totals["skip"], result.base_errors) == (result.total_rows, [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", COLLECTIONS)
def test_importing_an_export_restores_deleted_objects(
    staff_client: Client, preview: Preview, mongo: Database[Any], page: str, kind: str
) -> None:
    def contents() -> list[dict[str, Any]]:
        passed = {"_id": 0, "seed_hash": 0, "seed_key": 0, "updated_at": 0, "merged_names": 0}
        rows = mongo[COLLECTIONS[page]].find({}, passed).sort([("name", 1), ("url", 1), ("title", 1), ("_id", 1)])
        return [{name: value for name, value in row.items() if value not in (None, [], "")} for row in rows]

    before, content = contents(), export_file(staff_client, page, kind)
    mongo[COLLECTIONS[page]].delete_many({})
    reset_caches() if page == SKILLS else None

    response = preview(page, content, kind)
    assert "confirm_form" in response.context, response.content.decode()
    confirm(staff_client, page, response.context["confirm_form"])

    assert contents() == before


@pytest.mark.parametrize(
    ("page", "row"),
    [
        (SKILLS, {"name": "JS", "display_name": " JavaScript "}),
        (SKILLS, {"name": "PYTHON", "category": "programming  languages", "aliases": "CPYTHON; PY", "is_skill": "Yes"}),
        (SKILLS, {"name": "django", "prerequisites": "PY", "related": "Js;", "is_skill": ""}),
        (SKILLS, {"name": "go", "is_skill": "nein", "category": ""}),
        (SKILLS, {"Name": "Django", "Display Name": "Django"}),
        (RESOURCES, {"skill": "Py", "url": " https://docs.example.org/None ", "free": "NO", "hidden": "no"}),
        (RESOURCES, {"skill": "python", "url": "https://docs.example.org/True", "free": "1", "hidden": "TRUE"}),
        (RESOURCES, {"skill": "python", "url": "https://docs.example.org/None", "language": "EN", "level": "beginner"}),
        (IDEAS, {"id": " 1 ", "skills": "JS, Py", "roles": 'developer; "vp,  Engineering"'}),
        (IDEAS, {"id": "1.0", "difficulty": "BEGINNER", "description": "One.\r\n\r\nTwo.\r\n", "hidden": "0"}),
        (IDEAS, {"id": "2", "hidden": "y", "stretch": "go on"}),
    ],
)
def test_equivalent_spelling_changes_nothing(preview: Preview, page: str, row: dict[str, str]) -> None:
    response = preview(page, build_csv(row))

    assert response.context["result"].totals["skip"] == 1, response.content.decode()


@pytest.mark.parametrize("value", ["yes", "YES", "y", "true", "True", "TRUE", "1", "ja", "on", " Yes "])
def test_accepts_usual_words_for_yes(staff_client: Client, preview: Preview, value: str) -> None:
    response = preview(SKILLS, build_csv({"name": "go", "is_skill": value}))

    confirm(staff_client, SKILLS, response.context["confirm_form"])

    assert SkillDocument.objects.get(name="go").is_skill is True


@pytest.mark.parametrize("value", ["no", "N", "false", "FALSE", "0", "nein", "off"])
def test_accepts_usual_words_for_no(staff_client: Client, preview: Preview, value: str) -> None:
    response = preview(SKILLS, build_csv({"name": "python", "is_skill": value}))

    confirm(staff_client, SKILLS, response.context["confirm_form"])

    assert SkillDocument.objects.get(name="python").is_skill is False


def test_accepts_booleans_and_numbers_in_spreadsheet_cells(preview: Preview) -> None:
    dataset = tablib.Dataset(headers=["name", "is_skill"])
    for row in (["python", 1], ["javascript", True], ["django", 1.0], ["go", False], [None, None], ["odd", "yes"]):
        dataset.append(row)

    result = preview(SKILLS, dataset.export("xlsx"), "xlsx").context["result"]

    assert (result.total_rows, result.totals["skip"]) == (5, 5)


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("a;b ; c", ["a", "b", "c"]),
        ("a, b, c", ["a", "b", "c"]),
        ("a\nb\r\nc", ["a", "b", "c"]),
        ('"a, b"; c', ["a, b", "c"]),
        (" ; a;;A ", ["a"]),
    ],
)
def test_splits_names_at_semicolons_commas_and_lines(
    staff_client: Client, preview: Preview, cell: str, items: list[str]
) -> None:
    response = preview(SKILLS, build_csv({"name": "python", "aliases": cell}))

    confirm(staff_client, SKILLS, response.context["confirm_form"])

    assert SkillDocument.objects.get(name="python").aliases == items


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("Log in; log out", ["Log in", "log out"]),
        ("Add, correct and void", ["Add, correct and void"]),
        ("Log in; and out\nSearch", ["Log in; and out", "Search"]),
        ('"Log in; and out"', ["Log in; and out"]),
    ],
)
def test_splits_texts_at_semicolons_or_lines(
    staff_client: Client, preview: Preview, cell: str, items: list[str]
) -> None:
    response = preview(IDEAS, build_csv({"id": "1", "features": cell}))

    confirm(staff_client, IDEAS, response.context["confirm_form"])

    assert ProjectIdeaDocument.objects.get(id=1).features == items


NEW_IDEA = {"title": " New  idea ", "description": "D.", "difficulty": "beginner", "estimated_time": "1 week"}
NEW_RESOURCE = {"title": "T", "description": "D.", "type": "documentation", "level": "BEGINNER", "free": "Ja"}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("page", "rows"),
    [
        (
            SKILLS,
            [
                {
                    "name": " New  Skill ",
                    "display_name": "New",
                    "category": "databases",
                    "aliases": "b; A; a",
                    "is_skill": "N",
                },
                {"name": "JS", "display_name": "JavaScript", "aliases": "ES6;js", "prerequisites": "new skill; PY"},
            ],
        ),
        (
            RESOURCES,
            [
                NEW_RESOURCE
                | {"skill": "JS", "url": " https://docs.example.org/new ", "language": "DE", "hidden": "nein"},
                NEW_RESOURCE | {"skill": "Py", "url": "https://docs.example.org/None", "hidden": "JA"},
            ],
        ),
        (
            IDEAS,
            [
                NEW_IDEA | {"id": "90", "skills": "Js, PY; js", "features": "One; Two; one", "hidden": "1"},
                NEW_IDEA | {"id": "1.0", "skills": "py", "features": "", "roles": "Developer"},
            ],
        ),
    ],
)
def test_second_import_of_a_file_changes_nothing(
    staff_client: Client, preview: Preview, mongo: Database[Any], page: str, rows: list[dict[str, str]], kind: str
) -> None:
    content = build_csv(*rows)
    if kind == "xlsx":
        content = tablib.Dataset().load(content.decode(), format="csv").export("xlsx")
    first = preview(page, content, kind)
    assert (first.context["result"].totals["new"], first.context["result"].totals["update"]) == (1, 1)
    confirm(staff_client, page, first.context["confirm_form"])
    before = list(mongo[COLLECTIONS[page]].find())

    second = preview(page, content, kind)
    confirm(staff_client, page, second.context["confirm_form"])

    assert second.context["result"].totals["skip"] == len(rows)
    assert list(mongo[COLLECTIONS[page]].find()) == before


def test_numbers_rows_like_a_spreadsheet_program(preview: Preview) -> None:
    lines = b'name,display_name,category\n\nnew,"two\nlines",Cooking\n,,\nnewer,Newer,Cooking\n'

    assert list(list_rejections(preview(SKILLS, lines))) == [3, 5]
    assert list(list_rejections(preview(SKILLS, b"sep=,\n" + lines))) == [3, 5]


def test_numbers_json_rows_by_position(preview: Preview) -> None:
    rows = [{"name": "python"}, {"name": "new", "category": "Cooking"}]

    assert list(list_rejections(preview(SKILLS, json.dumps(rows).encode(), "json"))) == [2]


@pytest.mark.parametrize(
    ("page", "row", "allowed"),
    [
        (SKILLS, {"name": "new", "display_name": "N", "category": "Cooking"}, "Databases, Cloud Platforms"),
        (SKILLS, {"name": "new", "display_name": "N", "is_skill": "maybe"}, "Use yes or no"),
        (RESOURCES, {"skill": "python", "url": "https://docs.example.org/None", "level": "Expert"}, "Beginner, "),
        (RESOURCES, {"skill": "python", "url": "https://docs.example.org/None", "type": "Film"}, "Documentation"),
        (IDEAS, {"id": "1", "difficulty": "Hard"}, "Beginner, "),
    ],
)
def test_lists_the_allowed_values_for_an_invalid_one(
    preview: Preview, page: str, row: dict[str, str], allowed: str
) -> None:
    errors = list_rejections(preview(page, build_csv(row)))

    assert allowed in errors[2]


@pytest.mark.parametrize("number", ["x", "1.5", "1e400", "NaN"])
def test_reports_an_id_that_is_not_a_whole_number(preview: Preview, number: str) -> None:
    assert (
        f"id: '{number}' is not a whole number."
        in list_rejections(preview(IDEAS, build_csv({"id": number, "title": "X"})))[2]
    )


@pytest.mark.parametrize(
    ("content", "kind", "errors"),
    [
        (b"name,name\na,b\n", "csv", "has duplicate columns: name"),
        (b"name,\na,b\n", "csv", "Row 2 has a value in column 2, which has no name"),
        (b"name\na,b\n", "csv", "Row 2 has more cells than the header has columns"),
        (b"nmae\na\n", "csv", "Allowed columns: name, display_name, category"),
    ],
)
def test_reports_invalid_columns(preview: Preview, content: bytes, kind: str, errors: str) -> None:
    assert errors in preview(SKILLS, content, kind).content.decode()


def test_keys_missing_from_a_json_object_do_not_change(staff_client: Client, preview: Preview) -> None:
    rows = [{"name": "python", "subcategory": "Dynamic"}, {"display_name": "JavaScript!", "name": "javascript"}]

    response = preview(SKILLS, json.dumps(rows).encode(), "json")
    confirm(staff_client, SKILLS, response.context["confirm_form"])

    python, javascript = (SkillDocument.objects.get(name=name) for name in ("python", "javascript"))
    assert (python.display_name, python.subcategory, python.aliases) == ("Python", "Dynamic", ["py", "CPython"])
    assert (javascript.display_name, javascript.subcategory) == ("JavaScript!", "")


MIXED = [
    {"name": "ruff", "display_name": "Ruff", "category": "Tools/Technologies", "prerequisites": ""},
    {"name": "black", "display_name": "Black", "category": "Cooking", "prerequisites": ""},
    {"name": "python", "display_name": "Python 3", "category": "Programming Languages", "prerequisites": ""},
    {"name": "mypy", "display_name": "mypy", "category": "Databases", "prerequisites": "black"},
]


def test_imports_only_valid_rows_on_request_and_lists_the_others(staff_client: Client, preview: Preview) -> None:
    response = preview(SKILLS, build_csv(*MIXED))
    before = SkillDocument.objects.count()

    assert "Import only the 2 valid rows" in response.content.decode()
    page = confirm(staff_client, SKILLS, response.context["good_rows_form"])

    assert SkillDocument.objects.count() == before + 1
    assert SkillDocument.objects.get(name="python").display_name == "Python 3"
    assert "These rows were not imported: 3, 5." in page
    assert "<li>Row 3: category:" in page
    assert "<li>Row 5: prerequisites: the vocabulary has no black.</li>" in page
    assert "1 new, 1 updated" in page


def test_does_not_offer_partial_import_without_valid_rows(preview: Preview) -> None:
    assert "good-rows" not in preview(SKILLS, build_csv(MIXED[1])).content.decode()
    assert "good-rows" not in preview(SKILLS, b"nmae\na\n").content.decode()


def test_rejects_an_alias_as_the_name_of_another_skill(preview: Preview) -> None:
    errors = list_rejections(
        preview(SKILLS, build_csv({"name": "py", "display_name": "Py the robot", "category": "Databases"}))
    )

    assert "is a spelling of 'python'. Use that name, or remove the spelling from that skill first" in errors[2]


@pytest.mark.parametrize("page", COLLECTIONS)
@pytest.mark.parametrize(("kind", "form"), [("csv", CSV), ("json", JSON), ("xlsx", XLSX)])
def test_template_can_be_imported(staff_client: Client, preview: Preview, page: str, kind: str, form: Any) -> None:
    offered = staff_client.get(f"/admin/{page}/import/").content.decode()

    response = staff_client.get(f"/admin/{page}/import/template.{kind}")

    assert f'href="template.{kind}"' in offered
    assert response.headers["Content-Disposition"].endswith(f'-template.{kind}"')
    names = [column.name for column in staff_client.get(f"/admin/{page}/import/").context["columns"]]
    assert form().create_dataset(response.content).headers == names


def test_spreadsheet_template_offers_the_allowed_values(staff_client: Client) -> None:
    content = staff_client.get(f"/admin/{RESOURCES}/import/template.xlsx").content

    sheet = openpyxl.load_workbook(BytesIO(content)).active

    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert '"yes,no"' in rules.values()
    assert any("Beginner" in listed for listed in rules.values())


def test_import_page_lists_columns(staff_client: Client) -> None:
    columns = {column.name: column for column in staff_client.get(f"/admin/{SKILLS}/import/").context["columns"]}

    assert columns["is_skill"].allowed == ("yes", "no")
    assert "Databases" in columns["category"].allowed
    assert (columns["name"].required, columns["aliases"].required) == (True, False)


def test_template_requires_import_permission(limited_client: Any) -> None:
    assert limited_client("view_skill").get(f"/admin/{SKILLS}/import/template.csv").status_code == 403


def test_unknown_template_format_returns_404(staff_client: Client) -> None:
    assert staff_client.get(f"/admin/{SKILLS}/import/template.pdf").status_code == 404
