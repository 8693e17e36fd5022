"""The dashboard, and the menu beside every page.

The dashboard has cards and charts of panels that the apps declare, each a function that reads stored figures. A chart
costs its app one or two database commands; the page has to stay within twelve. Where a server is unavailable the page
names the panel that is missing.
"""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from career_navigator.apps import get_declared
from career_navigator.cache.client import fail_fast_redis
from career_navigator.celery import HEARTBEAT_TTL, WORKERS_KEY
from career_navigator.db.connection import database

logger = logging.getLogger(__name__)

# What happened earlier than this needs no attention any more.
ATTENTION_PERIOD = timedelta(days=7)
MAX_ATTENTION = 1_000

_MENU_GROUPS = ("Market", "Skills", "Learning", "Projects", "Ingestion", "Accounts")
_MENU_ICONS = {
    "JobPosting": "work",
    "CollectionRun": "cloud_download",
    "TaskRun": "build",
    "Person": "person_search",
    "User": "badge",
    "Group": "groups",
    "LogEntry": "history",
    "Skill": "psychology",
    "LearningResource": "school",
    "ProjectIdea": "lightbulb",
    "UnknownSlug": "help",
    "TOTPDevice": "key",
    "FailedLogin": "lock",
    "Mail": "mail",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuPage:
    """A page that is no list of a model. `route` is its name in the site's addresses."""

    group: str
    title: str
    icon: str
    route: str
    permission: str


SCHEDULE = MenuPage(
    group="Operations", title="Schedule", icon="schedule", route="schedule", permission="career_navigator.view_taskrun"
)


def build_menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu for the current user, as Unfold takes it."""
    groups: dict[str, list[dict[str, Any]]] = {}
    pages = list(get_declared("menu_pages").values())
    # A page stands below its model's list, yet is an entry of its own.
    on_page = request.path in {reverse(f"admin:{page.route}") for page in pages}
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            if model["admin_url"]:
                item = {
                    "title": model["name"],
                    "icon": _MENU_ICONS.get(model["object_name"], "list"),
                    "link": model["admin_url"],
                    "active": request.path.startswith(model["admin_url"]) and not on_page,
                }
                groups.setdefault(app["name"], []).append(item)
    for page in pages:
        if cast(User, request.user).has_perm(page.permission):
            item = {"title": page.title, "icon": page.icon, "link": reverse(f"admin:{page.route}")}
            groups.setdefault(page.group, []).insert(0, item | {"active": request.path == item["link"]})
    order = [*(name for name in _MENU_GROUPS if name in groups), *(name for name in groups if name not in _MENU_GROUPS)]
    dashboard = {"title": "Dashboard", "icon": "dashboard", "link": reverse("admin:index")}
    return [
        {"items": [dashboard | {"active": request.path == dashboard["link"]}]},
        *({"title": name, "separator": True, "collapsible": False, "items": groups[name]} for name in order),
    ]


def list_account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """List the links of the menu of one's own account."""
    return [
        {"title": "Change password", "link": reverse("admin:password_change")},
        {"title": "Two-factor authentication", "link": reverse("admin:two_factor")},
    ]


BLUE, GREEN, RED, GREY, AMBER = "#3b82f6", "#059669", "#ef4444", "#6b7280", "#d97706"
# Labels in a grey that reads by day (4.6:1) and by night (4:1).
_MUTED = "#70757f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One number. `tone`: good, bad, or plain; `route` is a list of the site, for who may see it.

    `meaning` says what the number is to somebody who curates and knows no server.
    """

    title: str
    value: str
    note: str = ""
    meaning: str = ""
    tone: Literal["good", "bad", "plain"] = "plain"
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What somebody should look at: the documents of a collection that a condition matches, and the list of them.

    `amount` is what one document counts, an expression of MongoDB's. `query` filters the list at `route` alike.
    """

    title: str
    note: str
    permission: str
    route: str
    collection: str
    condition: Callable[[datetime], dict[str, Any]]
    query: str = "?attention=yes"
    amount: Any = 1


FAILED_TASKS = Attention(
    title="Failed maintenance tasks",
    note="in the last 7 days",
    permission="career_navigator.view_taskrun",
    route="admin:career_navigator_taskrun_changelist",
    collection="task_runs",
    condition=lambda now: {"created_at": {"$gte": now - ATTENTION_PERIOD}, "status": "failed"},
)
FAILED_LOGINS = Attention(
    title="Failed staff logins",
    note="in the last 7 days",
    permission="career_navigator.view_failedlogin",
    route="admin:career_navigator_failedlogin_changelist",
    collection="failed_logins",
    condition=lambda now: {"last_at": {"$gte": now - ATTENTION_PERIOD}},
    amount="$count",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionCount:
    """How many there are; `url` is the list of them."""

    title: str
    note: str
    count: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of values of a chart."""

    label: str
    values: Sequence[float | None]
    color: str = BLUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart, drawn by Chart.js from the page's own attributes. `rows` stands the bars on their side."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: Literal["bar", "line"] = "bar"
    rows: bool = False
    stacked: bool = False
    note: str = ""
    empty_text: str = "Nothing yet."

    @property
    def table(self) -> list[tuple[str, tuple[float | None, ...]]]:
        """The values by label, for who cannot see the chart."""
        return list(zip(self.labels, zip(*(series.values for series in self.series), strict=True), strict=True))

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)

    @property
    def data(self) -> str:
        return json.dumps(
            {
                "labels": list(self.labels),
                "datasets": [
                    {
                        "label": series.label,
                        "data": list(series.values),
                        "backgroundColor": series.color if self.kind == "bar" else f"{series.color}33",
                        "borderColor": series.color,
                        "borderWidth": 0 if self.kind == "bar" else 2,
                        "borderRadius": 3,
                        "fill": self.kind == "line",
                        "pointRadius": 0,
                        "tension": 0.25,
                        "maxBarThickness": 28,
                    }
                    for series in self.series
                ],
            }
        )

    @property
    def options(self) -> str:
        counted = {
            "stacked": self.stacked,
            "beginAtZero": True,
            "grid": {"color": "#8b93a133"},
            "border": {"display": False},
            "ticks": {"color": _MUTED, "maxTicksLimit": 6, "precision": 0},
        }
        named = {
            "stacked": self.stacked,
            "grid": {"display": False},
            "border": {"display": False},
            "ticks": {"color": _MUTED, "autoSkip": not self.rows, "maxRotation": 0, "autoSkipPadding": 12},
        }
        return json.dumps(
            {
                "maintainAspectRatio": False,
                "animation": False,
                "indexAxis": "y" if self.rows else "x",
                "interaction": {"mode": "index", "intersect": False, "axis": "y" if self.rows else "x"},
                "scales": {"x": counted, "y": named} if self.rows else {"x": named, "y": counted},
                "plugins": {
                    "legend": {
                        "display": len(self.series) > 1,
                        "align": "end",
                        "labels": {"color": _MUTED, "boxWidth": 10, "boxHeight": 10},
                    }
                },
            }
        )


@dataclass(slots=True)
class _Board:
    cards: list[Card] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    # None for who may see nothing of it.
    attention: list[AttentionCount] | None = None


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback: put the cards and charts on the page."""
    board, now = _Board(), timezone.now()
    try:
        board.attention = count_attention(user=cast(User, request.user), now=now)
    except PyMongoError as error:
        logger.warning("the dashboard leaves out what needs attention: %s", error)
        board.missing.append("needs attention")
    for name, load in {**get_declared("dashboard_panels"), "workers": _workers}.items():
        try:
            found = list(load(now))
        except (RedisError, PyMongoError, OperationalError) as error:
            logger.warning("the dashboard leaves out %s: %s", name, error)
            board.missing.append(name)
            continue
        board.cards += [_build_card(request, each) for each in found if isinstance(each, Card)]
        board.charts += [each for each in found if isinstance(each, Chart)]
    return context | {"board": board}


def count_attention(*, user: User, now: datetime) -> list[AttentionCount] | None:
    """Count what needs attention of all that the user may see, in one command; None where that is nothing."""
    visible = [(name, each) for name, each in get_declared("attention").items() if user.has_perm(each.permission)]
    if not visible:
        return None
    pipelines = [
        (
            each.collection,
            [
                {"$match": each.condition(now)},
                # A long list is as alarming as a longer one.
                {"$limit": MAX_ATTENTION},
                {"$group": {"_id": name, "count": {"$sum": each.amount}}},
            ],
        )
        for name, each in visible
    ]
    (first, pipeline), *others = pipelines
    unions = [{"$unionWith": {"coll": collection, "pipeline": stages}} for collection, stages in others]
    counts = {row["_id"]: row["count"] for row in database()[first].aggregate([*pipeline, *unions])}
    return [
        AttentionCount(
            title=each.title,
            note=each.note,
            count=f"{MAX_ATTENTION:,}+" if count >= MAX_ATTENTION else f"{count:,}",
            url=reverse(each.route) + each.query,
        )
        for name, each in visible
        if (count := counts.get(name, 0))
    ]


def _build_card(request: HttpRequest, card: Card) -> Card:
    app, _, model = card.route.removeprefix("admin:").removesuffix("_changelist").rpartition("_")
    return card if cast(User, request.user).has_perm(f"{app}.view_{model}") else replace(card, route="")


def format_age(*, since: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that is over 1: "12 min"; "never" without a time."""
    if since is None:
        return "never"
    seconds = max(0, int((now - since).total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def list_alive_workers(*, now: datetime) -> list[str]:
    """Return the names of the workers that gave a sign of life lately. Raises RedisError."""
    alive: Any = fail_fast_redis().zrangebyscore(WORKERS_KEY, now.timestamp() - HEARTBEAT_TTL, "+inf")
    return [name.decode() for name in alive]


def _workers(now: datetime) -> Iterable[Card]:
    from career_navigator.celery import count_waiting_tasks

    queues = count_waiting_tasks()
    waiting = sum(queues.values())
    note = ", ".join(f"{count:,} in {queue}" for queue, count in queues.items() if count)
    alive = list_alive_workers(now=now)
    yield Card(
        title="Tasks waiting",
        value=f"{waiting:,}",
        note=note,
        meaning="What staff and users have started begins once these are done.",
        tone="bad" if waiting > 1_000 else "plain",
    )
    yield Card(
        title="Workers",
        value=f"{len(alive)} alive" if alive else "none",
        note=", ".join(alive) or f"no sign of life for {HEARTBEAT_TTL} s",
        meaning="They collect, compute and send mails. With none, nothing of that is done.",
        tone="good" if alive else "bad",
    )
