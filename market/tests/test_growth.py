"""Growth of counts, and the change of shares, which does not depend on how much was collected."""

from datetime import timedelta

import pytest
from django.utils import timezone

from market.refresh import refresh_stats
from market.selectors import get_skill_market
from market.services import store_postings
from market.trends import Comparison, compare_counts
from tests.factories import PostingFactory

NOTHING = Comparison()


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        # Each side is a count and its number of postings.
        ((30, 40), (20, 40), Comparison(20, 50.0, 25.0, 50.0)),
        ((20, 40), (20, 20), Comparison(20, 100.0, -50.0, 0.0)),  # twice as many postings are still comparable
        ((32, 200), (5, 25), Comparison(5, 20.0, -4.0, None)),  # +540%, but the share fell
        ((5, 25), (32, 200), Comparison(32, 16.0, 4.0, None)),  # -84%, but the share rose
        ((20, 41), (10, 20), Comparison(10, 50.0, -1.2, None)),
        ((10, 20), (20, 41), Comparison(20, 48.8, 1.2, None)),
        ((9, 30), (0, 30), Comparison(0, 0.0, 30.0, None)),
        ((19, 19), (10, 40), NOTHING),
        ((20, 40), (19, 19), NOTHING),
        ((0, 0), (0, 0), NOTHING),
    ],
)
def test_compares_counts_only_if_both_windows_were_collected_alike(now, before, expected):
    comparison = compare_counts(count=now[0], postings=now[1], previous=before[0], postings_before=before[1])

    assert comparison._replace(change_interval=None, trend=None) == expected


@pytest.mark.usefixtures("mongo", "redis")
def test_every_response_with_growth_includes_the_change_of_the_share(ada, client):
    today = timezone.now()
    for count, days_ago in ((5, 30), (32, 0)):
        day = today - timedelta(days=days_ago)
        postings = PostingFactory.build_batch(
            count, title="Software Engineer", technology_slugs=("python",), date_posted=day.date()
        )
        others = PostingFactory.build_batch(
            count * 4 if days_ago else 168, title="Software Engineer", technology_slugs=("go",), date_posted=day.date()
        )
        store_postings(postings=[*postings, *others], role="Software Engineer", now=today)
    refresh_stats(now=today)

    market = get_skill_market(skill="python", now=today)
    rows = [
        client.get("/market/trending").json()["top_skills"][1],
        client.get("/skills/python").json()["market"],
        ada.get("/skills/gap-analysis?role=Software%20Engineer&threshold=0.1").json()["required_skills"][1],
    ]

    assert market.count == 32
    assert [(row["previous_percentage"], row["change_in_points"], row["growth_percentage"]) for row in rows] == [
        (20.0, -4.0, None)
    ] * 3
