"""Selectors of ingestion: runs as the admin and commands show them, rejected postings, and totals over all runs."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from accounts.selectors import is_collection_queued
from career_navigator.admin_site.theme import STATUS_COLORS
from career_navigator.db.connection import database
from ingestion.documents import (
    OPEN_RUN_STATUSES,
    OPEN_SEARCH_STATUSES,
    REPEATABLE_SEARCH_STATUSES,
    CollectedRole,
    CollectionRunDocument,
    Search,
)
from ingestion.suggestions import describe_unknown_places, describe_unknown_roles
from market.role_selectors import canonicalize_role

_OUTCOMES = ("collected", "updated", "unchanged", "filtered")
_COUNTS = ("pages", *_OUTCOMES)
# Maximum number of reasons given for a run that found nothing. The table of searches shows the rest.
_MAX_REASONS = 4


@dataclass(slots=True, kw_only=True)
class CollectionTotals:
    """Totals over all runs."""

    pages: int = 0
    credits: int = 0
    postings: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionStats:
    """Counts of all stored and recently collected postings, and the most frequent roles and places."""

    total_jobs: int
    jobs_last_24h: int
    jobs_last_7d: int
    top_roles: list[dict[str, object]]
    top_locations: list[dict[str, object]]


def get_collection_totals() -> CollectionTotals:
    """Return the totals over all runs."""
    totals = CollectionTotals()
    fields = dict.fromkeys((*_COUNTS, "credits", "refused", "status"), 1)
    for run in database().collection_runs.find({}, fields):
        totals.runs[run["status"]] += 1
        totals.pages += run.get("pages", 0)
        totals.credits += run.get("credits", 0)
        totals.postings.update({outcome: run.get(outcome, 0) for outcome in _OUTCOMES})
        totals.refused.update(run.get("refused", {}))
    return totals


def get_last_good_collection() -> datetime | None:
    """Return when the last finished run ended."""
    run = database().collection_runs.find_one(
        {"status": "finished"}, {"finished_at": 1}, sort=[("finished_at", -1), ("_id", -1)]
    )
    return run["finished_at"] if run else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionState:
    """Whether a role is being collected, and otherwise the outcome of its last collection.

    `status` is one of `market.serializers.COLLECTION_STATUSES`. `url` is where to poll. `retry_after`, in seconds, is
    set while the role is being collected.
    """

    status: str
    url: str | None = None
    collected_at: datetime | None = None
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}


# A page takes one to two seconds, and most roles need one page.
_RETRY_SECONDS = 5
_MAX_RETRY_SECONDS = 3600
# Older runs do not explain why a role has no data today.
_RECENT = timedelta(days=1)
_MAX_RECENT_RUNS = 500


def get_collection_state(*, role: str | None, user_id: str | None, path: str, now: datetime) -> CollectionState:
    """Return the collection state of a role, or of any role if `role` is None.

    `path` is the URL to poll for runs that the user did not request.
    """
    return get_collection_states(roles=[role], user_id=user_id, path=path, now=now)[0]


def get_collection_states(
    *, roles: Sequence[str | None], user_id: str | None, path: str, now: datetime
) -> list[CollectionState]:
    """Return the collection state of each role."""
    # Both branches of $or have an index.
    runs = list(
        database()
        .collection_runs.find(
            {"$or": [{"status": {"$in": OPEN_RUN_STATUSES}}, {"created_at": {"$gt": now - _RECENT}}]},
            dict.fromkeys(("requested_by", "searches.role", "searches.status", "searches.resume_at"), 1),
        )
        .sort([("created_at", -1), ("_id", -1)])
        .limit(_MAX_RECENT_RUNS)
    )
    states = []
    for role in roles:
        key = None if role is None else canonicalize_role(role)
        found = [
            (run, search)
            for run in runs
            for search in run.get("searches", ())
            if key is None or canonicalize_role(search["role"]) == key
        ]
        state = _get_open_state(found, user_id, path, now) or _get_last_state(key, found)
        if state.status == "none" and key is not None and is_collection_queued(role=key):
            state = CollectionState(status="queued", url=path, retry_after=_RETRY_SECONDS)
        states.append(state)
    return states


def _get_open_state(
    found: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], user_id: str | None, path: str, now: datetime
) -> CollectionState | None:
    still_open = [(run, search) for run, search in found if search["status"] in OPEN_SEARCH_STATUSES]
    if not still_open:
        return None

    def is_own(run: Mapping[str, Any]) -> bool:
        return user_id is not None and run.get("requested_by") == user_id

    # The user's own run comes first, then the search that is closest to finishing.
    nearest = ("running", "queued", "waiting")
    run, search = min(still_open, key=lambda pair: (not is_own(pair[0]), nearest.index(pair[1]["status"])))
    resume_at = search.get("resume_at") if search["status"] == "waiting" else None
    wait = (resume_at - now).total_seconds() if resume_at else 0
    return CollectionState(
        status=search["status"],
        url=f"/jobs/fetch_jobs/{run['_id']}" if is_own(run) else path,
        retry_after=min(max(_RETRY_SECONDS, math.ceil(wait)), _MAX_RETRY_SECONDS),
    )


def _get_last_state(role: str | None, found: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> CollectionState:
    """Return the outcome of the newest recent run of the role, and when the role was last collected."""
    collected = CollectedRole.objects(**({} if role is None else {"role": role}), collected_at__ne=None)
    collected_at = collected.order_by("-collected_at").scalar("collected_at").first()
    newest = {search["status"] for run, search in found if run["_id"] == found[0][0]["_id"]}
    if newest and newest <= {*REPEATABLE_SEARCH_STATUSES}:
        return CollectionState(status="failed", collected_at=collected_at)
    return CollectionState(status="finished" if collected_at else "none", collected_at=collected_at)


def get_ingestion_stats(*, now: datetime, top: int = 10) -> IngestionStats:
    """Return counts of the stored postings and their `top` roles and places."""
    labels = {row["_id"]: row["label"] for row in database().known_roles.find()}
    postings = database().job_postings
    return IngestionStats(
        total_jobs=postings.estimated_document_count(),
        jobs_last_24h=postings.count_documents({"scraped_at": {"$gt": now - timedelta(hours=24)}}),
        jobs_last_7d=postings.count_documents({"scraped_at": {"$gt": now - timedelta(days=7)}}),
        top_roles=[
            {"role": labels.get(role, role), "count": count}
            for role, count in _list_most_frequent("roles", top, {"$project": {"roles": 1}}, {"$unwind": "$roles"})
        ],
        top_locations=[{"location": place, "count": count} for place, count in _list_most_frequent("place", top)],
    )


def _list_most_frequent(field_name: str, top: int, *stages: dict[str, object]) -> list[tuple[str, int]]:
    counted = database().job_postings.aggregate(
        [
            *stages,
            {"$group": {"_id": f"${field_name}", "count": {"$sum": 1}}},
            {"$sort": {"count": -1, "_id": 1}},
            {"$limit": top},
        ]
    )
    return [(row["_id"], row["count"]) for row in counted]


def serialize_run(*, run: CollectionRunDocument) -> dict[str, Any]:
    """Return a run's status, counts and searches as text for its page. `percent` is the share of finished searches."""
    over = sum(1 for search in run.searches if search.status not in OPEN_SEARCH_STATUSES)
    refused = sum(run.refused.values())
    stopping = run.cancel_requested and run.status in OPEN_RUN_STATUSES
    reasons = explain_searches(run=run)
    return {
        "status": run.status,
        "color": STATUS_COLORS.get(run.status, ""),
        "open": run.status in OPEN_RUN_STATUSES,
        "repeatable": any(search.status in REPEATABLE_SEARCH_STATUSES for search in run.searches),
        "percent": round(100 * over / len(run.searches)) if run.searches else 100,
        "texts": {name: f"{run[name]:,}" for name in (*_COUNTS, "credits")}
        | {
            "searches": f"{over} of {len(run.searches)} searches have ended",
            "refused": f"{refused:,}",
            "started": _format_time(run.started_at),
            "finished": _format_time(run.finished_at),
            "heartbeat": _format_time(run.heartbeat_at),
            "error": run.error or "—",
            "why": _explain_run(run, reasons),
            "cancelling": "Stops after the page that is being fetched." if stopping else "",
        },
        "tables": {
            "searches": [
                _build_search_row(search, reasons.get(index, [])) for index, search in enumerate(run.searches)
            ],
            "reasons": [[reason, count] for reason, count in sorted(run.refused.items())],
            "samples": [
                [sample.get("reason", ""), sample.get("message", ""), sample.get("job_id", "")]
                for sample in run.refused_samples
            ],
        },
    }


def explain_searches(*, run: CollectionRunDocument) -> dict[int, list[str]]:
    """Explain, by index, why searches of an ended run found nothing."""
    empty = {
        index: search
        for index, search in enumerate(run.searches)
        if search.status == "finished" and not (search.collected or search.updated or search.unchanged)
    }
    if run.status in OPEN_RUN_STATUSES or not empty:
        return {}
    if run.source:
        return {index: ["the board has no open posting that could be stored"] for index in empty}
    unknown_roles = describe_unknown_roles(roles={search.role for search in empty.values()})
    unknown_places = describe_unknown_places(places={search.place for search in empty.values()})
    return {index: _explain_search(search, run, unknown_roles, unknown_places) for index, search in empty.items()}


def _explain_search(
    search: Search, run: CollectionRunDocument, unknown_roles: Mapping[str, str], unknown_places: Mapping[str, str]
) -> list[str]:
    if search.credits:
        reasons = [
            f"{number:,} returned jobs {text}"
            for number, text in (
                (search.filtered, "have titles of other roles"),
                (search.refused, "were rejected, see the reasons below"),
            )
            if number
        ]
        return reasons or ["the returned jobs were stored before"]
    reasons = [text for text in (unknown_places.get(search.place), unknown_roles.get(search.role)) if text]
    if run.max_age_days == 0:
        reasons.append("“posted within 0 days” finds only jobs posted today; allow more days")
    if search.discovered_since:
        since = _format_time(search.discovered_since)
        reasons.append(f"no new jobs since {since} UTC; earlier ones were already collected")
    if not reasons:
        within = f"{run.max_age_days} day{'' if run.max_age_days == 1 else 's'}"
        reasons.append(
            f"TheirStack has no job for “{search.role}” in “{search.place}” posted within {within}; try more days, a "
            "larger place or another name for the role"
        )
    return reasons


def _explain_run(run: CollectionRunDocument, reasons: Mapping[int, list[str]]) -> str:
    """Explain why an ended run found nothing at all. Return "" for all other runs."""
    if run.status in OPEN_RUN_STATUSES or run.collected or run.updated or run.unchanged:
        return ""
    texts = list(dict.fromkeys(text for each in reasons.values() for text in each))
    skipped = dict.fromkeys(search.error for search in run.searches if search.status == "skipped" and search.error)
    texts += [f"searches were skipped: {error}" for error in skipped]
    more = len(texts) - _MAX_REASONS
    shown = [*texts[:_MAX_REASONS], *([f"and {more} more, see the searches below"] if more > 0 else [])]
    return f"Nothing was found: {'; '.join(shown)}." if shown else ""


def _build_search_row(search: Search, reasons: Sequence[str]) -> list[Any]:
    note = search.error or "; ".join(reasons)
    if search.status == "waiting" and search.resume_at:
        note = f"resumes at {_format_time(search.resume_at)}; {note}"
    counts = (search.pages, search.credits, search.collected, search.updated, search.unchanged)
    badge = {"text": search.status, "color": STATUS_COLORS.get(search.status, "")}
    return [search.role, search.place, badge, *counts, search.filtered, search.refused, note]


def _format_time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "—"


def build_run_report(run: CollectionRunDocument) -> dict[str, Any]:
    """Return what a run requested and its outcome, including the documented stats per role."""
    return {
        "run": str(run.id),
        **{name: run[name] for name in ("status", "trigger", *_COUNTS)},
        "refused": dict(run.refused),
        "credits": run.credits,
        "error": run.error,
        "why": _explain_run(run, explain_searches(run=run)),
        "roles": {role: asdict(summary) for role, summary in summarize_run(run=run).items()},
    }


_MAX_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """Rejections of recent runs: counts by reason, and the rejections that were stored in full."""

    counts: Mapping[str, int]
    samples: list["Rejection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A rejected job, as a run stores it."""

    run: ObjectId
    at: datetime
    reason: str
    message: str
    job_id: str


def list_recent_rejections(*, since: datetime | None = None) -> Rejections:
    """Return the rejections of the last hundred runs that have any, newest run first. `since` restricts their start."""
    period = {"created_at": {"$gte": since}} if since else {}
    runs = list(
        database()
        .collection_runs.find(
            {"refused_samples.0": {"$exists": True}, **period}, {"created_at": 1, "refused": 1, "refused_samples": 1}
        )
        .sort([("created_at", -1), ("_id", -1)])
        .limit(_MAX_RUNS)
    )
    counts = Counter[str]()
    for run in runs:
        counts.update(run.get("refused") or {})
    return Rejections(
        counts=counts, samples=[_build_rejection(run, sample) for run in runs for sample in run["refused_samples"]]
    )


def _build_rejection(run: Mapping[str, Any], sample: Mapping[str, Any]) -> Rejection:
    return Rejection(
        run=run["_id"],
        at=run["created_at"],
        reason=str(sample.get("reason", "")),
        message=str(sample.get("message", "")),
        job_id=str(sample.get("job_id", "")),
    )


@dataclass(slots=True, kw_only=True)
class RoleSummary:
    """A run's stats for one role. `credits_tracked` counts the jobs returned, since each costs a credit."""

    jobs_collected: int = 0
    pages_fetched: int = 0
    credits_tracked: int = 0


def summarize_run(*, run: CollectionRunDocument) -> dict[str, RoleSummary]:
    """Return the documented stats for each role of a run. `jobs_collected` counts new and updated postings."""
    summaries: defaultdict[str, RoleSummary] = defaultdict(RoleSummary)
    for search in run.searches:
        summary = summaries[search.role]
        summary.jobs_collected += search.collected + search.updated
        summary.pages_fetched += search.pages
        summary.credits_tracked += search.credits
    return dict(summaries)


def export_requested_runs(user_id: ObjectId) -> list[dict[str, Any]]:
    """Return the runs that a user requested, directly or by adding a target role."""
    runs = CollectionRunDocument.objects(requested_by=str(user_id)).order_by("created_at", "id")
    return [
        {
            "run": str(run.id),
            "roles": list(run.roles),
            "places": list(run.places),
            "wanted": dict(run.wanted),
            "requested_at": run.created_at,
        }
        for run in runs
    ]
