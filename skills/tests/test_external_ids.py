"""Tests of validating, importing, merging and serving the external ids of skills."""

import pytest
from django.test import Client
from mongoengine import ValidationError
from rest_framework.test import APIClient

from career_navigator.cache import reset_caches
from skills.documents import SkillDocument
from skills.services import merge_skills
from skills.tests.admin_pages import LIST, import_file
from tests.factories import NOW, SkillFactory

URI = "http://data.europa.eu/esco/skill/ccd0a1d9-afda-43d9-b901-96344886e14d"


def test_rejects_a_malformed_external_id_on_saving(python_and_django: None) -> None:
    skill = SkillDocument.objects.get(name="python")
    skill.external_ids = ["python"]

    with pytest.raises(ValidationError, match="must begin with exact or broader"):
        skill.save()


def test_the_api_shows_external_ids(python_and_django: None) -> None:
    SkillFactory(name="kafka", external_ids=["exact onet 43232304 Apache Kafka"])
    reset_caches()

    skill = APIClient().get("/skills/kafka").json()

    expected = {"scheme": "onet", "id": "43232304", "label": "Apache Kafka", "match": "exact"}
    assert skill["external_ids"] == [expected]


def test_a_merge_keeps_the_external_ids_of_both_skills(python_and_django: None) -> None:
    SkillFactory(name="kafka", external_ids=["exact onet 43232304 Apache Kafka"])
    SkillFactory(name="kafka 2", external_ids=[f"broader esco {URI} Kafka", "exact onet 43232304 Apache Kafka"])

    merge_skills(source="kafka 2", target="kafka", now=NOW)

    ids = SkillDocument.objects.get(name="kafka").external_ids
    assert ids == ["exact onet 43232304 Apache Kafka", f"broader esco {URI} Kafka"]


def test_an_import_stores_external_ids_and_names_malformed_ones(python_and_django: None, staff_client: Client) -> None:
    good = b"name,external_ids\npython,exact onet 43232402 Python\n"
    bad = b"name,external_ids\npython,exact onet 43232402 Python\ndjango,exact onet Django\n"

    rejected = import_file(staff_client, "skills.csv", bad, 0).content.decode()
    preview = import_file(staff_client, "skills.csv", good, 0)
    staff_client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)

    assert "is not a commodity code of eight digits" in rejected
    assert SkillDocument.objects.get(name="python").external_ids == ["exact onet 43232402 Python"]
    assert SkillDocument.objects.get(name="django").external_ids == []
