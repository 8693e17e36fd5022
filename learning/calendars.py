"""A study plan as an iCalendar file (RFC 5545)."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event, vText

from learning.advice import format_count
from learning.paths import SkillPath
from learning.study_plans import StudyBlock
from skills.role_keys import role_key

MEDIA_TYPE = "text/calendar"


def write_calendar(*, blocks: list[StudyBlock], role: str | None, owner: str, now: datetime) -> bytes:
    """One all-day event for each skill. Written again for the same owner it replaces what a calendar has imported."""
    calendar = Calendar()
    calendar.add("prodid", "-//Career Navigator//Study plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    name = f"Study plan: {' '.join(role.split())}" if role else "Study plan"
    # Text by name: icalendar writes the values of properties it does not know unescaped.
    calendar.add("x-wr-calname", vText(name))
    # Plans for two roles stand side by side in a calendar.
    aim = role_key(role or "").encode().hex()
    if not blocks:
        # A calendar without a component is none (RFC 5545, 3.4).
        done = Event()
        done.add("uid", f"{owner}-{aim}@career-navigator")
        done.add("dtstamp", now)
        done.add("dtstart", now.date())
        done.add("summary", "Nothing left to learn" + (f" for {' '.join(role.split())}" if role else ""))
        done.add("transp", "TRANSPARENT")
        calendar.add_component(done)
    for block in blocks:
        event = Event()
        event.add("uid", f"{owner}-{aim}-{block.path.skill.encode().hex()}@career-navigator")
        event.add("dtstamp", now)
        event.add("dtstart", block.first_day)
        # An all-day event ends before the day it names.
        event.add("dtend", block.last_day + timedelta(days=1))
        event.add("summary", f"Learn {block.path.display_name} ({format_count(block.path.estimated_hours, 'hour')})")
        event.add("description", _describe(block.path))
        event.add("categories", [f"Stage {block.path.stage}"])
        event.add("transp", "TRANSPARENT")  # the days stay free for everything else
        if block.path.resources:
            event.add("url", block.path.resources[0].url)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _describe(path: SkillPath) -> str:
    lines = [f"Asked for by {path.priority_score} % of the postings."] if path.priority_score else []
    lines += [f"First: {', '.join(path.foundation_names)}."] if path.foundations else []
    lines += [f"{each.skill}: {each.title} - {each.url}" for each in path.foundation_resources]
    lines += [f"{resource.type}: {resource.title} - {resource.url}" for resource in path.resources]
    return "\n".join(lines)
