"""All declared indexes are created, and typical queries use them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pymongo.errors import DuplicateKeyError

from career_navigator.db.bootstrap import IndexesRejected, create_indexes
from ingestion.runs import find_interrupted, start_run
from ingestion.selectors import get_ingestion_stats, get_last_good_collection
from market.daily_stats import day_start
from market.documents import JobPostingDocument
from market.jobs.selectors import find_postings_by_keywords, find_postings_by_skills, list_recent_postings
from market.jobs.services import close_posting
from market.membership import register_role
from market.refresh import check_stats, refresh_stats
from market.selectors import load_records
from market.services import delete_expired_postings, store_postings
from tests.factories import NOW, TODAY, PostingFactory, days_ago

pytestmark = pytest.mark.usefixtures("mongo", "redis")

UNIQUE = {
    ("job_postings", ("source", "job_id")),
    ("job_postings", ("url_key", "source", "job_id")),
    ("market_figures", ("scope", "day")),
    ("boards", ("source", "name")),
    ("collected_roles", ("role", "place")),
    ("skills", ("name",)),
    ("unknown_slugs", ("slug",)),
    ("users", ("email",)),
    ("learning_resources", ("skill", "url")),
    ("blueprints", ("role",)),
    ("roles", ("name",)),
    ("learning_progress", ("user", "skill")),
    ("project_progress", ("user", "project")),
    ("applications", ("user", "job")),
    ("match_scores", ("user", "job")),
    ("resumes", ("user", "source", "job", "version")),
    ("resumes", ("user", "idempotency_key")),
    ("saved_searches", ("user", "number")),
    ("saved_searches", ("user", "idempotency_key")),
    ("collection_runs", ("requested_by", "idempotency_key")),
    ("told_postings", ("search", "job")),
    ("task_runs", ("task", "due_at")),
    ("task_runs", ("open_task",)),
    ("failed_logins", ("account", "client_ip", "day")),
}


def list_indexes(mongo) -> dict[tuple[str, tuple[str, ...]], dict]:
    return {
        (name, tuple(field for field, _ in index["key"])): index
        for name in mongo.list_collection_names()
        if not name.startswith(("system.", "auth_", "django_"))
        for index in mongo[name].index_information().values()
    }


def test_creates_declared_indexes(mongo):
    collections = create_indexes()
    indexes = list_indexes(mongo)

    assert {"job_postings", "market_figures", "collection_runs", "collected_roles", "skills"} <= set(collections)
    assert {key for key, index in indexes.items() if index.get("unique")} == UNIQUE
    of_postings = {fields for name, fields in indexes if name == "job_postings"} - {("_id",)}
    assert of_postings == {
        ("source", "job_id"),
        ("url_key", "source", "job_id"),
        ("copy_key",),
        ("day", "_id", "hidden", "remote", "hybrid"),
        ("roles", "day", "_id"),
        ("skills", "day", "_id"),
        ("search_words", "day", "_id"),
        ("country_codes", "day", "_id"),
        ("place", "day", "_id"),
        ("company_key", "day", "_id"),
        ("seniority", "day", "_id"),
        ("pay_usd", "day", "_id", "hidden"),
        ("hidden",),
        ("scraped_at",),
        ("_fts", "_ftsx"),
    }


def test_creates_indexes_only_once(mongo):
    before = list_indexes(mongo)

    create_indexes()

    assert list_indexes(mongo) == before


def test_drops_retired_indexes(mongo):
    before = list_indexes(mongo)
    mongo.job_postings.create_index(
        "url", unique=True, name="by_url", partialFilterExpression={"url": {"$type": "string"}}
    )

    create_indexes()

    assert list_indexes(mongo) == before


def test_reports_a_conflicting_index_by_name(mongo):
    mongo.job_postings.drop_index("scraped_at_-1")
    mongo.job_postings.create_index("scraped_at", unique=True, name="scraped_at_-1")

    try:
        with pytest.raises(IndexesRejected, match="scraped_at_-1"):
            create_indexes()
    finally:
        mongo.job_postings.drop_index("scraped_at_-1")
        create_indexes()


def test_ids_are_unique_and_so_are_urls_without_an_id(mongo):
    rows = [
        {"source": "a", "job_id": "1", "url_key": "u"},
        {"source": "a", "job_id": "2", "url_key": "u"},
        {"source": "a", "url_key": "u"},
        {"source": "a"},
        {"source": "a"},
        {"source": "b", "job_id": "1"},
    ]
    mongo.job_postings.insert_many(rows)

    for row in ({"source": "a", "job_id": "1"}, {"source": "a", "url_key": "u"}):
        with pytest.raises(DuplicateKeyError):
            mongo.job_postings.insert_one(row)


def store_many() -> None:
    postings = [
        PostingFactory.build(title=f"Data Engineer {n}", date_posted=days_ago(n % 40), technology_slugs=(f"s{n % 7}",))
        for n in range(300)
    ]
    store_postings(postings=postings, role="Data Engineer", now=NOW)
    store_postings(
        postings=[PostingFactory.build(title="Nurse", date_posted=days_ago(n % 40)) for n in range(100)], now=NOW
    )
    refresh_stats(now=NOW)


@pytest.fixture
def plans(mongo, store_once) -> Callable[..., dict[str, set[str]]]:
    """Return a function that runs `work` and returns the plan summaries by collection from MongoDB's profiler."""
    store_once(store_many)

    def watch(work: Callable[[], object]) -> dict[str, set[str]]:
        mongo.command("profile", 0)
        mongo.drop_collection("system.profile")
        mongo.command("profile", 2)
        try:
            work()
        finally:
            mongo.command("profile", 0)
        seen: dict[str, set[str]] = {}
        for entry in mongo["system.profile"].find({"planSummary": {"$exists": True}}):
            seen.setdefault(entry["ns"].partition(".")[2], set()).add(entry["planSummary"])
        return seen

    return watch


def store():
    store_postings(
        postings=[
            PostingFactory.build(job_id="1", title="Changed"),
            PostingFactory.build(),
            PostingFactory.build(job_id=None, url="https://jobs.example.com/7"),
        ],
        role="Data Engineer",
        place="Remote",
        now=NOW,
    )


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (store, {"IXSCAN { source: 1, job_id: 1 }", "IXSCAN { url_key: 1, source: 1, job_id: 1 }"}),
        (lambda: (store(), refresh_stats(now=NOW)), {"IXSCAN { day: 1, _id: 1"}),
        (lambda: list(find_postings_by_skills(skills=["s1", "s2"])), {"IXSCAN { skills: 1, day: 1, _id: 1 }"}),
        (lambda: list(find_postings_by_skills(skills=["s1"])), {"IXSCAN { skills: 1, day: 1, _id: 1 }"}),
        (lambda: list(find_postings_by_keywords(keywords="data engineer")), {'IXSCAN { _fts: "text"'}),
        (lambda: list(find_postings_by_keywords(keywords="engineer", location="austin")), {'IXSCAN { _fts: "text"'}),
        (lambda: list(list_recent_postings(now=NOW)), {"IXSCAN { scraped_at: -1 }"}),
        (
            lambda: list(
                JobPostingDocument.objects(roles="data engineer", day__gte=day_start(days_ago(30))).only("skills")
            ),
            {"IXSCAN { roles: 1, day: 1, _id: 1 }"},
        ),
        (lambda: register_role(role="Engineer", now=NOW), {"IXSCAN { search_words: 1, day: 1, _id: 1 }"}),
        (lambda: list(delete_expired_postings(days_to_keep=30, now=NOW)), {"IXSCAN { day: 1, _id: 1"}),
        (
            lambda: close_posting(source="theirstack", job_id="1", closed_at=NOW, now=NOW),
            {"IXSCAN { source: 1, job_id: 1 }"},
        ),
    ],
)
def test_posting_queries_use_an_index(plans, work, expected):
    seen = plans(work)["job_postings"]

    assert not [plan for plan in seen if "COLLSCAN" in plan]
    assert all(any(plan.startswith(each) for plan in seen) for each in expected), seen


def test_stats_check_reads_days_from_the_index(plans):
    seen = plans(check_stats)["job_postings"]

    assert not [plan for plan in seen if "COLLSCAN" in plan]


def test_counting_recent_postings_uses_an_index(plans):
    seen = plans(lambda: get_ingestion_stats(now=NOW))["job_postings"]

    assert "COUNT_SCAN { scraped_at: -1 }" in seen


def test_stats_and_runs_use_an_index(plans):
    def work():
        list(load_records(scope="market", first_day=day_start(days_ago(30)), last_day=day_start(TODAY)))
        start_run(
            trigger="command", roles=["Chef"], places=["Remote"], max_age_days=1, per_role_limit=1,
            fresh_within_days=3, now=NOW,
        )  # fmt: skip
        find_interrupted(now=NOW + timedelta(hours=1))
        get_last_good_collection()

    seen = plans(work)

    assert seen["market_figures"] == {"IXSCAN { scope: 1, day: 1 }"}
    assert {
        plan for name in ("collection_runs", "collected_roles") for plan in seen[name] if "COLLSCAN" in plan
    } == set()
