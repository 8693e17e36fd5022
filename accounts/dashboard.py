"""What the staff's dashboard shows of the accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from career_navigator.admin_site.dashboard import Card, Chart, Series
from career_navigator.db.connection import database

DAYS = 30


def show_users(now: datetime) -> Iterator[Card | Chart]:
    """How many users there are, and how many came each day."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    # Reads the index on `created_at` alone.
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
        route="admin:accounts_person_changelist",
    )
    yield Chart(
        title="New users a day",
        labels=[day[5:] for day in days],
        series=[Series(label="users", values=[counts.get(day, 0) for day in days])],
    )
