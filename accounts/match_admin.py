"""Admin page with the reliability table of match scores."""

from datetime import UTC
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.applications.reliability import measure_reliability
from accounts.applications.selectors import list_scored_histories
from accounts.applications.serializers import MAX_FUNNEL_DAYS
from career_navigator.admin_site.dashboard import MenuPage
from career_navigator.admin_site.model_admin import require_permission

MATCH_RELIABILITY = MenuPage(
    group="Accounts",
    title="Match score reliability",
    icon="query_stats",
    route="match_reliability",
    permission="accounts.view_person",
)


def show_match_reliability(request: HttpRequest) -> HttpResponse:
    """Show how often the applications of all users led to interviews and offers, by match score."""
    require_permission(request, MATCH_RELIABILITY.permission, method="GET")
    today = timezone.now().astimezone(UTC).date()
    reliability = measure_reliability(histories=list_scored_histories(), days=MAX_FUNNEL_DAYS, today=today)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": MATCH_RELIABILITY.title,
        "reliability": reliability,
        "days": MAX_FUNNEL_DAYS,
    }
    return TemplateResponse(request, "career_navigator/admin_site/match_reliability.html", context)
