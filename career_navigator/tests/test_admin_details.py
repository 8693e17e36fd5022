"""Detail pages of users and skills, and the log."""

from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from pymongo.database import Database

from accounts.mails import RESET, record_mail
from career_navigator.admin_site.roles import make_roles
from learning.documents import LearningResourceDocument
from market.refresh import refresh_stats
from market.services import store_postings
from skills.models import Skill
from tests.factories import LearningResourceFactory, PostingFactory, ProjectIdeaFactory, SkillFactory, TaskRunFactory
from tests.fixtures.users import PASSWORD, Member

LOG = "/admin/admin/logentry/"


@pytest.fixture
def person(admin_tables: None, staff_client: Client, register) -> Member:
    """Register a user after the admin's tables were created."""
    return register()


@pytest.fixture
def resource(staff_client: Client) -> LearningResourceDocument:
    return LearningResourceFactory.create(title="A tour", level="Beginner")


def submit_form(client: Client, url: str, **values: str) -> None:
    """Submit the form of a page with changed values."""
    form = client.get(url).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields}
    initial = {name: "\n".join(value) if isinstance(value, list) else value for name, value in fields.items()}
    response = client.post(
        url, {name: value for name, value in (initial | values).items() if value not in (None, False)}
    )
    assert response.status_code == 302, response.context["errors"]


def test_user_page_shows_last_login_and_progress(staff_client: Client, person: Member, post_jobs) -> None:
    now = timezone.now()
    SkillFactory(name="python", display_name="Python")
    post_jobs("Software Engineer", {"python": 10})
    person.put("/learning/progress/python", {"status": "done"})
    record_mail(user_id=ObjectId(person.id), kind=RESET, error="TimeoutError: timed out", now=now)
    record_mail(user_id=ObjectId(), kind=RESET, error="of somebody else", now=now)

    page = staff_client.get(f"/admin/accounts/person/{person.id}/change/")

    assert page.context["original"].last_login_at is not None
    assert [role for role, _ in page.context["gaps"]] == ["Software Engineer"]
    assert page.context["learning"] == [("done", 1)]
    text = page.content.decode()
    assert all(heading in text for heading in ("Gap to Software Engineer", "Roadmap skills", "Applications", "1 done"))
    assert "TimeoutError: timed out" in text
    assert "of somebody else" not in text


def test_login_stores_its_time(staff_client: Client, person: Member, api, mongo) -> None:
    earlier = timezone.now() - timedelta(days=30)
    mongo.users.update_one({}, {"$set": {"last_login_at": earlier}})

    api.post("/auth/login", {"email": "ada@example.org", "password": PASSWORD})

    assert mongo.users.find_one()["last_login_at"] > earlier
    assert person.get("/auth/me/export").json()["last_login"] != []


@pytest.mark.parametrize("act", ["deactivate", "erase"])
def test_confirmation_pages_count_stored_data(staff_client: Client, person: Member, act: str) -> None:
    assert staff_client.get(f"/admin/accounts/person/{person.id}/{act}/").status_code == 200


def test_user_page_hides_mail_without_permission(person: Member) -> None:
    make_roles()
    group = Group.objects.create(name="callers")
    group.permissions.set(
        [each for each in Group.objects.get(name="support").permissions.all() if each.codename == "view_person"]
    )
    user = User.objects.create_user("caller", is_staff=True)
    user.groups.add(group)
    client = Client()
    client.force_login(user)

    page = client.get(f"/admin/accounts/person/{person.id}/change/").content.decode()

    assert 'id="progress"' in page
    assert 'id="mails"' not in page


@pytest.mark.parametrize("object_id", ["6" * 24, "abc"])
def test_unknown_user_has_no_page(staff_client: Client, object_id: str) -> None:
    assert staff_client.get(f"/admin/accounts/person/{object_id}/change/").status_code == 302


def test_skill_page_shows_where_the_skill_is_used(staff_client: Client) -> None:
    now = timezone.now()
    SkillFactory(name="python", display_name="Python")
    SkillFactory(name="django", display_name="Django", prerequisites=["python"], related=["python"])
    LearningResourceFactory.create(skill="python")
    ProjectIdeaFactory(skills=["python"])
    store_postings(postings=PostingFactory.create_batch(20, date_posted=now.date()), role="Backend Developer", now=now)
    refresh_stats(now=now)

    url = f"/admin/skills/skill/{Skill.objects.get(name='python').pk}/change/"
    page = staff_client.get(url).content.decode()

    assert "20 postings" in page
    assert "1 learning resource<" in page
    assert "1 project idea<" in page
    assert "prerequisite of django" in page
    assert "related to django" in page
    assert "backend developer (100%)" in page.lower()
    for model in ("market/jobposting", "learning/learningresource", "projects/projectidea"):
        link = f"/admin/{model}/?skill=python"
        assert f'href="{link}"' in page
        assert staff_client.get(link).context["cl"].result_count in {1, 20}


def test_log_shows_old_and_new_values(staff_client: Client, resource: LearningResourceDocument) -> None:
    submit_form(
        staff_client, f"/admin/learning/learningresource/{resource.pk}/change/", title="A <b>tour</b>", level="Advanced"
    )

    pages = [LOG, f"/admin/learning/learningresource/{resource.pk}/history/"]
    texts = [staff_client.get(page).content.decode() for page in pages]

    for text in texts:
        assert "Level: <del>Beginner</del> → <ins>Advanced</ins>" in text
        assert "Title: <del>A tour</del> → <ins>A &lt;b&gt;tour&lt;/b&gt;</ins>" in text


def test_log_shows_values_that_an_action_changed(staff_client: Client, resource: LearningResourceDocument) -> None:
    action = {"action": "mark_broken", "_selected_action": [str(resource.pk)], "confirmed": "yes"}
    staff_client.post("/admin/learning/learningresource/", action)

    assert "broken_since: <del>empty</del> → <ins>20" in staff_client.get(LOG).content.decode()


def test_log_shows_no_passwords(staff_client: Client, superuser: User) -> None:
    passwords = {"password1": "Another-Secret-9", "password2": "Another-Secret-9"}
    staff_client.post(f"/admin/auth/user/{superuser.pk}/password/", passwords)

    page = staff_client.get(LOG).content.decode()

    assert "Changed password" in page
    assert "Another-Secret-9" not in page
    assert "pbkdf2" not in page


def test_empty_history_explains_itself(staff_client: Client) -> None:
    run = TaskRunFactory.create()

    page = staff_client.get(f"/admin/career_navigator/taskrun/{run.pk}/history/").content.decode()

    assert "This page lists all changes that staff make to this object." in page


def test_mail_that_was_only_logged_is_not_marked_as_sent(mongo: Database, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

    record_mail(user_id=ObjectId(), kind=RESET, now=timezone.now())

    assert [mail["status"] for mail in mongo.mails.find()] == ["printed"]
