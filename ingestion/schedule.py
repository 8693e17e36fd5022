"""When things happen by themselves. Times are in TIME_ZONE of the environment (default UTC)."""

import logging
from typing import Any

from celery.schedules import ParseException, crontab

logger = logging.getLogger(__name__)

DAILY_AT_TWO = "0 2 * * *"


def beat_schedule(*, daily_collection: str) -> dict[str, dict[str, Any]]:
    """Celery beat's schedule; `daily_collection` is a cron expression of five fields."""
    return {
        "collect the roles users aim at": {
            "task": "ingestion.tasks.collect_daily",
            "schedule": _collection_schedule(daily_collection),
        },
        "delete postings past retention on Sunday": {
            "task": "ingestion.tasks.clean_up",
            "schedule": crontab(minute="0", hour="3", day_of_week="sun"),
        },
        # Zones differ from UTC by whole quarters of an hour, so in each of them this meets UTC midnight, when the
        # windows move on by a day; at all other times it picks up days that a crash left behind.
        "refresh the figures": {
            "task": "ingestion.tasks.refresh_figures",
            "schedule": crontab(minute="*/15"),
        },
        "check the figures against the postings": {
            "task": "ingestion.tasks.check_figures",
            "schedule": crontab(minute="30", hour="4"),
        },
        "take up interrupted runs": {
            "task": "ingestion.tasks.resume_runs",
            "schedule": crontab(minute="*"),
        },
    }


def _collection_schedule(expression: str) -> crontab:
    fields = expression.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"{len(fields)} fields instead of 5")
        return crontab.from_string(" ".join(fields))
    except (ValueError, ParseException) as error:
        logger.error(
            "JOB_COLLECTION_SCHEDULE=%r is no cron expression (%s); collecting daily at 02:00", expression, error
        )
        return crontab.from_string(DAILY_AT_TWO)
