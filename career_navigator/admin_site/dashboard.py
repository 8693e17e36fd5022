"""The admin dashboard and the navigation menu.

The dashboard shows the cards and charts of panels that the apps declare. A panel is a function that reads stored stats
with one or two database commands; the whole page must stay within twelve. When a server is unavailable, the page names
the panels it could not load.
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
from career_navigator.celery import HEARTBEAT_TTL, WORKERS_KEY, count_waiting_tasks
from career_navigator.db.connection import database

logger = logging.getLogger(__name__)

# The dashboard ignores failures older than this.
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
    """A menu entry for a page that is not a model's changelist. `route` is its URL name in the admin site."""

    group: str
    title: str
    icon: str
    route: str
    permission: str


SCHEDULE = MenuPage(
    group="Operations", title="Schedule", icon="schedule", route="schedule", permission="career_navigator.view_taskrun"
)


def build_menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the current user's menu in the format of Unfold's `SIDEBAR.navigation`."""
    groups: dict[str, list[dict[str, Any]]] = {}
    pages = list(get_declared("menu_pages").values())
    # A page's URL starts with its model's changelist URL, which must not be marked active as well.
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
    """Return the links of the account menu."""
    return [
        {"title": "Change password", "link": reverse("admin:password_change")},
        {"title": "Two-factor authentication", "link": reverse("admin:two_factor")},
    ]


BLUE, GREEN, RED, GREY, AMBER = "#3b82f6", "#059669", "#ef4444", "#6b7280", "#d97706"
# A grey for labels with enough contrast in the light theme (4.6:1) and in the dark theme (4:1).
_MUTED = "#70757f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A number on the dashboard.

    `route` names a changelist; the card links to it if the user may view that model. `meaning` explains the number to
    curators, who do not know the infrastructure.
    """

    title: str
    value: str
    note: str = ""
    meaning: str = ""
    tone: Literal["good", "bad", "plain"] = "plain"
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A kind of problem that the dashboard counts, and the changelist that shows these documents.

    `condition` returns the MongoDB query for the documents in `collection`. `amount` is a MongoDB expression for how
    much each document counts. `query` is the query string that applies the same condition to the changelist at `route`.
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
    """The formatted count of an `Attention`, with the URL of the filtered changelist."""

    title: str
    note: str
    count: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A data series of a chart, with one value per label."""

    label: str
    values: Sequence[float | None]
    color: str = BLUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart that Chart.js draws from data attributes in the page. With `rows` its bars are horizontal."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: Literal["bar", "line"] = "bar"
    rows: bool = False
    stacked: bool = False
    note: str = ""
    empty_text: str = "No data yet."

    @property
    def table(self) -> list[tuple[str, tuple[float | None, ...]]]:
        """Return each label with its values, for the table that screen readers use instead of the chart."""
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
        value_axis = {
            "stacked": self.stacked,
            "beginAtZero": True,
            "grid": {"color": "#8b93a133"},
            "border": {"display": False},
            "ticks": {"color": _MUTED, "maxTicksLimit": 6, "precision": 0},
        }
        label_axis = {
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
                "scales": {
                    "x": value_axis if self.rows else label_axis,
                    "y": label_axis if self.rows else value_axis,
                },
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
    # None if the user may not see any kind of problem.
    attention: list[AttentionCount] | None = None


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the cards and charts to the context of the index page. Unfold calls this as its `DASHBOARD_CALLBACK`."""
    board, now = _Board(), timezone.now()
    try:
        board.attention = count_attention(user=cast(User, request.user), now=now)
    except PyMongoError as error:
        logger.warning("the dashboard omits the attention counts: %s", error)
        board.missing.append("needs attention")
    for name, load in {**get_declared("dashboard_panels"), "workers": _load_worker_cards}.items():
        try:
            loaded = list(load(now))
        except (RedisError, PyMongoError, OperationalError) as error:
            logger.warning("the dashboard omits the panel %s: %s", name, error)
            board.missing.append(name)
            continue
        board.cards += [_link_if_permitted(request, item) for item in loaded if isinstance(item, Card)]
        board.charts += [item for item in loaded if isinstance(item, Chart)]
    return context | {"board": board}


def count_attention(*, user: User, now: datetime) -> list[AttentionCount] | None:
    """Count the problems that the user may see, with one aggregation. Kinds without a problem are left out.

    Returns None if the user may not see any kind.
    """
    visible = [(name, kind) for name, kind in get_declared("attention").items() if user.has_perm(kind.permission)]
    if not visible:
        return None
    pipelines = [
        (
            kind.collection,
            [
                {"$match": kind.condition(now)},
                # Limits the cost. The page shows "1,000+" for higher counts.
                {"$limit": MAX_ATTENTION},
                {"$group": {"_id": name, "count": {"$sum": kind.amount}}},
            ],
        )
        for name, kind in visible
    ]
    (first, pipeline), *others = pipelines
    unions = [{"$unionWith": {"coll": collection, "pipeline": stages}} for collection, stages in others]
    counts = {row["_id"]: row["count"] for row in database()[first].aggregate([*pipeline, *unions])}
    return [
        AttentionCount(
            title=kind.title,
            note=kind.note,
            count=f"{MAX_ATTENTION:,}+" if count >= MAX_ATTENTION else f"{count:,}",
            url=reverse(kind.route) + kind.query,
        )
        for name, kind in visible
        if (count := counts.get(name, 0))
    ]


def _link_if_permitted(request: HttpRequest, card: Card) -> Card:
    app, _, model = card.route.removeprefix("admin:").removesuffix("_changelist").rpartition("_")
    return card if cast(User, request.user).has_perm(f"{app}.view_{model}") else replace(card, route="")


def format_age(*, since: datetime | None, now: datetime) -> str:
    """Format the time elapsed since `since`, such as "12 min", in the largest unit with a value of at least 2.

    Returns "never" if `since` is None.
    """
    if since is None:
        return "never"
    seconds = max(0, int((now - since).total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def list_alive_workers(*, now: datetime) -> list[str]:
    """Return the names of the workers whose last heartbeat is recent enough. Raises RedisError."""
    alive: Any = fail_fast_redis().zrangebyscore(WORKERS_KEY, now.timestamp() - HEARTBEAT_TTL, "+inf")
    return [name.decode() for name in alive]


def _load_worker_cards(now: datetime) -> Iterable[Card]:
    queues = count_waiting_tasks()
    waiting = sum(queues.values())
    note = ", ".join(f"{count:,} in {queue}" for queue, count in queues.items() if count)
    alive = list_alive_workers(now=now)
    yield Card(
        title="Tasks waiting",
        value=f"{waiting:,}",
        note=note,
        meaning="New tasks from staff and users start after these.",
        tone="bad" if waiting > 1_000 else "plain",
    )
    yield Card(
        title="Workers",
        value=f"{len(alive)} alive" if alive else "none",
        note=", ".join(alive) or f"no heartbeat for {HEARTBEAT_TTL} s",
        meaning="Workers collect postings, compute stats and send email. None of this happens without a worker.",
        tone="good" if alive else "bad",
    )
