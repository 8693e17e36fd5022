"""Admin pages for job postings: list, filter, hide and show again."""

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import TextFilter

from career_navigator.admin_site.model_admin import (
    UndoMixin,
    enqueue_or_report,
    is_confirmed,
    render_selection_confirmation,
    require_permission,
)
from career_navigator.document_admin.admin import DocumentAdmin, ExactFilter, HiddenFilter, ReadOnlyDocumentAdmin
from career_navigator.document_admin.exchange import DocumentResource, ExchangeMixin
from market.daily_stats import day_start
from market.documents import ROLES, RoleDocument
from market.jobs.services import hide_postings
from market.models import JobPosting, Role
from market.posting import SOURCE_NAMES, build_company_key, build_url_key
from market.role_selectors import canonicalize_role
from market.tasks import refresh_daily_stats
from skills.selectors import get_vocabulary


class RoleFilter(ExactFilter):
    """Filter postings by role, under any of its names."""

    title = "role"
    parameter_name = "role"
    field = "roles"

    def as_stored(self, text: str) -> str:
        return canonicalize_role(text)


class SkillFilter(ExactFilter):
    """Filter postings by skill. Aliases are resolved to the canonical name."""

    title = "skill"
    parameter_name = "skill"
    field = "skills"

    def as_stored(self, text: str) -> str:
        return get_vocabulary().get_canonical_name(text.strip()) or text.strip().lower()


class CountryFilter(ExactFilter):
    """Filter postings by ISO 3166 alpha-2 country code, in upper or lower case."""

    title = "country code"
    parameter_name = "country"
    field = "country_code"

    def as_stored(self, text: str) -> str:
        return text.strip().upper()


class SourceFilter(admin.SimpleListFilter):
    """Filter postings by the source that supplied them."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in (*SOURCE_NAMES, *settings.INSTALLED_SOURCES)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(source=self.value()) if self.value() else queryset


class CompanyFilter(ExactFilter):
    """Filter postings by company name, ignoring case, accents and punctuation."""

    title = "company"
    parameter_name = "company"
    field = "company_key"

    def as_stored(self, text: str) -> str:
        return build_company_key(text)


class UrlFilter(ExactFilter):
    """Filter postings by URL, ignoring tracking parameters and the scheme."""

    title = "URL"
    parameter_name = "address"
    field = "url_key"

    def as_stored(self, text: str) -> str:
        return build_url_key(text.strip())


class DayFilter(TextFilter):
    """Filter postings by the UTC day they belong to."""

    title = "day (YYYY-MM-DD)"
    parameter_name = "day"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        try:
            day = date.fromisoformat((self.value() or "").strip())
        except ValueError:
            messages.error(request, f"{self.value()!r} is not a valid date. Enter a date as YYYY-MM-DD.")
            return queryset.none()
        return queryset.filter(day=day_start(day))


class TriStateFilter(admin.SimpleListFilter):
    """Base class for filters on a nullable boolean field. `parameter_name` is the field's name."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No"), ("unknown", "Not specified")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        stored_values = {"yes": True, "no": False, "unknown": None}
        choice = self.value() or ""
        if choice not in stored_values:
            return queryset
        return queryset.filter(**{self.parameter_name or "": stored_values[choice]})


class RemoteFilter(TriStateFilter):
    """Filter postings by whether the work is remote."""

    title = "remote"
    parameter_name = "remote"


@admin.register(JobPosting)
class JobPostingAdmin(UndoMixin, ReadOnlyDocumentAdmin):
    """Read-only admin for postings, newest first.

    The only possible change is to hide a posting or show it again, which requires `market.change_jobposting`.
    """

    list_display = ("title", "company", "place", "posted_day", "source", "remote", "is_hidden")
    phone_columns = ("title", "company", "posted_day")
    empty_text = "Collected and imported postings appear here. An operator can start a collection under Collect now."
    list_only = ("title", "company", "place", "day", "source", "remote", "hidden")
    list_filter = (
        *(RoleFilter, SkillFilter, CountryFilter, CompanyFilter, UrlFilter, DayFilter),
        *(SourceFilter, RemoteFilter, HiddenFilter),
    )
    search_words = "title"
    search_help_text = "Searches for postings whose title contains every word."
    actions = ("hide", "show")
    change_form_template = "career_navigator/admin_site/posting.html"
    fieldsets = (
        (None, {"fields": ("title", "company", "location", "url_link", "day", "source", "is_hidden")}),
        ("Requirements", {"fields": ("roles", "skills", "nice_to_have", "years_asked", "seniority")}),
        (
            "Offer",
            {
                "fields": (
                    *("remote", "hybrid", "employment_statuses", "salary_string", "salary_currency"),
                    *("min_annual_salary", "max_annual_salary", "min_annual_salary_usd", "max_annual_salary_usd"),
                )
            },
        ),
        ("Description", {"fields": ("description_text",)}),
        (
            "Company",
            {
                "classes": ("collapse",),
                "fields": (
                    *("company_domain", "company_industry", "company_employee_count", "company_country_code"),
                    "company_linkedin_url",
                ),
            },
        ),
        (
            "Collection details",
            {
                "classes": ("collapse",),
                "fields": (
                    *("job_id", "final_url", "source_url", "place", "country_codes", "skills_source"),
                    *("technology_slugs", "keyword_slugs", "search_keywords", "search_location", "date_posted"),
                    *("discovered_at", "closed_at", "reposted", "date_reposted", "scraped_at", "updated_at"),
                ),
            },
        ),
    )
    readonly_fields = ("url_link", "description_text", "is_hidden")

    @admin.display(description="day", ordering="day")
    def posted_day(self, posting: Any) -> datetime | date | None:
        return posting.day.astimezone(UTC).date() if posting.day else None

    @admin.display(description="URL")
    def url_link(self, posting: Any) -> SafeString | str:
        if not posting.url:
            return "—"
        return format_html(
            '<a class="staff-link" href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>', posting.url
        )

    @admin.display(description="description")
    def description_text(self, posting: Any) -> SafeString:
        return format_html('<div class="staff-text">{}</div>', posting.description or "—")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<str:posting_id>/hide/", wrap(self._hide_one), {"hidden": True}, name="posting_hide"),
            path("<str:posting_id>/show/", wrap(self._hide_one), {"hidden": False}, name="posting_show"),
            *super().get_urls(),
        ]

    def has_hide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.has_perm("market.change_jobposting")

    @admin.action(description="Hide", permissions=["hide"])
    def hide(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        if not is_confirmed(request):
            return render_selection_confirmation(
                request,
                queryset.only("title"),
                verb="Hide",
                facts=["Hidden postings are left out of every API response and, after the next refresh, of all stats."],
                undo="You can undo this with “Undo” within an hour, or with “Show again” at any time.",
            )
        self._hide(request, list(queryset.only("title")), hidden=True)
        return None

    @admin.action(description="Show again", permissions=["hide"])
    def show(self, request: HttpRequest, queryset: Any) -> None:
        self._hide(request, list(queryset.only("title")), hidden=False)

    def _hide_one(self, request: HttpRequest, posting_id: str, *, hidden: bool) -> HttpResponse:
        require_permission(request, "market.change_jobposting")
        posting = self.get_object(request, posting_id)
        if posting is None:
            raise Http404
        self._hide(request, [posting], hidden=hidden)
        return HttpResponseRedirect(reverse("admin:market_jobposting_change", args=[posting.pk]))

    def _hide(self, request: HttpRequest, postings: list[Any], *, hidden: bool) -> None:
        ids = [posting.pk for posting in postings]
        # Undo must not show postings that were hidden before this action.
        already_hidden = set(JobPosting.objects.filter(pk__in=ids, hidden=True).values_list("pk", flat=True))
        changed = hide_postings(ids=ids, hidden=hidden, now=timezone.now())
        for posting in postings:
            self.log_change(request, posting, "Hidden." if hidden else "Shown again.")
        is_queued = enqueue_or_report(
            request, refresh_daily_stats, fallback_message="The stats will be updated by the next scheduled refresh."
        )
        stats_note = " The stats will be updated in a moment." if is_queued else ""
        noun = "posting" if changed == 1 else "postings"
        text = f"{changed:,} {noun} {'hidden' if hidden else 'shown again'}.{stats_note}"
        if hidden and changed:
            self.offer_undo(request, text, {"ids": [str(pk) for pk in ids if pk not in already_hidden]})
        else:
            self.message_user(request, text, messages.SUCCESS)

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return self.has_hide_permission(request)

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
        self._hide(request, list(JobPosting.objects.filter(pk__in=values["ids"]).only("title")), hidden=False)


class RoleResource(DocumentResource):
    """Import and export of the table of roles."""

    catalogue = ROLES

    class Meta(DocumentResource.Meta):
        model = Role
        import_id_fields = ("name",)
        fields = ("name", *RoleDocument.LISTS)


@admin.register(Role)
class RoleAdmin(ExchangeMixin, DocumentAdmin):
    """Admin for the table of roles. Stored postings get changed names with the next check of the daily stats."""

    resource_classes = (RoleResource,)
    list_display = ("name", "name_list", "near_list", "updated_at")
    phone_columns = ("name", "name_list", "updated_at")
    empty_text = "Run manage.py seed to load the roles, or import a file."
    search_fields = ("name", *RoleDocument.NAME_LISTS)
    fields = ("name", *RoleDocument.LISTS, "updated_at")
    readonly_fields = ("updated_at",)

    @admin.display(description="also called")
    def name_list(self, role: Any) -> str:
        shown = ", ".join(role.names[:4])
        return f"{shown}, …" if len(role.names) > 4 else shown

    @admin.display(description="near roles")
    def near_list(self, role: Any) -> str:
        return ", ".join(role.near_roles)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Seeding would create a deleted role again.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.seed_hash)
