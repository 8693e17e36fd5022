"""Tests of kinds and implications: reading, validating, seeding, editing, merging and serving them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from mongoengine import ValidationError
from pymongo.database import Database
from rest_framework.test import APIClient

from career_navigator.cache import reset_caches
from career_navigator.db.catalogues import _hash_content
from skills.documents import SkillDocument
from skills.models import Skill as SkillModel
from skills.selectors import get_vocabulary
from skills.services import merge_skills, seed_skills
from skills.tests.admin_pages import LIST
from skills.vocabulary import FIELD, KINDS, METHOD, SOFT_SKILL, TECHNOLOGY, InvalidSkill, Skill, Vocabulary
from tests.factories import NOW, SkillFactory


def build_entry(name: str, *implies: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "display_name": name.title(),
        "category": "Tools/Technologies",
        "implies": list(implies),
        **fields,
    }


ENTRIES = [
    build_entry("next.js", "react"),
    build_entry("react", "javascript", "frontend development"),
    build_entry("javascript", kind=TECHNOLOGY),
    build_entry("frontend development", "web development", kind=FIELD),
    build_entry("web development", kind=FIELD),
    build_entry("django", "web development"),
]


def build_vocabulary(*entries: dict[str, Any]) -> Vocabulary:
    return Vocabulary(Skill.from_entry(entry) for entry in entries or ENTRIES)


@pytest.fixture
def stored(mongo: Database) -> Iterator[None]:
    seed_skills(entries=ENTRIES, now=NOW)
    reset_caches()
    yield
    reset_caches()


def test_a_skill_implies_directly_and_through_others() -> None:
    assert build_vocabulary().implied["next.js"] == {
        "react": 1,
        "javascript": 2,
        "frontend development": 2,
        "web development": 3,
    }


def test_what_is_implied_implies_nothing_in_return() -> None:
    assert build_vocabulary().get_held_skills(["web development", "javascript"]).through == {}


def test_an_implied_skill_is_held_through_the_nearest_named_skill() -> None:
    held = build_vocabulary().get_held_skills(["next.js", "django", "Javascript"])

    assert held.named == ("next.js", "django", "javascript")
    assert held.through == {
        "react": "next.js",
        "frontend development": "next.js",
        "web development": "django",
    }
    assert held.names == {*held.named, *held.through}


def test_ignores_implied_names_that_are_unknown_or_no_skills() -> None:
    vocabulary = build_vocabulary(build_entry("react", "indeed", "nothing"), build_entry("indeed", is_skill=False))

    assert vocabulary.get_held_skills(["react"]).names == {"react"}


def test_an_implied_name_may_be_an_alias() -> None:
    vocabulary = build_vocabulary(build_entry("react", "js"), build_entry("javascript", aliases=["js"]))

    assert vocabulary.get_held_skills(["react"]).names == {"react", "javascript"}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=3)))
def test_the_closure_is_transitive_even_with_cycles(graph: dict[str, list[str]]) -> None:
    vocabulary = build_vocabulary(*(build_entry(name, *graph.get(name, ())) for name in "abcdefgh"))

    for name, implied in vocabulary.implied.items():
        assert name not in implied
        for each in implied:
            assert vocabulary.implied.get(each, {}).keys() - {name} <= implied.keys()


def test_kind_without_an_entry_follows_the_category() -> None:
    assert Skill.from_entry(build_entry("git")).kind == TECHNOLOGY
    assert Skill.from_entry(build_entry("empathy", category="Soft Skills")).kind == SOFT_SKILL


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([build_entry("git", kind="tool")], "git: kind must be one of technology, field, .* not 'tool'"),
        ([build_entry("react", "javascrpt")], "react: implies javascrpt, which the file does not have"),
        ([build_entry("a", "b"), build_entry("b", "a")], "a: these skills would imply one another: a → b → a"),
        ([build_entry("a", "a")], "a: these skills would imply one another: a → a"),
    ],
)
def test_rejects_invalid_entries_on_seeding(mongo: Database, entries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InvalidSkill, match=message):
        seed_skills(entries=entries, now=NOW)

    assert SkillDocument.objects.count() == 0


def test_seeding_completes_entries_of_earlier_releases_and_keeps_edits(mongo: Database) -> None:
    seed_skills(entries=ENTRIES, now=NOW)
    SkillFactory(name="empathy", category="Soft Skills")
    SkillFactory(name="own")
    new_fields = ("kind", "implies", "external_ids")
    mongo.skills.update_many({}, {"$unset": dict.fromkeys(new_fields, 1)})
    for row in mongo.skills.find({"seed_key": {"$exists": True}}):
        content = {name: row.get(name) for name in Skill.__dataclass_fields__ if name not in new_fields}
        mongo.skills.update_one({"_id": row["_id"]}, {"$set": {"seed_hash": _hash_content(content)}})
    mongo.skills.update_one({"name": "react"}, {"$set": {"display_name": "React!"}})

    summary = seed_skills(entries=ENTRIES, now=NOW + timedelta(days=1))

    assert (summary.updated, summary.kept) == (len(ENTRIES) - 1, 1)
    react = SkillDocument.objects.get(name="react")
    assert (react.display_name, react.implies) == ("React!", ["javascript", "frontend development"])
    assert SkillDocument.objects.get(name="next.js").implies == ["react"]
    stored = {row["name"]: row["kind"] for row in mongo.skills.find()}
    assert (stored["empathy"], stored["own"]) == (SOFT_SKILL, TECHNOLOGY)


def test_seeding_keeps_what_a_curator_made_of_kind_and_implies(stored: None) -> None:
    react = SkillDocument.objects.get(name="react")
    react.kind, react.implies = METHOD, []
    react.save()

    seed_skills(entries=ENTRIES, now=NOW)

    react.reload()
    assert (react.kind, react.implies) == (METHOD, [])


@pytest.mark.parametrize(
    ("implies", "message"),
    [
        (["next.js"], "these skills would imply one another: javascript → next.js → react → javascript"),
        (["nothing"], "the vocabulary has no nothing"),
        (["javascript"], "a skill cannot refer to itself"),
    ],
)
def test_rejects_invalid_implications_on_saving(stored: None, implies: list[str], message: str) -> None:
    skill = SkillDocument.objects.get(name="javascript")
    skill.implies = implies

    with pytest.raises(ValidationError) as caught:
        skill.save()

    assert message in str(caught.value.to_dict())


def test_merging_moves_implications_and_leaves_no_cycle(stored: None) -> None:
    # Afterwards `web development` would imply React, which implies `web development`.
    SkillFactory(name="web dev", implies=["next.js", "javascript"])
    SkillFactory(name="full stack", implies=["web dev"])

    merge_skills(source="web dev", target="web development", now=NOW)

    assert SkillDocument.objects.get(name="web development").implies == ["javascript"]
    assert SkillDocument.objects.get(name="full stack").implies == ["web development"]


def test_deleting_a_skill_removes_it_from_what_others_imply(stored: None) -> None:
    SkillDocument.objects.get(name="javascript").delete()

    assert SkillDocument.objects.get(name="react").implies == ["frontend development"]


def test_the_api_shows_and_filters_kinds(stored: None) -> None:
    client = APIClient()

    fields = client.get("/skills", {"kind": FIELD}).json()["skills"]
    react = client.get("/skills/react").json()

    assert [skill["name"] for skill in fields] == ["frontend development", "web development"]
    assert (react["kind"], react["implies"]) == (TECHNOLOGY, ["javascript", "frontend development"])


def test_the_api_names_the_kinds_when_it_rejects_one(stored: None) -> None:
    response = APIClient().get("/skills", {"kind": "tool"})

    assert response.status_code == 400
    assert all(kind in response.content.decode() for kind in KINDS)


def test_the_admin_edits_kind_and_implies(python_and_django: None, staff_client: Client) -> None:
    url = f"{LIST}{SkillModel.objects.get(name='django').pk}/change/"
    form = staff_client.get(url).context["adminform"].form
    values = {field.name: field.value() for field in form}
    values = {name: value for name, value in values.items() if value not in (None, False)}

    rejected = staff_client.post(url, values | {"implies": "nothing"})
    staff_client.post(url, values | {"implies": "Python", "kind": METHOD})

    assert rejected.context["adminform"].form.errors["implies"] == ["the vocabulary has no nothing."]
    django = SkillDocument.objects.get(name="django")
    assert (django.kind, django.implies) == (METHOD, ["python"])
    reset_caches()
    assert get_vocabulary().get_held_skills(["django"]).through == {"python": "django"}


def test_the_admin_lists_skills_of_a_kind(python_and_django: None, staff_client: Client) -> None:
    SkillFactory(name="devops", kind=FIELD)

    rows = staff_client.get(LIST, {"kind": FIELD}).context["cl"].result_list

    assert [row.name for row in rows] == ["devops"]
