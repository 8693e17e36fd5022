"""What ingestion stores about users: which runs they have asked for."""

from typing import Any

from bson import ObjectId

from ingestion.documents import CollectionRun


def export_requested_runs(user_id: ObjectId) -> list[dict[str, Any]]:
    """The runs that the user has asked for, or has started by a new target role."""
    runs = CollectionRun.objects(requested_by=str(user_id)).order_by("created_at", "id")
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


def forget_requested_runs(user_id: ObjectId) -> None:
    """The runs stay, as they tell what was collected and paid for; who asked does not."""
    CollectionRun.objects(requested_by=str(user_id)).update(unset__requested_by=True, unset__wanted=True)
