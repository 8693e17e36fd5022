"""What an account's export needs of the scores."""

from typing import Any

from bson import ObjectId

from accounts.matches.documents import JobMatch


def export_matches(user_id: ObjectId) -> list[dict[str, Any]]:
    rows = JobMatch._get_collection().find({"user": user_id}).sort([("job", 1), ("_id", 1)])
    return [
        {
            "job_id": str(row["job"]),
            "match": row.get("match"),
            "computed_at": row.get("computed_at"),
            "analysis": row.get("analysis"),
        }
        for row in rows
    ]
