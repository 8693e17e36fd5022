"""The command refresh_stats, with text and JSON output."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from market.selectors import read_response
from market.services import store_postings
from tests.factories import PostingFactory

pytestmark = pytest.mark.usefixtures("mongo", "redis")


def run_command(*arguments) -> str:
    output = io.StringIO()
    call_command("refresh_stats", *arguments, stdout=output)
    return output.getvalue()


def store(*postings):
    store_postings(postings=postings, now=timezone.now())


def test_recomputes_changed_days_and_renders_responses():
    store(PostingFactory(), PostingFactory(date_posted=timezone.now().date()))

    first, second = json.loads(run_command("--json")), json.loads(run_command("--json"))

    assert first["rendered"]
    assert 1 <= first["days"] <= 2
    assert second == {"days": 0, "rendered": False}
    assert read_response(days=30, now=timezone.now())


def test_prints_a_summary_as_text():
    store(PostingFactory())

    assert run_command() == "days: 1\nrendered: True\n"


def test_the_check_passes_if_stats_are_correct():
    store(PostingFactory())
    run_command()

    assert json.loads(run_command("--check", "--json")) == {"days": 0, "rendered": False, "days_checked": 1}


def test_the_check_repairs_wrong_stats_and_fails(mongo):
    store(PostingFactory())
    run_command()
    mongo.market_figures.update_one({"scope": "market"}, {"$inc": {"remote": 5}})

    with pytest.raises(CommandError) as failure:
        run_command("--check")

    assert str(failure.value).startswith("Repaired stats that differed from their postings on 20")
    assert json.loads(run_command("--check", "--json"))["days_checked"] == 1


def test_the_check_finds_stats_of_days_without_postings(mongo):
    store(PostingFactory())
    run_command()
    mongo.job_postings.delete_many({})

    with pytest.raises(CommandError):
        run_command("--check")

    assert mongo.market_figures.count_documents({}) == 0
