"""Support: looking users up, and acting for them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
from bson import ObjectId
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import User as StaffUser
from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.applications.documents import Application
from accounts.applications.stages import STAGES
from accounts.mails import FAILED, PRINTED, SENT, list_mails
from accounts.models import Mail, Person
from accounts.profile_parsing import list_email_forms, normalize_email
from accounts.services import count_user_data, deactivate_user, erase_user_on_request, export_user, reactivate_user
from accounts.tasks import send_reset_message
from career_navigator.admin_site.dashboard import ATTENTION_PERIOD, Attention, Card, Chart, Series
from career_navigator.admin_site.model_admin import (
    ask_for_confirmation,
    enqueue_or_report,
    log_action,
    require_permission,
)
from career_navigator.db.connection import database
from career_navigator.document_admin.admin import AttentionFilter, ReadOnlyDocumentAdmin
from career_navigator.plain_text import build_folded_pattern
from learning.documents import SKILL_PROGRESS
from market.gaps import rank_gaps
from market.roles import normalize_role
from market.selectors import WINDOW_DAYS, get_role_stats
from projects.documents import PROJECT_PROGRESS
from skills.selectors import get_vocabulary

DAYS = 30
MAX_SEARCH_LENGTH = 200
# Of the roles that a user aims at, the gaps of so many are shown.
_MAX_ROLES = 3


FAILED_MAILS = Attention(
    title="Mails not sent",
    note="in the last 7 days; each is to a user who waits for it",
    permission="accounts.view_mail",
    route="admin:accounts_mail_changelist",
    collection="mails",
    condition=lambda now: {"at": {"$gte": now - ATTENTION_PERIOD}, "status": FAILED},
)


class FailedMailFilter(AttentionFilter):
    attention = FAILED_MAILS


@admin.register(Mail)
class MailAdmin(ReadOnlyDocumentAdmin):
    """Mails to users: whether each was sent, and why it was not; kept for 90 days."""

    list_display = ("kind", "state", "error", "tries", "user", "at")
    phone_columns = ("kind", "state", "at")
    list_filter = (FailedMailFilter, "kind", "status")
    empty_text = "Confirmations, reset messages and digests of saved searches are listed here for 90 days."

    def get_list_display(self, request: HttpRequest) -> list[str]:
        columns = super().get_list_display(request)
        may_look_up = cast(StaffUser, request.user).has_perm("accounts.view_person")
        return ["address" if may_look_up and name == "user" else name for name in columns]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Look the addresses of a page up at once."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        users = database().users.find({"_id": {"$in": [mail.user for mail in changelist.result_list]}}, {"email": 1})
        emails = {user["_id"]: user["email"] for user in users}
        for mail in changelist.result_list:
            mail.user_email = emails.get(mail.user)
        return changelist

    @display(description="user", ordering="user")
    def address(self, obj: Any) -> SafeString | str:
        """Return the user's address, with a link; of one who was erased the id."""
        if obj.user_email is None:
            return str(obj.user)
        url = reverse("admin:accounts_person_change", args=[obj.user])
        return format_html('<a class="staff-link" href="{}">{}</a>', url, obj.user_email)

    @display(description="status", label={SENT: "success", PRINTED: "info", FAILED: "danger"}, ordering="status")
    def state(self, obj: Any) -> str:
        return str(obj.status)


@admin.register(Person)
class PersonAdmin(ReadOnlyDocumentAdmin):
    """Users: found by the beginning of the address or by name. Each act has a permission of its own."""

    list_display = ("email", "full_name", "active", "location", "created_at")
    phone_columns = ("email", "full_name", "active")
    empty_text = "People appear here once they have registered (POST /auth/register)."
    list_only = ("email", "full_name", "is_active", "location", "created_at")
    list_filter = ("is_active", "experience_level")
    search_fields = ("email", "full_name")
    search_help_text = "Any part of the address or name, in any case, with or without accents."
    fields = (
        *("email", "full_name", "is_active", "skills", "target_roles", "experience_level", "location"),
        *("phone_number", "experience", "experience_years", "preferred_locations", "remote_preference"),
        *("professional_summary", "expected_salary", "expected_salary_currency", "languages"),
        *("last_login_at", "created_at", "updated_at"),
    )
    change_form_template = "career_navigator/admin_site/person.html"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        conditions = []
        for word in search_term[:MAX_SEARCH_LENGTH].split():
            pattern = {"$regex": build_folded_pattern(word), "$options": "i"}
            # An address with another form of its domain than was typed has no part in common with it.
            whole = {"email": {"$in": list_email_forms(word)}}
            conditions.append({"$or": [{"email": pattern}, {"full_name": pattern}, whole]})
        return (queryset.with_condition({"$and": conditions}) if conditions else queryset), False

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        person = self.get_object(request, object_id) if ObjectId.is_valid(object_id) else None
        facts = _describe_progress(person, now=timezone.now()) if person and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | facts)

    @display(description="active", boolean=True, ordering="is_active")
    def active(self, obj: Any) -> bool:
        return bool(obj.is_active)

    def get_urls(self) -> list[URLPattern]:
        acts = {
            "deactivate": self._deactivate,
            "reactivate": self._reactivate,
            "reset": self._send_reset,
            "export": self._export,
            "erase": self._erase,
        }
        return [
            *(
                path(f"<str:user_id>/{name}/", self.admin_site.admin_view(act), name=f"person_{name}")
                for name, act in acts.items()
            ),
            *super().get_urls(),
        ]

    def _deactivate(self, request: HttpRequest, user_id: str) -> HttpResponse:
        if request.method == "GET":
            require_permission(request, "accounts.deactivate_person", method="GET")
            person = self._person(request, user_id)
            sessions = count_user_data(user_id=ObjectId(user_id)).get("sessions", 0)
            return ask_for_confirmation(
                request,
                title=f"Deactivate {person.email}?",
                act="Deactivate the user",
                facts=[
                    f"{sessions:,} sessions end at once: no token is accepted, and nobody can log in to the account.",
                    "Everything that is stored about the user stays.",
                ],
                undo="It can be undone: by “Reactivate”. The user then has to log in again.",
                back=self._url(user_id),
                opts=self.opts,
            )
        staff, person = require_permission(request, "accounts.deactivate_person"), self._person(request, user_id)
        deactivate_user(user_id=ObjectId(user_id))
        log_action(staff, person, "Deactivated the user.")
        messages.success(request, "The user is deactivated; no token is accepted any more.")
        return self._back(user_id)

    def _reactivate(self, request: HttpRequest, user_id: str) -> HttpResponse:
        staff, person = require_permission(request, "accounts.deactivate_person"), self._person(request, user_id)
        reactivate_user(user_id=ObjectId(user_id))
        log_action(staff, person, "Reactivated the user.")
        messages.success(request, "The user may log in again.")
        return self._back(user_id)

    def _send_reset(self, request: HttpRequest, user_id: str) -> HttpResponse:
        staff, person = require_permission(request, "accounts.send_reset"), self._person(request, user_id)
        if not person.is_active:
            messages.error(request, "No message is sent: the user is deactivated.")
            return self._back(user_id)
        otherwise = "No message is sent; try again later."
        if enqueue_or_report(request, send_reset_message, person.email, otherwise=otherwise):
            log_action(staff, person, "Sent a message to set a new password.")
            messages.success(request, "The message to set a new password is on its way.")
        return self._back(user_id)

    def _export(self, request: HttpRequest, user_id: str) -> HttpResponse:
        staff, person = require_permission(request, "accounts.export_person"), self._person(request, user_id)
        content = export_user(user_id=ObjectId(user_id), now=timezone.now())
        log_action(staff, person, "Exported the user's data.")
        return HttpResponse(
            orjson.dumps(content, default=str, option=orjson.OPT_INDENT_2),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="user-{user_id}.json"'},
        )

    def _erase(self, request: HttpRequest, user_id: str) -> HttpResponse:
        if request.method == "GET":
            require_permission(request, "accounts.erase_person", method="GET")
            person = self._person(request, user_id)
            counts = count_user_data(user_id=ObjectId(user_id))
            return ask_for_confirmation(
                request,
                title=f"Erase {person.email}?",
                act="Erase the user",
                facts=[
                    "The account and the profile are erased.",
                    *(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()),
                ],
                undo="It cannot be undone.",
                back=self._url(user_id),
                field={"name": "address", "label": "Type the address of the user to erase"},
                opts=self.opts,
            )
        staff, person = require_permission(request, "accounts.erase_person"), self._person(request, user_id)
        if normalize_email(request.POST.get("address", "")) != normalize_email(person.email):
            messages.error(request, "Nothing is erased: the address that you typed is not the user's.")
            return self._back(user_id)
        erase_user_on_request(user_id=ObjectId(user_id), now=timezone.now())
        log_action(staff, person, "Erased the user and all that was theirs.", flag=DELETION)
        # The log keeps that it was done and by whom, not whom it was done to.
        kind = ContentType.objects.get_for_model(Person)
        LogEntry.objects.filter(content_type=kind, object_id=user_id).update(object_repr="an erased user")
        messages.success(request, "The user and all that was theirs is erased.")
        return HttpResponseRedirect(reverse("admin:accounts_person_changelist"))

    def _person(self, request: HttpRequest, user_id: str) -> Any:
        person = self.get_object(request, user_id) if ObjectId.is_valid(user_id) else None
        if person is None:
            raise Http404
        return person

    def _back(self, user_id: str) -> HttpResponse:
        return HttpResponseRedirect(self._url(user_id))

    def _url(self, user_id: str) -> str:
        return reverse("admin:accounts_person_change", args=[user_id])


def _describe_progress(person: Any, *, now: datetime) -> dict[str, Any]:
    """Return what the page of a user shows beside the profile."""
    user_id = str(person.pk)
    statuses, projects = SKILL_PROGRESS.statuses(user_id), PROJECT_PROGRESS.statuses(user_id)
    learnt = [skill for skill, status in statuses.items() if status == SKILL_PROGRESS.done]
    held = get_vocabulary().map_technology_slugs([*dict.fromkeys([*person.skills, *learnt])])
    gaps = []
    for role in person.target_roles[:_MAX_ROLES]:
        stats = get_role_stats(role=normalize_role(role), days=WINDOW_DAYS, now=now)
        gaps.append((role, rank_gaps(window=stats.window, held=held) if stats else None))
    applications = Counter(Application.objects(user=person.pk).scalar("stage"))
    return {
        "gaps": gaps,
        "more_roles": len(person.target_roles) - len(gaps),
        "learning": [*Counter(statuses.values()).items()],
        "projects": [*Counter(projects.values()).items()],
        "applications": [(stage, applications[stage]) for stage in STAGES if applications[stage]],
        "mails": list_mails(user_id=person.pk),
    }


def show_users(now: datetime) -> Iterator[Card | Chart]:
    """How many users there are, and how many came each day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    # Reads the index on `created_at` alone.
    rows = database().users.aggregate(
        [
            {"$match": {"created_at": {"$gte": since}}},
            {"$group": {"_id": {"$dateToString": {"date": "$created_at", "format": "%Y-%m-%d"}}, "count": {"$sum": 1}}},
        ]
    )
    counts = {row["_id"]: row["count"] for row in rows}
    days = [f"{since + timedelta(days=day):%Y-%m-%d}" for day in range(DAYS)]
    yield Card(
        title="Users",
        value=f"{database().users.estimated_document_count():,}",
        note=f"{sum(counts.values()):,} new in {DAYS} days",
        meaning="People who have registered on the platform, apart from the staff.",
        route="admin:accounts_person_changelist",
    )
    yield Chart(
        title="New users a day",
        empty_text="Registrations fill this chart.",
        labels=[day[5:] for day in days],
        series=[Series(label="users", values=[counts.get(day, 0) for day in days])],
    )
