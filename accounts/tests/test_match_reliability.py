"""The reliability table of match scores: in the funnel, and for staff in the admin."""

import re
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.applications.reliability import SCORE_BANDS, ScoredHistory, measure_reliability
from accounts.applications.stages import ApplicationHistory
from market.jobs.match_score import FORMULA_VERSION
from market.services import store_postings
from tests.factories import PostingFactory

TODAY = date(2026, 11, 21)
PAGE = "/admin/accounts/person/match-scores/"


def build_history(score: int | None, **days_ago: int) -> ScoredHistory:
    reached = {stage: TODAY - timedelta(days=ago) for stage, ago in days_ago.items()}
    return ScoredHistory(history=ApplicationHistory(stage=list(days_ago)[-1], reached=reached), score=score)


def count_outcomes(histories: list[ScoredHistory], days: int = 90) -> dict[int, tuple[int, int, int]]:
    reliability = measure_reliability(histories=histories, days=days, today=TODAY)
    return {
        band.min_score: (band.applications, band.interviews.count, band.offers.count)
        for band in reliability.bands
        if band.applications
    }


def test_bands_cover_every_score_once():
    assert [score for low, high in SCORE_BANDS for score in range(low, high + 1)] == list(range(101))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (build_history(80, applied=3), {75: (1, 0, 0)}),
        (build_history(89, applied=3, interview=2), {75: (1, 1, 0)}),
        (build_history(90, applied=3, interview=2, rejected=1), {90: (1, 1, 0)}),
        # An offer implies an interview, and an interview an application.
        (build_history(100, applied=3, offer=2), {90: (1, 1, 1)}),
        (build_history(0, interview=2), {0: (1, 1, 0)}),
        (build_history(24, saved=5, rejected=2), {0: (1, 0, 0)}),
        # Jobs that were only saved do not count, nor do applications outside the window or without a score.
        (build_history(80, saved=3), {}),
        (build_history(80, saved=3, withdrawn=2), {}),
        (build_history(80, applied=90), {}),
        (build_history(None, applied=3, offer=1), {}),
    ],
)
def test_counts_the_outcomes_of_each_band(history, expected):
    assert count_outcomes([history]) == expected


def test_computes_rates_with_wilson_intervals_and_says_which_bands_are_small():
    histories = [build_history(95, applied=9, interview=3) for _ in range(10)]
    histories += [build_history(95, applied=9) for _ in range(10)]
    histories += [build_history(30, applied=9), build_history(None, applied=9)]

    reliability = measure_reliability(histories=histories, days=30, today=TODAY)

    low, high = reliability.bands[1], reliability.bands[-1]
    assert (high.interviews.rate, high.interviews.interval, high.is_small) == (50.0, (29.9, 70.1), False)
    assert (high.offers.rate, high.offers.interval) == (0.0, (0.0, 16.1))
    assert (low.applications, low.interviews.rate, low.is_small) == (1, 0.0, True)
    assert (reliability.bands[0].offers.rate, reliability.bands[0].offers.interval) == (None, None)
    assert (reliability.scored, reliability.unscored) == (21, 1)
    assert reliability.note == (
        "Fewer than 20 applications in the bands 0 to 24, 25 to 49, 50 to 74, 75 to 89: too few to compare their rates."
    )


def test_says_that_no_application_has_a_score():
    assert measure_reliability(histories=[], days=30, today=TODAY).note == "No application has a match score yet."


@pytest.fixture
def jobs(mongo, redis, vocabulary_seeded) -> list[str]:
    today = timezone.now().date()
    postings = PostingFactory.build_batch(3, technology_slugs=("python",), date_posted=today)
    store_postings(postings=postings, now=timezone.now())
    return [str(row["_id"]) for row in mongo.job_postings.find().sort("_id", 1)]


def apply(member: Any, job: str, *stages: str) -> None:
    day = timezone.now().astimezone(UTC).date()
    for stage in stages:
        response = member.put(f"/jobs/{job}/application", {"stage": stage, "date": str(day)})
        assert response.status_code in {200, 201}, response.content


def test_the_funnel_joins_the_users_scores_with_the_outcomes(ada, register, jobs):
    score = ada.get(f"/jobs/{jobs[0]}/match_score").json()["score"]
    apply(ada, jobs[0], "applied", "interview")
    apply(ada, jobs[1], "applied")
    grace = register(email="grace@example.org")
    grace.get(f"/jobs/{jobs[1]}/match_score")
    apply(grace, jobs[1], "applied", "offer")

    table = ada.get("/activity/funnel").json()["match_scores"]

    counted = [band for band in table["bands"] if band["applications"]]
    assert len(table["bands"]) == len(SCORE_BANDS)
    assert len(counted) == 1
    assert counted[0]["min_score"] <= score <= counted[0]["max_score"]
    assert counted[0]["interviews"] == {"count": 1, "rate": 100.0, "interval": {"low": 20.7, "high": 100.0}}
    assert counted[0]["offers"] == {"count": 0, "rate": 0.0, "interval": {"low": 0.0, "high": 79.3}}
    assert counted[0]["is_small"]
    assert (table["scored_applications"], table["unscored_applications"]) == (1, 1)
    assert table["note"].startswith("Fewer than 20 applications in the bands 0 to 24, ")


def test_the_funnel_of_a_user_without_applications_has_an_empty_table(ada):
    table = ada.get("/activity/funnel").json()["match_scores"]

    assert {band["applications"] for band in table["bands"]} == {0}
    assert {band["interviews"]["rate"] for band in table["bands"]} == {None}
    assert table["note"] == "No application has a match score yet."


def test_scores_of_an_earlier_formula_are_not_mixed_in(ada, jobs, mongo):
    ada.get(f"/jobs/{jobs[0]}/match_score")
    apply(ada, jobs[0], "applied")
    for formula in ({"$unset": {"match.formula": 1}}, {"$set": {"match.formula": FORMULA_VERSION - 1}}):
        mongo.match_scores.update_one({}, formula)

        table = ada.get("/activity/funnel").json()["match_scores"]

        assert (table["scored_applications"], table["unscored_applications"]) == (0, 1)


def test_staff_see_the_table_of_all_users(staff_client, ada, register, jobs):
    for member, stages in ((ada, ("applied", "interview")), (register(email="grace@example.org"), ("applied",))):
        member.get(f"/jobs/{jobs[0]}/match_score")
        apply(member, jobs[0], *stages)
    apply(ada, jobs[1], "applied")

    page = staff_client.get(PAGE).content.decode()

    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)]
    bands = {" ".join(row[:3]): row[3:] for row in rows if row[1:2] == ["to"]}
    assert list(bands) == [f"{low} to {high}" for low, high in SCORE_BANDS]
    counted = [row for row in bands.values() if row[0] != "0"]
    assert [row[0] for row in counted] in (["2"], ["1", "1"])
    assert all(row[1:3] == ["(too", "few)"] for row in counted)
    assert "1 further application without a stored match score" in page
    assert "too few to compare their rates" in page


def test_staff_who_may_view_users_find_the_page_in_the_menu(mongo, limited_client):
    staff = limited_client("view_person")

    assert PAGE in staff.get("/admin/").content.decode()
    assert staff.get(PAGE).status_code == 200


def test_the_page_needs_the_permission_to_view_users(mongo, limited_client):
    staff = limited_client("view_skill")

    assert PAGE not in staff.get("/admin/").content.decode()
    assert staff.get(PAGE).status_code == 403


def test_joins_only_the_users_own_score(ada, jobs, mongo):
    ada.get(f"/jobs/{jobs[0]}/match_score")
    apply(ada, jobs[0], "applied")
    mongo.match_scores.insert_many(
        [{"user": ObjectId(), "job": ObjectId(jobs[0]), "match": {"score": 1, "formula": FORMULA_VERSION}}]
    )

    table = ada.get("/activity/funnel").json()["match_scores"]

    assert table["scored_applications"] == 1
