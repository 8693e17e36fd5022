"""A run as people and programs read it."""

from dataclasses import asdict
from typing import Any

from ingestion.documents import CollectionRun
from ingestion.services import summarize_run


def run_report(run: CollectionRun) -> dict[str, Any]:
    """What a run asked for and what came of it, with the documented figures a role."""
    return {
        "run": str(run.id),
        "status": run.status,
        "trigger": run.trigger,
        "pages": run.pages,
        "collected": run.collected,
        "updated": run.updated,
        "unchanged": run.unchanged,
        "filtered": run.filtered,
        "refused": dict(run.refused),
        "credits": run.credits,
        "error": run.error,
        "roles": {role: asdict(figures) for role, figures in summarize_run(run=run).items()},
    }
