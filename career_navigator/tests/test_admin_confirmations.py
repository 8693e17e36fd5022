"""Confirmation pages of destructive actions in the admin, and undoing actions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User as StaffUser
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pymongo.database import Database
from redis import Redis

from accounts.documents import User
from career_navigator.cache import reset_caches
from ingestion.documents import CollectionRunDocument
from ingestion.runs import start_run, update_search
from market.models import JobPosting
from market.services import store_postings
from skills.documents import SkillDocument, UnknownSlugDocument
from skills.services import count_unknown_slugs
from tests.factories import NOW, LearningResourceFactory, PostingFactory, SkillFactory, UserFactory

POSTINGS = "/admin/market/jobposting/"
SLUGS = "/admin/skills/unknownslug/"
SKILLS = "/admin/skills/skill/"
RUNS = "/admin/ingestion/collectionrun/"
PEOPLE = "/admin/accounts/person/"


def find_undo_url(html: str) -> str:
    """Return the URL of the Undo button on a page."""
    return html.partition('class="staff-undo"')[0].rpartition('action="')[2].partition('"')[0]


@pytest.fixture
def postings(admin_tables: None) -> list[str]:
    store_postings(postings=[PostingFactory.build(title=f"Developer {n}") for n in range(13)], now=NOW)
    return [str(posting.pk) for posting in JobPosting.objects.order_by("pk")]


def count_hidden(mongo: Database) -> int:
    return mongo.job_postings.count_documents({"hidden": True})


class TestHiding:
    def test_asks_for_confirmation_with_count_and_names(
        self, staff_client: Client, postings: list[str], mongo: Database
    ) -> None:
        question = staff_client.post(POSTINGS, {"action": "hide", "_selected_action": postings}).content.decode()

        assert "Hide 13 job postings?" in question
        assert "Developer 12" in question
        assert "and 3 more" in question
        assert "You can undo this" in question
        assert question.count('name="_selected_action"') == 13
        assert count_hidden(mongo) == 0

    def test_hides_all_pages_of_the_filtered_list(
        self, staff_client: Client, postings: list[str], mongo: Database
    ) -> None:
        selection = {"action": "hide", "_selected_action": postings[:1], "select_across": "1"}

        question = staff_client.post(f"{POSTINGS}?q=developer", selection).content.decode()
        staff_client.post(f"{POSTINGS}?q=developer", selection | {"confirmed": "yes"})

        assert "Hide 13 job postings?" in question
        assert count_hidden(mongo) == 13

    def test_undo_shows_only_the_postings_that_the_action_hid(
        self, staff_client: Client, postings: list[str], mongo: Database, redis: Redis
    ) -> None:
        staff_client.post(f"{POSTINGS}{postings[0]}/hide/")
        selection = {"action": "hide", "_selected_action": postings[:3], "confirmed": "yes"}

        result_page = staff_client.post(POSTINGS, selection, follow=True).content.decode()
        before = count_hidden(mongo)
        staff_client.post(find_undo_url(result_page.partition("2 postings hidden")[2]))
        after = count_hidden(mongo)

        assert "2 postings hidden" in result_page
        assert (before, after) == (3, 1)
        assert LogEntry.objects.filter(change_message="Shown again.").count() == 2

    def test_can_be_undone_only_once(self, staff_client: Client, postings: list[str], mongo: Database) -> None:
        link = find_undo_url(staff_client.post(f"{POSTINGS}{postings[0]}/hide/", follow=True).content.decode())

        staff_client.post(link)
        again = staff_client.post(link, follow=True).content.decode()

        assert count_hidden(mongo) == 0
        assert "The action was not undone: it was undone before, or is more than an hour old." in again

    def test_can_be_undone_only_by_the_same_user(
        self, staff_client: Client, postings: list[str], mongo: Database
    ) -> None:
        link = find_undo_url(staff_client.post(f"{POSTINGS}{postings[0]}/hide/", follow=True).content.decode())
        other = Client()
        other.force_login(StaffUser.objects.create_superuser("other", "", "Secret-123"))

        result_page = other.post(link, follow=True).content.decode()

        assert "The action was not undone" in result_page
        assert staff_client.get(link).status_code == 403
        assert count_hidden(mongo) == 1

    def test_hides_a_resource_after_confirmation_and_undoes_it(self, staff_client: Client, mongo: Database) -> None:
        selection = {"action": "hide", "_selected_action": [str(LearningResourceFactory.create(title="Lesson one").pk)]}
        page = "/admin/learning/learningresource/"

        question = staff_client.post(page, selection).content.decode()
        result_page = staff_client.post(page, selection | {"confirmed": "yes"}, follow=True).content.decode()
        between = mongo.learning_resources.count_documents({"hidden": True})
        staff_client.post(find_undo_url(result_page))

        assert "Hide 1 learning resource?" in question
        assert "Lesson one" in question
        assert (between, mongo.learning_resources.count_documents({"hidden": True})) == (1, 0)


@pytest.fixture
def resolve_url(admin_tables: None) -> Callable[[str], str]:
    """Store two unknown slugs. Returns a function for the URL that resolves a slug."""
    SkillFactory.create(name="kubernetes", display_name="Kubernetes", category="Tools/Technologies")
    count_unknown_slugs(slugs=["kubernets", "kubernets", "zapp-board"], now=timezone.now())
    reset_caches()
    return lambda slug: f"{SLUGS}{UnknownSlugDocument.objects.get(slug=slug).pk}/resolve/"


class TestResolvingASlug:
    def test_undoes_resolving_to_an_alias(self, staff_client: Client, resolve_url: Callable[[str], str]) -> None:
        before = UnknownSlugDocument.objects.get(slug="kubernets")
        result_page = staff_client.post(
            resolve_url("kubernets") + "?skill=kubernetes", {"resolve": "alias"}, follow=True
        )

        staff_client.post(find_undo_url(result_page.content.decode()))

        after = UnknownSlugDocument.objects.get(slug="kubernets")
        assert SkillDocument.objects.get(name="kubernetes").slugs == []
        assert (after.count, after.first_seen_at, after.last_seen_at) == (
            before.count,
            before.first_seen_at,
            before.last_seen_at,
        )
        assert "Undone: Resolved kubernets as kubernetes." in {each.change_message for each in LogEntry.objects.all()}

    @pytest.mark.parametrize("resolution", ["new", "no_skill"])
    def test_undoes_creating_an_entry(
        self, staff_client: Client, resolve_url: Callable[[str], str], resolution: str
    ) -> None:
        result_page = staff_client.post(
            resolve_url("zapp-board"), {"resolve": resolution}, follow=True
        ).content.decode()

        staff_client.post(find_undo_url(result_page))

        assert SkillDocument.objects(name="zapp board").count() == 0
        assert UnknownSlugDocument.objects.get(slug="zapp-board").count == 1

    def test_does_not_undo_if_the_entry_was_edited_since(
        self, staff_client: Client, resolve_url: Callable[[str], str]
    ) -> None:
        result_page = staff_client.post(resolve_url("zapp-board"), {"resolve": "new"}, follow=True).content.decode()
        SkillDocument.objects(name="zapp board").update_one(set__display_name="Zapp", set__updated_at=NOW)

        response = staff_client.post(find_undo_url(result_page), follow=True).content.decode()

        assert "has been edited or deleted since" in response
        assert SkillDocument.objects(name="zapp board").count() == 1
        assert UnknownSlugDocument.objects(slug="zapp-board").count() == 0

    def test_resolves_in_bulk_after_confirmation_and_undoes_it(
        self, staff_client: Client, resolve_url: Callable[[str], str]
    ) -> None:
        selection = {
            "action": "mark_as_not_skills",
            "_selected_action": [str(slug.pk) for slug in UnknownSlugDocument.objects],
        }

        question = staff_client.post(SLUGS, selection).content.decode()
        between = UnknownSlugDocument.objects.count()
        result_page = staff_client.post(SLUGS, selection | {"confirmed": "yes"}, follow=True).content.decode()
        resolved = UnknownSlugDocument.objects.count()
        staff_client.post(find_undo_url(result_page))

        assert "Mark as not skills: 2 unknown slugs?" in question
        assert (between, resolved, UnknownSlugDocument.objects.count()) == (2, 0, 2)


@pytest.fixture
def two_skills(admin_tables: None) -> None:
    SkillFactory.create(name="postcss", display_name="PostCSS", aliases=["post css"])
    SkillFactory.create(name="sass", display_name="Sass", aliases=["scss"])
    LearningResourceFactory.create(skill="postcss")
    UserFactory.create(skills=["postcss"])
    store_postings(postings=[PostingFactory.build(technology_slugs=("postcss",))], now=NOW)
    reset_caches()


class TestMerging:
    def test_starts_on_a_skills_page_and_finds_the_target_by_any_name(
        self, staff_client: Client, two_skills: None
    ) -> None:
        skill = SkillDocument.objects.get(name="postcss")
        page = staff_client.get(f"{SKILLS}{skill.pk}/change/").content.decode()

        ask = staff_client.get(f"{SKILLS}{skill.pk}/merge-with/", follow=True)
        form, _ = ask.redirect_chain[-1]
        found = staff_client.get(f"{SKILLS}suggest.json", {"q": "scs"}).json()["suggestions"]
        question = staff_client.post(form, {"skill": " SCSS "}, follow=True)
        merge, _ = question.redirect_chain[-1]
        staff_client.post(merge, {"target": "sass"})

        assert f"{SKILLS}{skill.pk}/merge-with" in page
        assert "Merge PostCSS into which skill?" in ask.content.decode()
        assert found[0] == {"value": "sass", "label": "Sass (scss)"}
        text = question.content.decode()
        assert "postcss: 1 user, 1 posting, 1 learning resource, 0 project ideas" in text
        assert "This cannot be undone." in text
        assert SkillDocument.objects(name="postcss").count() == 0
        assert User.objects.get().skills == ["sass"]

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("postcss", "A skill cannot be merged with itself. Enter another skill."),
            ("no such thing", "The vocabulary does not contain this skill."),
            ("", "This field is required."),
        ],
    )
    def test_reports_an_invalid_target_skill(
        self, staff_client: Client, two_skills: None, typed: str, sentence: str
    ) -> None:
        response = staff_client.post(f"{SKILLS}merge/?name=postcss", {"skill": typed})

        assert sentence in response.content.decode()
        assert SkillDocument.objects.count() == 2

    @pytest.mark.parametrize("query", ["name=gone", "name=gone&name=postcss", "name=gone&name=lost", "name=[", ""])
    def test_reports_a_skill_that_no_longer_exists(self, staff_client: Client, two_skills: None, query: str) -> None:
        response = staff_client.get(f"{SKILLS}merge/?{query}", follow=True)

        assert response.redirect_chain == [(SKILLS, 302)]
        assert "One of the skills has been merged or deleted in the meantime." in response.content.decode()

    @pytest.mark.parametrize("text", ["", " ", "[", "$ne", "x" * 500, "qqqq"])
    def test_suggests_nothing_for_text_that_matches_no_skill(
        self, staff_client: Client, two_skills: None, text: str
    ) -> None:
        assert staff_client.get(f"{SKILLS}suggest.json", {"q": text}).json()["suggestions"] == []


class TestUser:
    def test_asks_for_confirmation_of_deactivating_with_the_number_of_sessions(
        self, admin_tables: None, staff_client: Client, register
    ) -> None:
        person = register()

        question = staff_client.get(f"{PEOPLE}{person.id}/deactivate/").content.decode()
        page = staff_client.get(f"{PEOPLE}{person.id}/change/").content.decode()

        assert "1 session ends immediately" in question
        assert "You can undo this with “Reactivate”." in question
        assert User.objects.get().is_active
        assert f'href="{PEOPLE}{person.id}/deactivate/"' in page
        assert f'href="{PEOPLE}{person.id}/erase/"' in page

    def test_asks_for_confirmation_of_erasing_with_counts_of_stored_data(
        self, admin_tables: None, staff_client: Client, register
    ) -> None:
        person = register()

        question = staff_client.get(f"{PEOPLE}{person.id}/erase/").content.decode()

        assert "1 sessions" in question
        assert "This cannot be undone." in question
        assert 'name="address"' in question
        assert User.objects.count() == 1

    @pytest.mark.parametrize("act", ["deactivate", "erase"])
    @pytest.mark.parametrize("user_id", ["6" * 24, "abc"])
    def test_unknown_user_returns_404(self, admin_tables: None, staff_client: Client, act: str, user_id: str) -> None:
        assert staff_client.get(f"{PEOPLE}{user_id}/{act}/").status_code == 404


@pytest.fixture
def half_failed(admin_tables: None) -> CollectionRunDocument:
    """Store a run for two roles in two places, in which one search failed. Each search has spent 4 credits."""
    now = timezone.now()
    criteria: dict[str, Any] = {
        "roles": ["Chef", "Cook"],
        "places": ["Berlin", "Paris"],
        "max_age_days": 7,
        "per_role_limit": 10,
    }
    run = start_run(trigger="command", now=now, **criteria)
    for index, status in enumerate(("finished", "failed", "finished", "finished")):
        update_search(run_id=run.id, index=index, now=now, values={"status": status}, counts={"credits": 4})
    CollectionRunDocument.objects(id=run.id).update_one(set__status="failed")
    return run.reload()


class TestCollection:
    def test_asks_for_confirmation_of_cancelling_with_the_effects(
        self, admin_tables: None, staff_client: Client
    ) -> None:
        criteria: dict[str, Any] = {
            "roles": ["Chef", "Cook"],
            "places": ["Berlin"],
            "max_age_days": 7,
            "per_role_limit": 10,
        }
        run = start_run(trigger="command", now=timezone.now(), **criteria)
        update_search(run_id=run.id, index=0, now=timezone.now(), values={"status": "running"}, counts={"credits": 3})

        question = staff_client.get(f"{RUNS}{run.id}/cancel/").content.decode()

        assert "1 search of 2 will not begin, and 1 will stop after the page that is being fetched." in question
        assert "The 3 credits spent are not refunded" in question
        assert run.reload().status == "running"

    def test_repeats_only_failed_searches_after_an_estimate(
        self, staff_client: Client, half_failed: CollectionRunDocument, settings
    ) -> None:
        settings.THEIR_STACK_CREDIT_BUDGET = 100

        question = staff_client.get(f"{RUNS}{half_failed.id}/repeat/").content.decode()
        staff_client.post(f"{RUNS}{half_failed.id}/repeat/")

        (run,) = CollectionRunDocument.objects(id__ne=half_failed.id)
        assert "Repeat 1 search of 4?" in question
        assert "Chef in Paris" in question
        # The limit for the role is 10 credits, of which the search in Berlin has spent 4.
        assert "It costs at most 6 credits. 100 are left." in question
        assert [(search.role, search.place, search.spent_before) for search in run.searches] == [("Chef", "Paris", 4)]

    def test_repeats_each_role_only_in_the_place_that_failed(
        self, staff_client: Client, half_failed: CollectionRunDocument
    ) -> None:
        CollectionRunDocument.objects(id=half_failed.id).update_one(set__searches__2__status="lost")

        staff_client.post(f"{RUNS}{half_failed.id}/repeat/")

        (run,) = CollectionRunDocument.objects(id__ne=half_failed.id)
        states = {(search.role, search.place): search.status for search in run.searches}
        assert states == {
            ("Chef", "Paris"): "queued",
            ("Chef", "Berlin"): "skipped",
            ("Cook", "Berlin"): "queued",
            ("Cook", "Paris"): "skipped",
        }

    def test_run_without_failed_searches_is_not_repeated(
        self, staff_client: Client, half_failed: CollectionRunDocument
    ) -> None:
        CollectionRunDocument.objects(id=half_failed.id).update_one(set__searches__1__status="finished")

        result_page = staff_client.get(f"{RUNS}{half_failed.id}/repeat/", follow=True).content.decode()

        assert "The run cannot be repeated" in result_page
        assert CollectionRunDocument.objects.count() == 1


def test_stores_the_values_for_undoing_an_action(staff_client: Client, postings: list[str]) -> None:
    link = find_undo_url(staff_client.post(f"{POSTINGS}{postings[0]}/hide/", follow=True).content.decode())
    key = f"undo:{StaffUser.objects.get().pk}:{link.rstrip('/').rpartition('/')[2]}"

    assert cache.get(key) == {"ids": [postings[0]]}
