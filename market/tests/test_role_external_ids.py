"""The external ids of roles: the seed file, stored tables of older releases, the admin, files and the API."""

import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from mongoengine import ValidationError

from career_navigator.cache import reset_caches
from career_navigator.external_ids import EXACT, ROLE_SCHEMES, ExternalId
from market.documents import RoleDocument
from market.role_selectors import get_role_table
from market.role_services import add_external_ids, seed_roles
from market.tests.candidates import store
from tests.factories import NOW

ENTRIES = json.loads((Path(__file__).parents[2] / "fixtures" / "roles.json").read_text(encoding="utf-8"))
LIST = "/admin/market/role/"
OCCUPATION = "http://data.europa.eu/esco/occupation/f2b15a0e-e65a-438a-affb-29b9d50b77d1"
WEAVER = f"broader esco {OCCUPATION} weaver"


def seed_like_an_older_release():
    seed_roles(entries=[{**entry, "external_ids": []} for entry in ENTRIES], now=NOW)


def test_most_roles_of_the_seed_file_have_at_most_one_valid_id_per_scheme():
    ids = {
        entry["name"]: [ExternalId.parse(text, schemes=ROLE_SCHEMES) for text in entry["external_ids"]]
        for entry in ENTRIES
    }

    assert sum(map(bool, ids.values())) >= 75
    assert [name for name, found in ids.items() if len({each.scheme for each in found}) < len(found)] == []


def test_an_exact_id_belongs_to_one_role_of_the_seed_file():
    parsed = [ExternalId.parse(text, schemes=ROLE_SCHEMES) for entry in ENTRIES for text in entry["external_ids"]]
    exact = [each.id for each in parsed if each.match == EXACT]

    assert len(exact) == len(set(exact))


@pytest.mark.usefixtures("mongo", "redis")
def test_seeding_adds_ids_to_the_roles_of_an_older_release():
    seed_like_an_older_release()

    assert seed_roles(entries=ENTRIES, now=NOW).kept == 0

    assert RoleDocument.objects.get(name="Software Engineer").external_ids == [
        f"exact esco {OCCUPATION} software developer",
        "exact soc 15-1252.00 Software Developers",
    ]


@pytest.mark.usefixtures("redis")
def test_the_migration_adds_ids_to_edited_roles_and_keeps_their_names(mongo):
    seed_like_an_older_release()
    role = RoleDocument.objects.get(name="Software Engineer")
    role.name, role.names = "Software Smith", ["Code Smith"]
    role.save()
    mongo.roles.update_many({}, {"$unset": {"external_ids": 1}})
    seed_roles(entries=ENTRIES, now=NOW)

    assert (add_external_ids(now=NOW), add_external_ids(now=NOW)) == (1, 0)

    reset_caches()
    smith = get_role_table().get("Code Smith")
    assert smith is not None
    assert smith.name == "Software Smith"
    assert smith.external_ids[1] == "exact soc 15-1252.00 Software Developers"


@pytest.mark.usefixtures("mongo", "redis")
def test_saving_a_role_rejects_a_malformed_id():
    seed_roles(entries=ENTRIES, now=NOW)
    role = RoleDocument.objects.get(name="Software Engineer")
    role.external_ids = ["exact onet 43232304 Apache Kafka"]

    with pytest.raises(ValidationError, match="then esco or soc"):
        role.save()


@pytest.mark.usefixtures("empty_servers")
def test_the_list_of_roles_shows_ids_and_an_empty_list_for_an_unknown_role():
    seed_roles(entries=ENTRIES, now=NOW)
    RoleDocument(name="Weaver", external_ids=[WEAVER]).save()
    store("docker", role="Weaver")
    store("docker", role="Baker")

    roles = Client().get("/skills/roles").json()["roles"]

    assert {role["role"]: role["external_ids"] for role in roles} == {
        "Weaver": [{"scheme": "esco", "id": OCCUPATION, "label": "weaver", "match": "broader"}],
        "Baker": [],
    }


def import_file(client, content):
    file = SimpleUploadedFile("roles.csv", content)
    return client.post(f"{LIST}import/", {"import_file": file, "format": "0", "resource": "0"})


@pytest.mark.usefixtures("admin_tables")
def test_an_import_stores_ids_and_names_malformed_ones(staff_client):
    RoleDocument(name="Weaver").save()
    good = f"name,external_ids\nWeaver,{WEAVER}\n".encode()

    rejected = import_file(staff_client, b"name,external_ids\nWeaver,exact soc 15 Weavers\n").content.decode()
    preview = import_file(staff_client, good)
    staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)
    exported = staff_client.post(
        f"{LIST}export/", {"format": "0", "resource": "0", "roleresource_name": "on", "roleresource_external_ids": "on"}
    )

    assert "is not a code such as 15-1252.00" in rejected
    assert RoleDocument.objects.get(name="Weaver").external_ids == [WEAVER]
    assert WEAVER in exported.content.decode()
