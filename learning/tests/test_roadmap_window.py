"""Tests of the parameter `days` of GET /learning/roadmap."""

import pytest

FORMS = ["", ".md", ".ics"]


def test_counts_the_postings_of_the_last_30_days_by_default(roadmap, post_jobs):
    post_jobs(days_ago=60)

    response = roadmap()

    assert (response["basis"], response["total_postings_analyzed"], response["window_days"]) == ("no_postings", 0, 30)


def test_counts_older_postings_in_a_longer_window(roadmap, newcomer, post_jobs):
    post_jobs(days_ago=60)

    response = roadmap(days=90)

    assert (response["basis"], response["total_postings_analyzed"], response["window_days"]) == ("postings", 20, 90)
    page = newcomer.get("/learning/roadmap.md?days=90").content.decode()
    assert "Based on 20 postings from the last 90 days." in page
    calendar = newcomer.get("/learning/roadmap.ics?days=90").content.decode()
    assert "Required by 70.0% of the postings." in calendar


def test_counts_near_roles_in_the_same_window(roadmap, post_jobs):
    post_jobs(role="Data Engineer", days_ago=60)

    assert roadmap(target_role="Data Analyst")["alternatives"] == []
    assert [near["role"] for near in roadmap(target_role="Data Analyst", days=90)["alternatives"]] == ["Data Engineer"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("days", ["0", "366", "-1", "x", ""])
def test_rejects_a_window_that_is_not_1_to_365_days(newcomer, form, days):
    response = newcomer.get(f"/learning/roadmap{form}?days={days}")

    assert response.status_code == 400
    assert "days" in response.json()["errors"]
