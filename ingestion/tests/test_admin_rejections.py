"""Reviewing what collection refused."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import CollectionRunFactory

LIST = "/admin/ingestion/refusedposting/"


@pytest.fixture
def refused(admin_tables: None) -> None:
    samples = [
        {"reason": "no_title", "message": "a posting needs a title", "job_id": "11"},
        {"reason": "sealed_day", "message": "its day is past retention", "job_id": ""},
    ]
    CollectionRunFactory(refused={"no_title": 23, "sealed_day": 1}, refused_samples=samples)
    CollectionRunFactory()


def test_shows_each_with_its_reason(staff_client: Client, refused: None) -> None:
    page = staff_client.get(LIST)

    assert [refusal.reason for refusal in page.context["refusals"]] == ["no_title", "sealed_day"]
    assert "a posting needs a title" in page.content.decode()


def test_says_how_many_there_were_of_each_reason(staff_client: Client, refused: None) -> None:
    page = staff_client.get(LIST)

    assert page.context["counts"] == [("no_title", 23), ("sealed_day", 1)]
    assert "no_title 23, sealed_day 1. Only the first 20 of each run are stored." in page.content.decode()


def test_shows_those_of_one_reason(staff_client: Client, refused: None) -> None:
    page = staff_client.get(LIST, {"reason": "sealed_day"})

    assert [refusal.reason for refusal in page.context["refusals"]] == ["sealed_day"]
    assert page.context["reasons"] == ["no_title", "sealed_day"]


@pytest.mark.parametrize(
    ("permission", "status"), [("view_refusedposting", 200), ("view_jobposting", 403), ("view_skill", 403)]
)
def test_is_shown_to_those_who_may_look(limited_client: Any, refused: None, permission: str, status: int) -> None:
    assert limited_client(permission).get(LIST).status_code == status
