"""The admin list of rejected postings."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import CollectionRunFactory

LIST = "/admin/ingestion/refusedposting/"


@pytest.fixture
def rejected_postings(admin_tables: None) -> None:
    samples = [
        {"reason": "no_title", "message": "a posting needs a title", "job_id": "11"},
        {"reason": "sealed_day", "message": "its day is past retention", "job_id": ""},
    ]
    CollectionRunFactory(refused={"no_title": 23, "sealed_day": 1}, refused_samples=samples)
    CollectionRunFactory()


def test_lists_each_rejection_with_its_reason(staff_client: Client, rejected_postings: None) -> None:
    page = staff_client.get(LIST)

    assert [rejection.reason for rejection in page.context["refusals"]] == ["no_title", "sealed_day"]
    assert "a posting needs a title" in page.content.decode()


def test_counts_rejections_by_reason(staff_client: Client, rejected_postings: None) -> None:
    page = staff_client.get(LIST)

    assert page.context["counts"] == [("no_title", 23), ("sealed_day", 1)]
    assert "no_title 23, sealed_day 1. Only the first 20 of each run are stored." in page.content.decode()


def test_filters_by_reason(staff_client: Client, rejected_postings: None) -> None:
    page = staff_client.get(LIST, {"reason": "sealed_day"})

    assert [rejection.reason for rejection in page.context["refusals"]] == ["sealed_day"]
    assert page.context["reasons"] == ["no_title", "sealed_day"]


@pytest.mark.parametrize(
    ("permission", "status"), [("view_refusedposting", 200), ("view_jobposting", 403), ("view_skill", 403)]
)
def test_requires_the_view_permission(
    limited_client: Any, rejected_postings: None, permission: str, status: int
) -> None:
    assert limited_client(permission).get(LIST).status_code == status
