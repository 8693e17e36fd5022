"""The chore of the market that staff may start by hand."""

from datetime import datetime

from career_navigator.staff.chores import Chore
from market.posting_skills import reread_posting_skills
from market.refresh import refresh_figures


def _reread_skills(now: datetime) -> str:
    seen = changed = 0
    for progress in reread_posting_skills(dry_run=False, now=now):
        seen += progress.seen
        changed += progress.changed
    days = refresh_figures(now=now).days
    return f"read {seen:,} postings: {changed:,} of them have other skills now; recomputed {days:,} days"


REREAD_SKILLS = Chore(
    name="reread-skills",
    title="Read postings' skills anew",
    explanation="Reads every stored posting by today's vocabulary, for when aliases or slugs were edited.",
    work=_reread_skills,
    icon="psychology",
    permission="market.reread_skills",
)
