"""Render a roadmap as recommendations, as a Markdown page and as an iCalendar file (RFC 5545). Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from math import ceil

from icalendar import Calendar, Event, vText

from learning.milestones import ENOUGH_PERCENT, MAX_HOURS_TO_APPLY, Milestone
from learning.ordering import ProjectSuggestion
from learning.plans import MIN_PERCENT
from learning.resources import Resource
from learning.roadmaps import Roadmap, RoadmapSource, SkillPath
from market.roles import normalize_role

_MAX_NAMED = 3


def build_recommendations(*, roadmap: Roadmap) -> list[str]:
    """Build the sentences that summarize the roadmap, most important first."""
    sentences = _describe_source(roadmap)
    missing = roadmap.missing
    if roadmap.source is RoadmapSource.POSTINGS and roadmap.paths:
        sentences += _describe_coverage(roadmap)
    sentences += _describe_milestones(roadmap)
    to_learn = roadmap.to_learn
    if to_learn:
        sentences += _describe_order(roadmap, to_learn)
        sentences.append(_describe_effort(roadmap, len(to_learn), len(missing)))
    if missing:
        sentences += _describe_alternatives(roadmap)
    elif roadmap.paths and roadmap.source is RoadmapSource.POSTINGS:
        sentences.append("You have all of these skills. A project that uses them is the best way to show it.")
    return sentences


def _describe_coverage(roadmap: Roadmap) -> list[str]:
    held_count = len(roadmap.paths) - len(roadmap.missing)
    skills = format_count(len(roadmap.paths), "skill")
    if roadmap.blueprint is None:
        skills += f" that at least {MIN_PERCENT}% of the postings for {roadmap.target_role} require"
    else:
        skills += " of this roadmap"
    sentences = [f"You have {held_count or 'none'} of the {skills} ({roadmap.coverage_percentage}%)."]
    if roadmap.blueprint:
        sentences.append(
            f"Shares are based on {_describe_sample(roadmap)} in the last {roadmap.days} days. The order follows the "
            "curated blueprint of the role."
        )
    return sentences


def _describe_milestones(roadmap: Roadmap) -> list[str]:
    sentences = [describe_milestone(milestone) for milestone in roadmap.milestones]
    has_equal_milestones = len({milestone.skills for milestone in roadmap.milestones}) < len(roadmap.milestones)
    if has_equal_milestones and roadmap.source is RoadmapSource.POSTINGS:
        reason = f"no skill of the specialisation is required by at least {MIN_PERCENT}% of the postings"
        sentences[-1] = f"Competitive: the same skills, because {reason}."
    return sentences


def describe_milestone(milestone: Milestone) -> str:
    """Describe the effort that a milestone takes and the data that it is based on."""
    skills, hours = format_count(len(milestone.skills), "skill"), format_count(milestone.estimated_hours, "hour")
    if milestone.newcomer_hours != milestone.estimated_hours:
        hours += f" ({format_count(milestone.newcomer_hours, 'hour')} for a newcomer)"
    title = "Enough to apply" if milestone.name == "enough_to_apply" else "Competitive"
    return f"{title}: {skills}, about {hours}. {' '.join(_describe_basis(milestone))}"


def _describe_basis(milestone: Milestone) -> list[str]:
    reach = (
        f"After that, {milestone.reachable_percentage}% of {format_count(milestone.junior_postings, 'junior posting')} "
        "are within reach."
    )
    if milestone.name == "competitive":
        return ["The core and the specialisation.", *([reach] if milestone.reachable_percentage is not None else [])]
    if milestone.basis == "junior_postings":
        return ["The core and the additional skills that bring half of the junior postings within reach.", reach]
    core = "The core of the curated blueprint."
    if milestone.reachable_percentage is None:
        return [core, "There are too few junior postings to compute how many would be within reach."]
    if milestone.reachable_percentage >= ENOUGH_PERCENT:
        return [core, reach]
    return [core, reach, f"Even after {MAX_HOURS_TO_APPLY} hours, fewer than half of them are within reach."]


def _describe_effort(roadmap: Roadmap, to_learn_count: int, missing_count: int) -> str:
    hours = f"about {format_count(roadmap.estimated_hours, 'hour')}"
    if to_learn_count == missing_count:
        return f"Learning the {format_count(missing_count, 'missing skill')} takes {hours}."
    other_count = missing_count - to_learn_count
    return (
        f"Learn {to_learn_count:,} of the {format_count(missing_count, 'missing skill')}, which takes {hours}. The "
        f"other {'one has an alternative' if other_count == 1 else f'{other_count:,} have alternatives'}."
    )


def _describe_source(roadmap: Roadmap) -> list[str]:
    role = roadmap.target_role
    if roadmap.source is RoadmapSource.NO_ROLE:
        opening = (
            "Your profile has no target role, so this roadmap is based on your own skills. Add a target role to see "
            "which skills its postings require."
        )
    elif roadmap.blueprint and roadmap.source is not RoadmapSource.POSTINGS:
        opening = _describe_blueprint(roadmap)
    elif roadmap.source is RoadmapSource.FEW_POSTINGS:
        opening = (
            f"{_describe_few_postings(roadmap)} This roadmap is therefore based on your own skills and on the skills "
            "of projects for that role."
        )
    elif roadmap.source is RoadmapSource.NO_POSTINGS:
        opening = (
            f"There are no postings for {role} from the last {roadmap.days} days. This roadmap is therefore based on "
            "your own skills and on the skills of projects for that role."
        )
    elif roadmap.source is RoadmapSource.OWN_SKILLS:
        opening = "This roadmap is based on your own skills, without the gap analysis."
    elif not roadmap.paths:
        postings = format_count(roadmap.postings, "posting")
        opening = f"No skill is required by at least 10% of the {postings} for {role}."
    else:
        return []
    if not roadmap.paths and roadmap.source is not RoadmapSource.POSTINGS:
        return [opening, "To get started, add your skills to your profile."]
    return [opening]


def _describe_blueprint(roadmap: Roadmap) -> str:
    found_blueprint = roadmap.blueprint
    if found_blueprint is None:
        return ""
    role = "the role" if found_blueprint.is_exact else f"the nearest role, {found_blueprint.blueprint.role}"
    reason = (
        f"There are no postings for {roadmap.target_role} from the last {roadmap.days} days."
        if roadmap.source is RoadmapSource.NO_POSTINGS
        else _describe_few_postings(roadmap)
    )
    return f"{reason} This roadmap is therefore the curated blueprint of {role}."


def _describe_few_postings(roadmap: Roadmap) -> str:
    verb = "is" if roadmap.sample.distinct_jobs == 1 else "are"
    postings = f"{_describe_sample(roadmap)} for {roadmap.target_role}"
    return f"There {verb} only {postings} from the last {roadmap.days} days, which is too few to compute shares."


def _describe_sample(roadmap: Roadmap) -> str:
    postings = format_count(roadmap.sample.distinct_jobs, "distinct posting")
    employers = roadmap.sample.employers
    return postings if employers is None else f"{postings} from {format_count(employers, 'employer')}"


def _describe_order(roadmap: Roadmap, missing: list[SkillPath]) -> list[str]:
    # Skip soft skills, because they are learned along the way rather than first.
    first = next((path for path in missing if not path.is_soft), missing[0])
    in_progress = [path.display_name for path in missing if path.status == "learning"]
    if in_progress:
        return [f"Finish {_join_names(in_progress)} before you start anything new."]
    if roadmap.source is not RoadmapSource.POSTINGS:
        return [f"Begin with {first.display_name}."]
    if _get_priority(first) < MIN_PERCENT:
        return [_describe_rare_start(first, missing)]
    top = max(missing, key=_get_priority)
    share_clause = f"{first.priority_score}% of the postings require"
    foundation = first.foundation_names[0] if first.foundations else None
    sentences = [
        f"Begin with {foundation}, which {first.display_name} builds on. {share_clause} {first.display_name}."
        if foundation
        else f"Begin with {first.display_name}, which {share_clause}."
    ]
    dependents = [
        path.display_name
        for path in missing
        if first.skill in path.prerequisites and _get_priority(path) > _get_priority(first)
    ]
    if dependents:
        verb = "builds" if len(dependents) == 1 else "build"
        sentences.append(f"{first.display_name} comes first because {_join_names(dependents)} {verb} on it.")
    if _get_priority(top) > _get_priority(first):
        sentences.append(
            f"Of the skills you lack, {top.display_name} is required by the most postings ({top.priority_score}%). It "
            f"is in stage {top.stage}."
        )
    pairs = [
        f"{_join_names(list(path.foundation_names))} before {path.display_name}"
        for path in missing
        if path.foundations and path is not first
    ]
    if pairs:
        sentences.append(f"Learn {_join_names(pairs[:_MAX_NAMED])}, although few postings mention the prerequisites.")
    return sentences


def _describe_rare_start(first: SkillPath, missing: list[SkillPath]) -> str:
    """Describe a first skill that few postings require."""
    dependents = [path.display_name for path in missing if first.skill in path.prerequisites]
    if not dependents:
        return f"Begin with {first.display_name}."
    verb = "builds" if len(dependents) == 1 else "build"
    return f"Begin with {first.display_name}, which {_join_names(dependents)} {verb} on."


def _describe_alternatives(roadmap: Roadmap) -> list[str]:
    names = {path.skill: path.display_name for path in roadmap.paths}
    replaced: dict[str, list[str]] = {}
    for path in roadmap.missing:
        if path.alternative is not None:
            replaced.setdefault(names[path.alternative], []).append(path.display_name)
    if not replaced:
        return []
    pairs = [f"{alternative} replaces {_join_names(others)}" for alternative, others in replaced.items()]
    return [f"{'; '.join(pairs)}. Learn more than one skill of a kind only if a posting requires it."]


def _get_priority(path: SkillPath) -> float:
    return path.priority_score or 0.0


def _join_names(names: list[str]) -> str:
    """Join up to three names, followed by the number of further names."""
    named, remaining_count = names[:_MAX_NAMED], len(names) - _MAX_NAMED
    if remaining_count > 0:
        return f"{', '.join(named)} and {remaining_count} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def format_count(number: int, noun: str) -> str:
    """Format a number with its noun: "1 hour", "2 hours"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


MARKDOWN_MEDIA_TYPE = "text/markdown"
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def render_page(*, roadmap: Roadmap, recommendations: list[str]) -> str:
    """Render the roadmap as Markdown: a summary, the recommendations, and the skills by stage."""
    lines = [f"# Roadmap: {_escape(roadmap.target_role) if roadmap.target_role else 'your own skills'}", ""]
    if roadmap.postings:
        coverage = f"{roadmap.coverage_percentage}% covered, " if roadmap.coverage_percentage is not None else ""
        lines += [
            f"Based on {format_count(roadmap.postings, 'posting')} from the last {roadmap.days} days. "
            f"{format_count(len(roadmap.paths), 'skill')}, {len(roadmap.missing)} missing, "
            f"{coverage}"
            f"about {format_count(roadmap.estimated_hours, 'hour')} to learn.",
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
    if path.tier is not None:
        facts.append(path.tier.replace("_", " "))
    if path.priority_score:
        facts.append(f"{path.priority_score}% of the postings")
    if path.estimated_hours:
        facts.append(f"about {format_count(path.estimated_hours, 'hour')}")
    if path.alternative is not None:
        facts.append(f"replaced by {_escape(path.alternative)}")
    lines = [f"### {_escape(path.display_name)}", "", ", ".join(facts)]
    if path.one_of:
        lines[-1] += "; or one of " + ", ".join(map(_escape, path.one_of))
    if path.prerequisites:
        lines[-1] += "; builds on " + ", ".join(map(_escape, path.prerequisites))
    if path.foundations:
        lines[-1] += "; learn first: " + ", ".join(map(_escape, path.foundation_names))
    lines += [""] if path.resources or path.projects else []
    for resource in path.foundation_resources:
        lines.append(f"- First, {_escape(resource.skill)}: {_render_link(resource)}")
    for resource in path.resources:
        lines.append(f"- {resource.type}: {_render_link(resource)}. {_escape(resource.description)}")
    lines += [_render_project(suggestion) for suggestion in path.projects]
    return lines


def _render_link(resource: Resource) -> str:
    return f"[{_escape(resource.title)}](<{_escape_url(resource)}>)"


def _escape_url(resource: Resource) -> str:
    return resource.url.replace("<", "%3C").replace(">", "%3E")


def _render_project(suggestion: ProjectSuggestion) -> str:
    new_skills = f"; new skills: {', '.join(map(_escape, suggestion.new_skills))}" if suggestion.new_skills else ""
    return f"- Project: {_escape(suggestion.project.title)} ({suggestion.project.difficulty}{new_skills})"


def _escape(text: str) -> str:
    """Escape Markdown syntax in the text and collapse whitespace."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


CALENDAR_MEDIA_TYPE = "text/calendar"
MIN_HOURS, MAX_HOURS, DEFAULT_HOURS = 1, 80, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyBlock:
    """A skill to learn, with the first and last day of study."""

    path: SkillPath
    first_day: date
    last_day: date


def plan_study(*, roadmap: Roadmap, hours_per_week: int, first_day: date) -> list[StudyBlock]:
    """Schedule the skills to learn one after another in whole days, starting with skills in progress."""
    blocks: list[StudyBlock] = []
    total_hours, first_offset = 0, 0
    for path in sorted(roadmap.to_learn, key=lambda path: path.status != "learning"):
        total_hours += path.estimated_hours
        # Computed from the total hours, so that rounding errors do not accumulate.
        last_offset = max(ceil(total_hours * 7 / hours_per_week) - 1, first_offset)
        blocks.append(
            StudyBlock(
                path=path,
                first_day=first_day + timedelta(days=first_offset),
                last_day=first_day + timedelta(days=last_offset),
            )
        )
        first_offset = last_offset + 1
    return blocks


def get_next_monday(today: date) -> date:
    """Return the first Monday after the given day."""
    return today + timedelta(days=7 - today.weekday())


def render_calendar(*, blocks: list[StudyBlock], role: str | None, owner: str, now: datetime) -> bytes:
    """Render one all-day event per skill.

    The event ids depend only on the owner, the role and the skill, so that importing a newer plan replaces the events
    of an older one.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Career Navigator//Study plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    name = f"Study plan: {' '.join(role.split())}" if role else "Study plan"
    # icalendar does not escape the values of unknown properties unless they are `vText`.
    calendar.add("x-wr-calname", vText(name))
    # The event ids include the role, so that a calendar can contain plans for several roles.
    role_id = normalize_role(role or "").encode().hex()
    if not blocks:
        # A calendar must contain at least one component (RFC 5545, section 3.4).
        event = Event()
        event.add("uid", f"{owner}-{role_id}@career-navigator")
        event.add("dtstamp", now)
        event.add("dtstart", now.date())
        event.add("summary", "Nothing left to learn" + (f" for {' '.join(role.split())}" if role else ""))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    for block in blocks:
        event = Event()
        event.add("uid", f"{owner}-{role_id}-{block.path.skill.encode().hex()}@career-navigator")
        event.add("dtstamp", now)
        event.add("dtstart", block.first_day)
        # The end date of an all-day event is exclusive.
        event.add("dtend", block.last_day + timedelta(days=1))
        event.add("summary", f"Learn {block.path.display_name} ({format_count(block.path.estimated_hours, 'hour')})")
        event.add("description", _describe_path(block.path))
        event.add("categories", [f"Stage {block.path.stage}"])
        event.add("transp", "TRANSPARENT")  # does not block the days in the user's calendar
        if block.path.resources:
            event.add("url", block.path.resources[0].url)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _describe_path(path: SkillPath) -> str:
    lines = [f"Required by {path.priority_score}% of the postings."] if path.priority_score else []
    lines += [f"Learn first: {', '.join(path.foundation_names)}."] if path.foundations else []
    lines += [f"{resource.skill}: {resource.title} - {resource.url}" for resource in path.foundation_resources]
    lines += [f"{resource.type}: {resource.title} - {resource.url}" for resource in path.resources]
    return "\n".join(lines)
