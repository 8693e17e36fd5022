"""refresh_stats, for people and as JSON."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from market.selectors import read_response
from market.services import store_postings
from tests.factories import PostingFactory

pytestmark = pytest.mark.usefixtures("mongo", "redis")


def run(*arguments) -> str:
    printed = io.StringIO()
    call_command("refresh_stats", *arguments, stdout=printed)
    return printed.getvalue()


def store(*postings):
    store_postings(postings=postings, now=timezone.now())


def test_recomputes_the_days_that_changed_and_renders():
    store(PostingFactory(), PostingFactory(date_posted=timezone.now().date()))

    first, second = json.loads(run("--json")), json.loads(run("--json"))

    assert first["rendered"]
    assert 1 <= first["days"] <= 2
    assert second == {"days": 0, "rendered": False}
    assert read_response(days=30, now=timezone.now())


def test_prints_a_summary_for_people():
    store(PostingFactory())

    assert run() == "days: 1\nrendered: True\n"


def test_the_check_passes_where_figures_are_right():
    store(PostingFactory())
    run()

    assert json.loads(run("--check", "--json")) == {"days": 0, "rendered": False, "days_checked": 1}


def test_the_check_fails_where_a_figure_was_wrong_and_mends_it(mongo):
    store(PostingFactory())
    run()
    mongo.market_figures.update_one({"scope": "market"}, {"$inc": {"remote": 5}})

    with pytest.raises(CommandError) as failure:
        run("--check")

    assert str(failure.value).startswith("Repaired stats that differed from their postings on 20")
    assert json.loads(run("--check", "--json"))["days_checked"] == 1


def test_the_check_finds_figures_of_days_without_postings(mongo):
    store(PostingFactory())
    run()
    mongo.job_postings.delete_many({})

    with pytest.raises(CommandError):
        run("--check")

    assert mongo.market_figures.count_documents({}) == 0
