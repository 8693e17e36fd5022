"""The chores of collection that staff may start by hand."""

from datetime import datetime

from django.conf import settings

from career_navigator.staff.chores import Chore, ChoreFailed
from ingestion.services import cleanup_old_jobs
from ingestion.source import check_source
from ingestion.theirstack import client_from_settings
from ingestion.theirstack_errors import TheirStackClientError
from market.refresh import check_figures, refresh_figures


def _clean_up(now: datetime) -> str:
    deleted = cleanup_old_jobs(days_to_keep=settings.JOB_DATA_RETENTION_DAYS, now=now)
    return f"deleted {deleted:,} postings older than {settings.JOB_DATA_RETENTION_DAYS} days"


def _refresh_figures(now: datetime) -> str:
    summary = refresh_figures(now=now)
    return f"recomputed {summary.days} days" if summary.rendered else "the figures were up to date"


def _check_figures(now: datetime) -> str:
    check = check_figures()
    if not check.differing:
        return f"the figures of {check.days} days agree with their postings"
    refresh_figures(now=now)
    return f"mended {len(check.differing)} of {check.days} days: {', '.join(map(str, check.differing))}"


def _check_theirstack(now: datetime) -> str:
    try:
        with client_from_settings() as client:
            balance = check_source(client=client, now=now)
    except TheirStackClientError as error:
        raise ChoreFailed(f"{error.reason}: {error}") from error
    return f"TheirStack answers; {balance.remaining:,} credits are left"


CHORES = (
    Chore(
        name="check-theirstack",
        title="Check TheirStack",
        explanation="Asks for the credit balance, which costs nothing; lifts a halt when there is credit again.",
        work=_check_theirstack,
        icon="wifi",
    ),
    Chore(
        name="refresh-figures",
        title="Refresh figures",
        explanation="Recomputes the days whose postings changed and renders the answers of every window.",
        work=_refresh_figures,
        icon="refresh",
    ),
    Chore(
        name="check-figures",
        title="Check figures",
        explanation="Compares the figures of every day with its postings and mends what differs.",
        work=_check_figures,
        icon="fact_check",
    ),
    Chore(
        name="clean-up",
        title="Clean up",
        explanation="Deletes postings that are past retention. Their days' figures stay.",
        work=_clean_up,
        icon="mop",
    ),
)
