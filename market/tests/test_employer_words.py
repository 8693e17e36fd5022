"""Tests that sentences an employer repeats in different adverts do not count."""

from typing import Any

import pytest

from market.posting import Posting
from market.services import store_postings
from market.stored_skills import update_stored_skills
from tests.factories import NOW, PostingFactory

pytestmark = pytest.mark.usefixtures("vocabulary_of_tools")

OWN = "Tideline dashboards run next to Snowflake in every harbour."
CASE = "We are Tideline. Companies like Salesforce and GitHub use our Webflow plug-in, and we are SOC 2 certified."
TITLES = ["Ropewalk Keeper", "Dock Engineer", "Crane Analyst", "Tide Planner"]


def _post(number: int, text: str, *, title: str, company: str = "Tideline") -> Posting:
    return PostingFactory.build(
        job_id=f"{company}-{number}", title=title, company=company, description=text, technology_slugs=()
    )


def _store(*postings: Posting) -> None:
    store_postings(postings=postings, now=NOW)


def _skills(mongo: Any) -> list[list[str]]:
    return [row.get("skills", []) for row in mongo.job_postings.find().sort("job_id", 1)]


@pytest.mark.parametrize("gap", [" ", "\n\n", "\n"])
@pytest.mark.parametrize("paragraph", [OWN, CASE])
def test_four_adverts_in_one_batch_ask_only_for_what_is_their_own(mongo: Any, gap: str, paragraph: str) -> None:
    _store(*[_post(n, f"{paragraph}{gap}You write Go.", title=title) for n, title in enumerate(TITLES)])

    assert _skills(mongo) == [["go"]] * 4


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_the_order_of_storing_does_not_matter(mongo: Any, order: list[int]) -> None:
    for n in order:
        _store(_post(n, f"{OWN}\n\nYou write Go.", title=TITLES[n]))

    assert _skills(mongo) == [["go"]] * 4


def test_copies_of_one_advert_make_nothing_the_employers_own(mongo: Any) -> None:
    _store(*[_post(n, f"{OWN}\n\nYou write Go.", title="Dock Engineer") for n in range(4)])

    assert _skills(mongo) == [["snowflake", "go"]] * 4


def test_another_employers_adverts_do_not_count(mongo: Any) -> None:
    _store(*[_post(n, OWN, title=title, company=f"Harbour {n}") for n, title in enumerate(TITLES)])

    assert _skills(mongo) == [["snowflake"]] * 4


def test_a_repeated_requirement_stays(mongo: Any) -> None:
    text = "## Requirements\n\n- Snowflake\n\nYou write Go."
    _store(*[_post(n, text, title=title) for n, title in enumerate(TITLES)])

    assert _skills(mongo) == [["snowflake", "go"]] * 4


def test_rereading_gives_the_same_skills(mongo: Any) -> None:
    _store(*[_post(n, f"{OWN}\n\nYou write Go.", title=title) for n, title in enumerate(TITLES)])
    mongo.employer_sentences.delete_many({})

    list(update_stored_skills(dry_run=False, now=NOW))

    assert _skills(mongo) == [["go"]] * 4
    assert [batch.changed for batch in update_stored_skills(dry_run=False, now=NOW)] == [0]


def test_a_dry_run_records_nothing(mongo: Any) -> None:
    postings = [_post(n, OWN, title=title) for n, title in enumerate(TITLES)]

    store_postings(postings=postings, now=NOW, dry_run=True)

    assert mongo.employer_sentences.count_documents({}) == 0
