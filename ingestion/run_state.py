"""How a collection run is shown while it goes on: a small JSON answer that the run's page asks for again and again."""

from datetime import datetime
from typing import Any

from career_navigator.staff.status import STATUS_COLORS
from ingestion.documents import OPEN_RUN_STATUSES, OPEN_SEARCH_STATUSES, CollectionRun, Search
from ingestion.services import REPEATABLE_SEARCH_STATUSES


def run_state(*, run: CollectionRun) -> dict[str, Any]:
    """Status, counts and searches of a run, as text for its page. `percent` is the share of searches that are over."""
    over = sum(1 for search in run.searches if search.status not in OPEN_SEARCH_STATUSES)
    refused = sum(run.refused.values())
    stopping = run.cancel_requested and run.status in OPEN_RUN_STATUSES
    return {
        "status": run.status,
        "color": STATUS_COLORS.get(run.status, ""),
        "open": run.status in OPEN_RUN_STATUSES,
        "repeatable": any(search.status in REPEATABLE_SEARCH_STATUSES for search in run.searches),
        "percent": round(100 * over / len(run.searches)) if run.searches else 100,
        "texts": {
            "searches": f"{over} of {len(run.searches)} searches are over",
            "pages": f"{run.pages:,}",
            "credits": f"{run.credits:,}",
            "collected": f"{run.collected:,}",
            "updated": f"{run.updated:,}",
            "unchanged": f"{run.unchanged:,}",
            "filtered": f"{run.filtered:,}",
            "refused": f"{refused:,}",
            "started": _moment(run.started_at),
            "finished": _moment(run.finished_at),
            "heartbeat": _moment(run.heartbeat_at),
            "error": run.error or "—",
            "cancelling": "It stops after the page that is being fetched." if stopping else "",
        },
        "tables": {
            "searches": [_search_row(search) for search in run.searches],
            "reasons": [[reason, count] for reason, count in sorted(run.refused.items())],
            "samples": [
                [sample.get("reason", ""), sample.get("message", ""), sample.get("job_id", "")]
                for sample in run.refused_samples
            ],
        },
    }


def _search_row(search: Search) -> list[Any]:
    note = search.error or ""
    if search.status == "waiting" and search.resume_at:
        note = f"goes on at {_moment(search.resume_at)}; {note}"
    counts = (search.pages, search.credits, search.collected, search.updated, search.unchanged)
    badge = {"text": search.status, "color": STATUS_COLORS.get(search.status, "")}
    return [search.role, search.place, badge, *counts, search.filtered, search.refused, note]


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "—"
