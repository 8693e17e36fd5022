"""When to learn which skill of a roadmap, at so many hours a week, also as an iCalendar file (RFC 5545). Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from icalendar import Calendar, Event, vText

from learning.advice import format_count
from learning.paths import Roadmap, SkillPath
from market.roles import normalize_role

CALENDAR_MEDIA_TYPE = "text/calendar"
MIN_HOURS, MAX_HOURS, USUAL_HOURS = 1, 80, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyBlock:
    """A skill with the first and the last day of learning it."""

    path: SkillPath
    first_day: date
    last_day: date


def plan_study(*, roadmap: Roadmap, hours_per_week: int, first_day: date) -> list[StudyBlock]:
    """The skills to learn one after the other, each for whole days: first what is begun, then in order."""
    blocks: list[StudyBlock] = []
    hours, day = 0, 0
    for path in sorted(roadmap.to_learn, key=lambda path: path.status != "learning"):
        hours += path.estimated_hours
        # Reckoned from the beginning, so that rounding does not add up.
        last = max(ceil(hours * 7 / hours_per_week) - 1, day)
        blocks.append(
            StudyBlock(path=path, first_day=first_day + timedelta(days=day), last_day=first_day + timedelta(days=last))
        )
        day = last + 1
    return blocks


def next_monday(today: date) -> date:
    """Return the Monday after the day."""
    return today + timedelta(days=7 - today.weekday())


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
    aim = normalize_role(role or "").encode().hex()
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
