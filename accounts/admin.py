"""Admin for support: look up users and emails, and act on accounts."""

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
from accounts.match_admin import MATCH_RELIABILITY, show_match_reliability
from accounts.models import Mail, Person
from accounts.profile_parsing import list_email_forms, normalize_email
from accounts.services import count_user_data, deactivate_user, erase_user_on_request, export_user, reactivate_user
from accounts.tasks import send_reset_message
from career_navigator.admin_site.dashboard import ATTENTION_PERIOD, Attention, Card, Chart, Series
from career_navigator.admin_site.model_admin import (
    enqueue_or_report,
    log_action,
    render_confirmation,
    require_permission,
)
from career_navigator.db.connection import database
from career_navigator.document_admin.admin import AttentionFilter, ReadOnlyDocumentAdmin
from career_navigator.plain_text import build_folded_pattern
from learning.documents import SKILL_PROGRESS
from market.gaps import rank_gaps
from market.role_selectors import canonicalize_role
from market.selectors import WINDOW_DAYS, get_role_stats
from projects.documents import PROJECT_PROGRESS
from skills.selectors import get_vocabulary

DAYS = 30
MAX_SEARCH_LENGTH = 200
# Number of target roles whose skill gaps are shown on the page of a user.
_MAX_ROLES = 3


FAILED_MAILS = Attention(
    title="Emails not sent",
    note="in the last 7 days; users may be waiting for them",
    permission="accounts.view_mail",
    route="admin:accounts_mail_changelist",
    collection="mails",
    condition=lambda now: {"at": {"$gte": now - ATTENTION_PERIOD}, "status": FAILED},
)


class FailedMailFilter(AttentionFilter):
    """A list filter for the emails that `FAILED_MAILS` counts."""

    attention = FAILED_MAILS


@admin.register(Mail)
class MailAdmin(ReadOnlyDocumentAdmin):
    """The emails to users of the last 90 days, with their status and the error of failed emails."""

    list_display = ("kind", "state", "error", "tries", "user", "at")
    phone_columns = ("kind", "state", "at")
    list_filter = (FailedMailFilter, "kind", "status")
    empty_text = "Confirmations, password reset messages and digests of saved searches are listed here for 90 days."

    def get_list_display(self, request: HttpRequest) -> list[str]:
        columns = super().get_list_display(request)
        may_look_up = cast(StaffUser, request.user).has_perm("accounts.view_person")
        return ["address" if may_look_up and name == "user" else name for name in columns]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Look up the addresses of all users on the page in one query."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        users = database().users.find({"_id": {"$in": [mail.user for mail in changelist.result_list]}}, {"email": 1})
        emails = {user["_id"]: user["email"] for user in users}
        for mail in changelist.result_list:
            mail.user_email = emails.get(mail.user)
        return changelist

    @display(description="user", ordering="user")
    def address(self, obj: Any) -> SafeString | str:
        """Return the user's address as a link, or the user's id if the user was erased."""
        if obj.user_email is None:
            return str(obj.user)
        url = reverse("admin:accounts_person_change", args=[obj.user])
        return format_html('<a class="staff-link" href="{}">{}</a>', url, obj.user_email)

    @display(description="status", label={SENT: "success", PRINTED: "info", FAILED: "danger"}, ordering="status")
    def state(self, obj: Any) -> str:
        return str(obj.status)


@admin.register(Person)
class PersonAdmin(ReadOnlyDocumentAdmin):
    """The users of the platform, searchable by address and name. Each action has its own permission."""

    list_display = ("email", "full_name", "active", "location", "created_at")
    phone_columns = ("email", "full_name", "active")
    empty_text = "People appear here once they have registered (POST /auth/register)."
    list_only = ("email", "full_name", "is_active", "location", "created_at")
    list_filter = ("is_active", "experience_level")
    search_fields = ("email", "full_name")
    search_help_text = "Any part of the address or name. Case and accents are ignored."
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
            # An address whose domain is stored in another form than the one typed does not match the pattern.
            exact = {"email": {"$in": list_email_forms(word)}}
            conditions.append({"$or": [{"email": pattern}, {"full_name": pattern}, exact]})
        return (queryset.with_condition({"$and": conditions}) if conditions else queryset), False

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        person = self.get_object(request, object_id) if ObjectId.is_valid(object_id) else None
        context = _describe_progress(person, now=timezone.now()) if person and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    @display(description="active", boolean=True, ordering="is_active")
    def active(self, obj: Any) -> bool:
        return bool(obj.is_active)

    def get_urls(self) -> list[URLPattern]:
        views = {
            "deactivate": self._deactivate,
            "reactivate": self._reactivate,
            "reset": self._send_reset,
            "export": self._export,
            "erase": self._erase,
        }
        show_reliability = self.admin_site.admin_view(show_match_reliability)
        return [
            path("match-scores/", show_reliability, name=MATCH_RELIABILITY.route),
            *(
                path(f"<str:user_id>/{name}/", self.admin_site.admin_view(view), name=f"person_{name}")
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    def _deactivate(self, request: HttpRequest, user_id: str) -> HttpResponse:
        if request.method == "GET":
            require_permission(request, "accounts.deactivate_person", method="GET")
            person = self._get_person_or_404(request, user_id)
            sessions = count_user_data(user_id=ObjectId(user_id)).get("sessions", 0)
            return render_confirmation(
                request,
                title=f"Deactivate {person.email}?",
                submit_label="Deactivate the user",
                facts=[
                    f"{sessions:,} {'session ends' if sessions == 1 else 'sessions end'} immediately. "
                    "All tokens are rejected, and the user cannot log in.",
                    "All data stored about the user is kept.",
                ],
                undo="You can undo this with “Reactivate”. The user must then log in again.",
                back=self._get_person_url(user_id),
                opts=self.opts,
            )
        staff, person = (
            require_permission(request, "accounts.deactivate_person"),
            self._get_person_or_404(request, user_id),
        )
        deactivate_user(user_id=ObjectId(user_id))
        log_action(staff, person, "Deactivated the user.")
        messages.success(request, "The user is deactivated. All tokens are rejected from now on.")
        return self._redirect_to_person(user_id)

    def _reactivate(self, request: HttpRequest, user_id: str) -> HttpResponse:
        staff, person = (
            require_permission(request, "accounts.deactivate_person"),
            self._get_person_or_404(request, user_id),
        )
        reactivate_user(user_id=ObjectId(user_id))
        log_action(staff, person, "Reactivated the user.")
        messages.success(request, "The user can log in again.")
        return self._redirect_to_person(user_id)

    def _send_reset(self, request: HttpRequest, user_id: str) -> HttpResponse:
        staff, person = require_permission(request, "accounts.send_reset"), self._get_person_or_404(request, user_id)
        if not person.is_active:
            messages.error(request, "No message was sent, because the user is deactivated.")
            return self._redirect_to_person(user_id)
        fallback_message = "No message was sent. Try again later."
        if enqueue_or_report(request, send_reset_message, person.email, fallback_message=fallback_message):
            log_action(staff, person, "Sent a password reset message.")
            messages.success(request, "The password reset message is on its way.")
        return self._redirect_to_person(user_id)

    def _export(self, request: HttpRequest, user_id: str) -> HttpResponse:
        staff, person = require_permission(request, "accounts.export_person"), self._get_person_or_404(request, user_id)
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
            person = self._get_person_or_404(request, user_id)
            counts = count_user_data(user_id=ObjectId(user_id))
            return render_confirmation(
                request,
                title=f"Erase {person.email}?",
                submit_label="Erase the user",
                facts=[
                    "The account and the profile will be erased.",
                    *(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()),
                ],
                undo="This cannot be undone.",
                back=self._get_person_url(user_id),
                field={"name": "address", "label": "Enter the address of the user to erase"},
                opts=self.opts,
            )
        staff, person = require_permission(request, "accounts.erase_person"), self._get_person_or_404(request, user_id)
        if normalize_email(request.POST.get("address", "")) != normalize_email(person.email):
            messages.error(request, "Nothing was erased, because the address you entered is not the user's.")
            return self._redirect_to_person(user_id)
        erase_user_on_request(user_id=ObjectId(user_id), now=timezone.now())
        log_action(staff, person, "Erased the user and all their data.", flag=DELETION)
        # The admin log keeps who erased a user and when, but no longer names the user.
        kind = ContentType.objects.get_for_model(Person)
        LogEntry.objects.filter(content_type=kind, object_id=user_id).update(object_repr="an erased user")
        messages.success(request, "The user and all their data were erased.")
        return HttpResponseRedirect(reverse("admin:accounts_person_changelist"))

    def _get_person_or_404(self, request: HttpRequest, user_id: str) -> Any:
        person = self.get_object(request, user_id) if ObjectId.is_valid(user_id) else None
        if person is None:
            raise Http404
        return person

    def _redirect_to_person(self, user_id: str) -> HttpResponse:
        return HttpResponseRedirect(self._get_person_url(user_id))

    def _get_person_url(self, user_id: str) -> str:
        return reverse("admin:accounts_person_change", args=[user_id])


def _describe_progress(person: Any, *, now: datetime) -> dict[str, Any]:
    """Return the additional template context of a user's page: gaps, progress, applications and emails."""
    user_id = str(person.pk)
    statuses, projects = SKILL_PROGRESS.get_statuses(user_id), PROJECT_PROGRESS.get_statuses(user_id)
    acquired = [skill for skill, status in statuses.items() if status == SKILL_PROGRESS.done]
    vocabulary = get_vocabulary()
    skills = vocabulary.get_held_skills([*dict.fromkeys([*person.skills, *acquired])])
    gaps = []
    for role in person.target_roles[:_MAX_ROLES]:
        stats = get_role_stats(role=canonicalize_role(role), days=WINDOW_DAYS, now=now)
        gaps.append((role, rank_gaps(window=stats.window, held=skills, vocabulary=vocabulary) if stats else None))
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
    """Yield the dashboard panels of accounts: the number of users and the registrations per day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    # A covered query: it reads only the index on `created_at`.
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
        meaning="People who have registered on the platform, not counting staff.",
        route="admin:accounts_person_changelist",
    )
    yield Chart(
        title="New users per day",
        empty_text="Registrations appear in this chart.",
        labels=[day[5:] for day in days],
        series=[Series(label="users", values=[counts.get(day, 0) for day in days])],
    )
