"""The chore of learning that staff may start by hand."""

from datetime import datetime

from career_navigator.staff.chores import Chore, ChoreFailed
from learning import links


def _check_links(now: datetime) -> str:
    try:
        report = links.check_links(now=now)
    except links.NetworkDown as error:
        raise ChoreFailed(f"the network is down: {error}") from error
    return (
        f"checked {report.checked:,} links: {len(report.broken):,} broken, {len(report.newly_broken):,} of them newly; "
        f"{len(report.repaired):,} answer again"
    )


CHECK_LINKS = Chore(
    name="check-links",
    title="Check links",
    explanation="Asks the address of every learning resource and marks those that do not answer.",
    work=_check_links,
    icon="link",
)
