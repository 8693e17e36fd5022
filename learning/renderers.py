"""A roadmap in words: the sentences beside it, a Markdown page, and an iCalendar file (RFC 5545). Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from math import ceil

from icalendar import Calendar, Event, vText

from learning.ordering import ProjectSuggestion
from learning.resources import Resource
from learning.roadmaps import Roadmap, RoadmapSource, SkillPath
from market.roles import normalize_role

WINDOW_DAYS = 30
_MAX_NAMED = 3
# Below this a single advert adds its skills to the roadmap.
MIN_POSTINGS = 10


def build_recommendations(*, roadmap: Roadmap) -> list[str]:
    """What follows from the roadmap, the most important first. Every number is one of the roadmap's."""
    sentences = _describe_basis(roadmap)
    missing = roadmap.missing
    if roadmap.basis is RoadmapSource.POSTINGS and roadmap.paths:
        held = len(roadmap.paths) - len(missing)
        if roadmap.postings < MIN_POSTINGS:
            verb = "is" if roadmap.postings == 1 else "are"
            sentences.append(
                f"Only {format_count(roadmap.postings, 'posting')} of the last {WINDOW_DAYS} days {verb} for "
                f"{roadmap.target_role}: too few to rely on, so take the percentages as a first hint."
            )
        sentences.append(
            f"You hold {held or 'none'} of the {format_count(len(roadmap.paths), 'skill')} that at least a tenth of "
            f"the postings for {roadmap.target_role} asks for ({roadmap.coverage_percentage} %)."
        )
    to_learn = roadmap.to_learn
    if to_learn:
        sentences += _describe_order(roadmap, to_learn)
        sentences.append(_describe_effort(roadmap, len(to_learn), len(missing)))
    if missing:
        sentences += _describe_alternatives(roadmap)
    elif roadmap.paths and roadmap.basis is RoadmapSource.POSTINGS:
        sentences.append("You hold them all; a project that puts them to use shows it best.")
    return sentences


def _describe_effort(roadmap: Roadmap, to_learn: int, missing: int) -> str:
    hours = f"some {format_count(roadmap.estimated_hours, 'hour')}"
    if to_learn == missing:
        return f"The {format_count(missing, 'missing skill')} take{'s' if missing == 1 else ''} {hours}."
    spared = missing - to_learn
    return (
        f"Of the {format_count(missing, 'missing skill')} {to_learn:,} {'is' if to_learn == 1 else 'are'} to learn, in "
        f"{hours}; the other {'one has an alternative' if spared == 1 else f'{spared:,} have alternatives'}."
    )


def _describe_basis(roadmap: Roadmap) -> list[str]:
    role = roadmap.target_role
    if roadmap.basis is RoadmapSource.NO_ROLE:
        opening = (
            "Your profile has no target role, so this roadmap goes by your own skills; add a role to see a market's."
        )
    elif roadmap.basis is RoadmapSource.NO_POSTINGS:
        opening = (
            f"No posting of the last {WINDOW_DAYS} days is for {role}, so this roadmap goes by your own skills and by "
            "what projects for that role practise."
        )
    elif roadmap.basis is RoadmapSource.OWN_SKILLS:
        opening = "This roadmap goes by your own skills, without the gap analysis."
    elif not roadmap.paths:
        postings = format_count(roadmap.postings, "posting")
        opening = f"Among the {postings} for {role}, no skill is asked for by a tenth or more."
    else:
        return []
    if not roadmap.paths and roadmap.basis is not RoadmapSource.POSTINGS:
        return [opening, "Add the skills you hold to your profile to begin with."]
    return [opening]


def _describe_order(roadmap: Roadmap, missing: list[SkillPath]) -> list[str]:
    # Manners are not begun like a course: they are learnt along the way.
    first = next((path for path in missing if not path.is_soft), missing[0])
    learning = [path for path in missing if path.status == "learning"]
    if learning:
        return [f"Finish {_join_names([path.display_name for path in learning])} before you begin anything new."]
    if roadmap.basis is not RoadmapSource.POSTINGS:
        return [f"Begin with {first.display_name}."]
    top = max(missing, key=_priority)
    share = f"{first.priority_score} % of the postings ask for"
    ground = first.foundation_names[0] if first.foundations else None
    sentences = [
        f"Begin with {ground}, which {first.display_name} builds on; {share} {first.display_name}."
        if ground
        else f"Begin with {first.display_name}, which {share}."
    ]
    builders = [
        path.display_name
        for path in missing
        if first.skill in path.prerequisites and _priority(path) > _priority(first)
    ]
    if builders:
        sentences.append(f"{first.display_name} comes first because {_join_names(builders)} {_verb(builders)} on it.")
    if _priority(top) > _priority(first):
        sentences.append(
            f"{top.display_name} is what most postings ask for of all that you lack ({top.priority_score} %); it is in "
            f"stage {top.stage}."
        )
    pairs = [
        f"{_join_names(list(path.foundation_names))} before {path.display_name}"
        for path in missing
        if path.foundations and path is not first
    ]
    if pairs:
        sentences.append(f"Learn {_join_names(pairs[:_MAX_NAMED])}, though few postings name what comes first.")
    return sentences


def _describe_alternatives(roadmap: Roadmap) -> list[str]:
    names = {path.skill: path.display_name for path in roadmap.paths}
    spared: dict[str, list[str]] = {}
    for path in roadmap.missing:
        if path.alternative is not None:
            spared.setdefault(names[path.alternative], []).append(path.display_name)
    if not spared:
        return []
    pairs = [f"{stand_in} replaces {_join_names(others)}" for stand_in, others in spared.items()]
    return [f"{'; '.join(pairs)}. Learn more than one of a kind only where an advert asks for it."]


def _priority(path: SkillPath) -> float:
    return path.priority_score or 0.0


def _verb(names: list[str]) -> str:
    return "builds" if len(names) == 1 else "build"


def _join_names(names: list[str]) -> str:
    """Up to three names, and how many more there are."""
    named, more = names[:_MAX_NAMED], len(names) - _MAX_NAMED
    if more > 0:
        return f"{', '.join(named)} and {more} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def format_count(number: int, noun: str) -> str:
    """The number with its noun: "1 hour", "2 hours"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


MARKDOWN_MEDIA_TYPE = "text/markdown"
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def render_page(*, roadmap: Roadmap, recommendations: list[str]) -> str:
    """The whole roadmap: the stats, the sentences, then stage by stage what to learn and where."""
    lines = [f"# Roadmap: {_escape(roadmap.target_role) if roadmap.target_role else 'your own skills'}", ""]
    if roadmap.postings:
        lines += [
            f"Of {format_count(roadmap.postings, 'posting')} of the last 30 days. "
            f"{format_count(len(roadmap.paths), 'skill')}, {len(roadmap.missing)} missing, "
            f"{roadmap.coverage_percentage} % covered, "
            f"some {format_count(roadmap.estimated_hours, 'hour')} to learn.",
            "",
        ]
    lines += [f"- {_escape(sentence)}" for sentence in recommendations]
    for stage, paths in groupby(roadmap.paths, key=lambda path: path.stage):
        lines += ["", f"## Stage {stage}"]
        for path in paths:
            lines += ["", *_render_path(path)]
    return "\n".join(lines) + "\n"


def _render_path(path: SkillPath) -> list[str]:
    facts = [path.status]
    if path.priority_score:
        facts.append(f"{path.priority_score} % of the postings")
    if path.estimated_hours:
        facts.append(f"some {format_count(path.estimated_hours, 'hour')}")
    if path.alternative is not None:
        facts.append(f"not needed beside {_escape(path.alternative)}")
    lines = [f"### {_escape(path.display_name)}", "", ", ".join(facts)]
    if path.prerequisites:
        lines[-1] += "; builds on " + ", ".join(map(_escape, path.prerequisites))
    if path.foundations:
        lines[-1] += "; to be learnt first: " + ", ".join(map(_escape, path.foundation_names))
    lines += [""] if path.resources or path.projects else []
    for first in path.foundation_resources:
        lines.append(f"- First, {_escape(first.skill)}: [{_escape(first.title)}](<{_escape_url(first)}>)")
    for resource in path.resources:
        link = f"[{_escape(resource.title)}](<{_escape_url(resource)}>)"
        lines.append(f"- {resource.type}: {link}. {_escape(resource.description)}")
    lines += [_render_project(practice) for practice in path.projects]
    return lines


def _escape_url(resource: Resource) -> str:
    return resource.url.replace("<", "%3C").replace(">", "%3E")


def _render_project(practice: ProjectSuggestion) -> str:
    new = f"; new in it: {', '.join(map(_escape, practice.new_skills))}" if practice.new_skills else ""
    return f"- Project: {_escape(practice.exercise.title)} ({practice.exercise.difficulty}{new})"


def _escape(text: str) -> str:
    """Text that shows as it is written."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


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
        # Computed from the beginning, so that rounding does not add up.
        last = max(ceil(hours * 7 / hours_per_week) - 1, day)
        blocks.append(
            StudyBlock(path=path, first_day=first_day + timedelta(days=day), last_day=first_day + timedelta(days=last))
        )
        day = last + 1
    return blocks


def get_next_monday(today: date) -> date:
    """Return the Monday after the day."""
    return today + timedelta(days=7 - today.weekday())


def render_calendar(*, blocks: list[StudyBlock], role: str | None, owner: str, now: datetime) -> bytes:
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
