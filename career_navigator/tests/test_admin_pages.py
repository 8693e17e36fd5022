"""All pages of the admin: status codes and the number of database commands."""

import time
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from redis import Redis

from career_navigator.celery import HEARTBEAT_TTL, WORKERS_KEY, send_heartbeat
from career_navigator.document_admin.models import DocumentModel
from career_navigator.documents import TaskRunDocument
from career_navigator.management.commands.seed import Command as Seed
from ingestion.documents import CollectionRunDocument
from market.services import store_postings
from skills.models import Skill, UnknownSlug
from skills.services import count_unknown_slugs
from tests.factories import NOW, CollectionRunFactory, PostingFactory, TaskRunFactory, UserFactory

MAX_COMMANDS = 12


@pytest.fixture
def sample_data(staff_client: Client) -> None:
    """Store an object of each kind."""
    now = timezone.now()
    Seed().summarize()
    store_postings(postings=PostingFactory.create_batch(60), now=NOW)
    count_unknown_slugs(slugs=[f"slug-{number}" for number in range(60)], now=now)
    rejected = [{"reason": "no_title", "message": "a posting needs a title", "job_id": "1"}]
    CollectionRunFactory(refused_samples=rejected)
    TaskRunFactory(task="market.tasks.refresh_daily_stats", status="queued", started_by="root")
    UserFactory()
    LogEntry.objects.log_actions(User.objects.get().pk, Skill.objects.all()[:1], CHANGE, "Changed.", single_object=True)


def list_pages() -> Iterator[str]:
    for name in ("index", "collect_now", "schedule", "two_factor", "password_change"):
        yield reverse(f"admin:{name}")
    yield reverse("admin:app_list", args=["skills"])
    yield reverse("admin:skills_skill_merge") + "?name=python&name=django"
    yield reverse("admin:skills_unknownslug_resolve", args=[UnknownSlug.objects.all()[0].pk])
    yield reverse("admin:run_state", args=[CollectionRunDocument.objects.first().pk])
    yield reverse("admin:task_state", args=[TaskRunDocument.objects.first().pk])
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for view in ("changelist", "add", "import", "export"):
            try:
                yield reverse(f"{name}_{view}")
            except NoReverseMatch:
                continue
        first = model_admin.model._default_manager.first()
        if first is not None:
            for view in ("change", "history", "delete"):
                yield reverse(f"{name}_{view}", args=[first.pk])
        if issubclass(model, DocumentModel):
            yield reverse(f"{name}_changelist") + "?q=a"


def test_menu_links_to_changing_the_password(staff_client: Client) -> None:
    assert reverse("admin:password_change") in staff_client.get(reverse("admin:index")).content.decode()


def test_every_page_needs_few_database_commands(staff_client: Client, sample_data: None, commands: list[str]) -> None:
    taken = {}
    # Warm up caches of the process, such as content types, which are not specific to a page.
    staff_client.get(reverse("admin:index"))
    for page in list_pages():
        commands.clear()
        response = staff_client.get(page)
        # Seeded objects cannot be deleted, and read-only models have no add and delete pages.
        assert response.status_code == 200 or (response.status_code == 403 and "/change/" not in page), page
        taken[page] = list(commands)

    assert len(taken) > 60
    assert {page: names for page, names in taken.items() if len(names) > MAX_COMMANDS} == {}
    assert sum(map(len, taken.values())) > 0


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/admin/accounts/person/?email__regex=^a", 400),
        ("/admin/auth/user/?email__regex=[", 400),
        ("/admin/market/jobposting/?title__icontains=a", 400),
        ("/admin/auth/user/?is_staff__exact=1", 200),
        ("/admin/r/abc/abc/", 404),
        ("/admin/nothing/here/", 404),
        ("/admin/skills/skill/merge/?name=$ne&name=[", 302),
    ],
)
def test_manipulated_url_returns_a_page_without_a_traceback(
    staff_client: Client, settings, address: str, status: int
) -> None:
    settings.DEBUG = True

    response = staff_client.get(address)

    assert response.status_code == status
    assert "Traceback" not in response.content.decode()


@pytest.mark.parametrize(
    ("model", "action"),
    [("skills/skill", "merge"), ("projects/projectidea", "export_admin_action"), ("auth/group", "delete_selected")],
)
def test_action_on_an_invalid_key_shows_an_error(staff_client: Client, model: str, action: str) -> None:
    response = staff_client.post(f"/admin/{model}/", {"action": action, "_selected_action": ["x"]}, follow=True)

    assert "The selected rows are not in this list." in response.content.decode()


def test_form_without_csrf_token_returns_an_error_page(superuser: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)

    response = client.post("/admin/ingestion/collectionrun/collect-now/", {})

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_document_models_need_no_migrations(admin_tables: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_document_models_have_permissions(admin_tables: None) -> None:

    for model in admin.site._registry:
        names = {f"{act}_{model._meta.model_name}" for act in model._meta.default_permissions}
        assert names <= set(
            Permission.objects.filter(content_type__app_label=model._meta.app_label).values_list("codename", flat=True)
        )


def test_dashboard_counts_alive_workers(staff_client: Client, redis: Redis) -> None:
    send_heartbeat("worker-1@here")
    send_heartbeat("worker-2@here")
    redis.zadd(WORKERS_KEY, {"gone@here": time.time() - HEARTBEAT_TTL - 1})

    cards = {card.title: card for card in staff_client.get("/admin/").context["board"].cards}

    assert (cards["Workers"].value, cards["Workers"].note) == ("2 alive", "worker-1@here, worker-2@here")
