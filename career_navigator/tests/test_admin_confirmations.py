"""What the admin asks before it destroys something, and how that is undone."""

from collections.abc import Callable

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


def undo_link(html: str) -> str:
    """The address of the Undo button of a page."""
    return html.partition('class="staff-undo"')[0].rpartition('action="')[2].partition('"')[0]


@pytest.fixture
def postings(admin_tables: None) -> list[str]:
    store_postings(postings=[PostingFactory(title=f"Developer {n}") for n in range(13)], now=NOW)
    return [str(posting.pk) for posting in JobPosting.objects.order_by("pk")]


def hidden(mongo: Database) -> int:
    return mongo.job_postings.count_documents({"hidden": True})


class TestHiding:
    def test_asks_with_how_many_and_which_before(
        self, staff_client: Client, postings: list[str], mongo: Database
    ) -> None:
        question = staff_client.post(POSTINGS, {"action": "hide", "_selected_action": postings}).content.decode()

        assert "Hide 13 job postings?" in question
        assert "Developer 12" in question
        assert "and 3 more" in question
        assert "It can be undone" in question
        assert question.count('name="_selected_action"') == 13
        assert hidden(mongo) == 0

    def test_of_a_whole_list_asks_for_the_list_as_it_is_filtered(
        self, staff_client: Client, postings: list[str], mongo: Database
    ) -> None:
        chosen = {"action": "hide", "_selected_action": postings[:1], "select_across": "1"}

        question = staff_client.post(f"{POSTINGS}?q=developer", chosen).content.decode()
        staff_client.post(f"{POSTINGS}?q=developer", chosen | {"confirmed": "yes"})

        assert "Hide 13 job postings?" in question
        assert hidden(mongo) == 13

    def test_is_undone_for_what_it_hid_alone(
        self, staff_client: Client, postings: list[str], mongo: Database, redis: Redis
    ) -> None:
        staff_client.post(f"{POSTINGS}{postings[0]}/hide/")
        chosen = {"action": "hide", "_selected_action": postings[:3], "confirmed": "yes"}

        told = staff_client.post(POSTINGS, chosen, follow=True).content.decode()
        before = hidden(mongo)
        staff_client.post(undo_link(told.partition("2 hidden")[2]))
        after = hidden(mongo)

        assert "2 hidden" in told
        assert (before, after) == (3, 1)
        assert LogEntry.objects.filter(change_message="Shown again.").count() == 2

    def test_of_one_posting_is_undone_once(self, staff_client: Client, postings: list[str], mongo: Database) -> None:
        link = undo_link(staff_client.post(f"{POSTINGS}{postings[0]}/hide/", follow=True).content.decode())

        staff_client.post(link)
        again = staff_client.post(link, follow=True).content.decode()

        assert hidden(mongo) == 0
        assert "The action was not undone: it was undone before, or is more than an hour old." in again

    def test_is_undone_by_who_did_it_alone(self, staff_client: Client, postings: list[str], mongo: Database) -> None:
        link = undo_link(staff_client.post(f"{POSTINGS}{postings[0]}/hide/", follow=True).content.decode())
        other = Client()
        other.force_login(StaffUser.objects.create_superuser("other", "", "Secret-123"))

        told = other.post(link, follow=True).content.decode()

        assert "The action was not undone" in told
        assert staff_client.get(link).status_code == 403
        assert hidden(mongo) == 1

    def test_of_a_resource_is_asked_for_and_undone(self, staff_client: Client, mongo: Database) -> None:
        chosen = {"action": "hide", "_selected_action": [str(LearningResourceFactory(title="Lesson one").pk)]}
        page = "/admin/learning/learningresource/"

        question = staff_client.post(page, chosen).content.decode()
        told = staff_client.post(page, chosen | {"confirmed": "yes"}, follow=True).content.decode()
        between = mongo.learning_resources.count_documents({"hidden": True})
        staff_client.post(undo_link(told))

        assert "Hide 1 learning resource?" in question
        assert "Lesson one" in question
        assert (between, mongo.learning_resources.count_documents({"hidden": True})) == (1, 0)


@pytest.fixture
def unknown(admin_tables: None) -> Callable[[str], str]:
    """Two slugs that wait, and the address at which one is resolved."""
    SkillFactory(name="kubernetes", display_name="Kubernetes", category="Tools/Technologies")
    count_unknown_slugs(slugs=["kubernets", "kubernets", "zapp-board"], now=timezone.now())
    reset_caches()
    return lambda slug: f"{SLUGS}{UnknownSlugDocument.objects.get(slug=slug).pk}/resolve/"


class TestSettlingASlug:
    def test_as_an_alias_is_undone(self, staff_client: Client, unknown: Callable[[str], str]) -> None:
        before = UnknownSlugDocument.objects.get(slug="kubernets")
        told = staff_client.post(unknown("kubernets") + "?skill=kubernetes", {"resolve": "alias"}, follow=True)

        staff_client.post(undo_link(told.content.decode()))

        after = UnknownSlugDocument.objects.get(slug="kubernets")
        assert SkillDocument.objects.get(name="kubernetes").slugs == []
        assert (after.count, after.first_seen_at, after.last_seen_at) == (
            before.count,
            before.first_seen_at,
            before.last_seen_at,
        )
        assert "Undone: Resolved kubernets as kubernetes." in {each.change_message for each in LogEntry.objects.all()}

    @pytest.mark.parametrize("answer", ["new", "no_skill"])
    def test_as_an_entry_of_its_own_is_undone(
        self, staff_client: Client, unknown: Callable[[str], str], answer: str
    ) -> None:
        told = staff_client.post(unknown("zapp-board"), {"resolve": answer}, follow=True).content.decode()

        staff_client.post(undo_link(told))

        assert SkillDocument.objects(name="zapp board").count() == 0
        assert UnknownSlugDocument.objects.get(slug="zapp-board").count == 1

    def test_is_not_undone_where_the_entry_was_edited_since(
        self, staff_client: Client, unknown: Callable[[str], str]
    ) -> None:
        told = staff_client.post(unknown("zapp-board"), {"resolve": "new"}, follow=True).content.decode()
        SkillDocument.objects(name="zapp board").update_one(set__display_name="Zapp", set__updated_at=NOW)

        answer = staff_client.post(undo_link(told), follow=True).content.decode()

        assert "has been edited or deleted since" in answer
        assert SkillDocument.objects(name="zapp board").count() == 1
        assert UnknownSlugDocument.objects(slug="zapp-board").count() == 0

    def test_in_bulk_is_asked_for_and_undone(self, staff_client: Client, unknown: Callable[[str], str]) -> None:
        chosen = {
            "action": "mark_as_not_skills",
            "_selected_action": [str(slug.pk) for slug in UnknownSlugDocument.objects],
        }

        question = staff_client.post(SLUGS, chosen).content.decode()
        between = UnknownSlugDocument.objects.count()
        told = staff_client.post(SLUGS, chosen | {"confirmed": "yes"}, follow=True).content.decode()
        resolved = UnknownSlugDocument.objects.count()
        staff_client.post(undo_link(told))

        assert "Mark as not skills: 2 unknown slugs?" in question
        assert (between, resolved, UnknownSlugDocument.objects.count()) == (2, 0, 2)


@pytest.fixture
def two_skills(admin_tables: None) -> None:
    SkillFactory(name="postcss", display_name="PostCSS", aliases=["post css"])
    SkillFactory(name="sass", display_name="Sass", aliases=["scss"])
    LearningResourceFactory(skill="postcss")
    UserFactory(skills=["postcss"])
    store_postings(postings=[PostingFactory(technology_slugs=("postcss",))], now=NOW)
    reset_caches()


class TestMerging:
    def test_begins_on_a_skills_page_and_looks_for_the_other_by_any_name(
        self, staff_client: Client, two_skills: None
    ) -> None:
        skill = SkillDocument.objects.get(name="postcss")
        page = staff_client.get(f"{SKILLS}{skill.pk}/change/").content.decode()

        ask = staff_client.get(f"{SKILLS}{skill.pk}/merge-with/", follow=True)
        form, _ = ask.redirect_chain[-1]
        found = staff_client.get(f"{SKILLS}suggest.json", {"q": "scs"}).json()["found"]
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
    def test_says_what_is_wrong_with_the_other_skill(
        self, staff_client: Client, two_skills: None, typed: str, sentence: str
    ) -> None:
        answer = staff_client.post(f"{SKILLS}merge/?name=postcss", {"skill": typed})

        assert sentence in answer.content.decode()
        assert SkillDocument.objects.count() == 2

    @pytest.mark.parametrize("query", ["name=gone", "name=gone&name=postcss", "name=gone&name=lost", "name=[", ""])
    def test_is_not_merged_with_one_that_is_gone(self, staff_client: Client, two_skills: None, query: str) -> None:
        answer = staff_client.get(f"{SKILLS}merge/?{query}", follow=True)

        assert answer.redirect_chain == [(SKILLS, 302)]
        assert "One of the skills has been merged or deleted in the meantime." in answer.content.decode()

    @pytest.mark.parametrize("text", ["", " ", "[", "$ne", "x" * 500, "qqqq"])
    def test_suggests_nothing_for_what_is_like_no_skill(
        self, staff_client: Client, two_skills: None, text: str
    ) -> None:
        assert staff_client.get(f"{SKILLS}suggest.json", {"q": text}).json()["found"] == []


class TestAUser:
    def test_is_deactivated_after_a_question_that_counts_the_sessions(
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

    def test_is_erased_after_a_question_that_counts_what_goes(
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
    def test_that_is_not_there_is_asked_about_by_no_question(
        self, admin_tables: None, staff_client: Client, act: str, user_id: str
    ) -> None:
        assert staff_client.get(f"{PEOPLE}{user_id}/{act}/").status_code == 404


@pytest.fixture
def half_failed(admin_tables: None) -> CollectionRunDocument:
    """A run of two roles in two places, of which one search failed and one was collected for 4 credits."""
    now = timezone.now()
    asked = {"roles": ["Chef", "Cook"], "places": ["Berlin", "Paris"], "max_age_days": 7, "per_role_limit": 10}
    run = start_run(trigger="command", now=now, **asked)
    for index, status in enumerate(("finished", "failed", "finished", "finished")):
        update_search(run_id=run.id, index=index, now=now, values={"status": status}, counts={"credits": 4})
    CollectionRunDocument.objects(id=run.id).update_one(set__status="failed")
    return run.reload()


class TestACollection:
    def test_is_cancelled_after_a_question_with_what_stays_and_what_does_not_begin(
        self, admin_tables: None, staff_client: Client
    ) -> None:
        asked = {"roles": ["Chef", "Cook"], "places": ["Berlin"], "max_age_days": 7, "per_role_limit": 10}
        run = start_run(trigger="command", now=timezone.now(), **asked)
        update_search(run_id=run.id, index=0, now=timezone.now(), values={"status": "running"}, counts={"credits": 3})

        question = staff_client.get(f"{RUNS}{run.id}/cancel/").content.decode()

        assert "1 search of 2 will not begin, and 1 will stop after the page that is being fetched." in question
        assert "The 3 credits spent are not refunded" in question
        assert run.reload().status == "running"

    def test_is_repeated_for_what_failed_alone_after_an_estimate(
        self, staff_client: Client, half_failed: CollectionRunDocument, settings
    ) -> None:
        settings.THEIR_STACK_CREDIT_BUDGET = 100

        question = staff_client.get(f"{RUNS}{half_failed.id}/repeat/").content.decode()
        staff_client.post(f"{RUNS}{half_failed.id}/repeat/")

        (run,) = CollectionRunDocument.objects(id__ne=half_failed.id)
        assert "Repeat 1 search of 4?" in question
        assert "Chef in Paris" in question
        # 10 for the role, of which the search in Berlin has spent 4.
        assert "It costs at most 6 credits. 100 are left." in question
        assert [(search.role, search.place, search.spent_before) for search in run.searches] == [("Chef", "Paris", 4)]

    def test_that_failed_in_one_place_of_each_role_is_repeated_in_that_place(
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

    def test_of_which_nothing_failed_is_not_repeated(
        self, staff_client: Client, half_failed: CollectionRunDocument
    ) -> None:
        CollectionRunDocument.objects(id=half_failed.id).update_one(set__searches__1__status="finished")

        told = staff_client.get(f"{RUNS}{half_failed.id}/repeat/", follow=True).content.decode()

        assert "The run cannot be repeated" in told
        assert CollectionRunDocument.objects.count() == 1


def test_what_undoing_takes_is_kept_for_an_hour(staff_client: Client, postings: list[str]) -> None:
    link = undo_link(staff_client.post(f"{POSTINGS}{postings[0]}/hide/", follow=True).content.decode())
    key = f"undo:{StaffUser.objects.get().pk}:{link.rstrip('/').rpartition('/')[2]}"

    assert cache.get(key) == {"ids": [postings[0]]}
