"""Command that prints roadmaps as Markdown for review."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from learning.renderers import build_recommendations
from learning.roadmaps import WINDOW_DAYS, Learner, Roadmap, SkillPath
from learning.selectors import plan_roadmap
from market.role_selectors import canonicalize_role
from market.selectors import get_role_stats
from market.trends import MAX_WINDOW_DAYS
from projects.selectors import get_idea_catalogue
from skills.selectors import get_vocabulary


class Command(BaseCommand):
    """Print roadmaps as Markdown tables."""

    help = "Print the roadmaps of roles as Markdown tables for a person with the given skills."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("roles", nargs="+", metavar="ROLE")
        parser.add_argument("--skill", action="append", default=[], help="a skill the person has (repeatable)")
        parser.add_argument("--as-of", type=_parse_day, help="last day of the window (default: today)")
        parser.add_argument(
            "--days",
            type=int,
            default=WINDOW_DAYS,
            choices=range(1, MAX_WINDOW_DAYS + 1),
            metavar="DAYS",
            help="number of days of the window (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        held = get_vocabulary().get_held_skills(options["skill"])
        if len(held.named) < len(options["skill"]):
            skills = ", ".join(options["skill"])
            raise CommandError(f"Some of these are not skills, or name the same skill twice: {skills}.")
        now, days = options["as_of"] or timezone.now(), options["days"]
        for role in options["roles"]:
            roadmap = plan_roadmap(
                role=role,
                with_gap_analysis=True,
                learner=Learner(named_skills=held.named, statuses={}, held_through=held.through),
                project_options=get_idea_catalogue().by_skill,
                stats=get_role_stats(role=canonicalize_role(role), days=days, now=now),
                days=days,
                now=now,
            )
            self.stdout.write("\n".join(_render_table(roadmap, held.named)))


def _render_table(roadmap: Roadmap, named_skills: Sequence[str]) -> list[str]:
    names = ", ".join(map(get_vocabulary().get_display_name, named_skills)) or "no skills"
    return [
        "",
        f"## {roadmap.target_role}",
        "",
        f"For a person with {names}. Based on {roadmap.postings:,} postings. "
        f"{len(roadmap.missing)} of {len(roadmap.paths)} skills are missing.",
        "",
        *(f"- {sentence}" for sentence in build_recommendations(roadmap=roadmap)),
        "",
        "| stage | tier | skill | share | hours | projects |",
        "|---|---|---|---|---|---|",
        *(_render_row(path) for path in roadmap.paths),
    ]


def _render_row(path: SkillPath) -> str:
    cells = (
        str(path.stage),
        (path.tier or "").replace("_", " "),
        path.display_name + _render_note(path),
        "" if path.priority_score is None else f"{path.priority_score}%",
        str(path.estimated_hours or ""),
        "; ".join(f"{suggestion.project.title} ({suggestion.project.id})" for suggestion in path.projects),
    )
    return f"| {' | '.join(cells)} |"


def _render_note(path: SkillPath) -> str:
    if path.alternative is not None:
        return f" (or {path.alternative})"
    if not path.is_missing:
        return " (held)"
    return f" (one of: {', '.join((path.skill, *path.one_of))})" if path.one_of else ""


def _parse_day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(hour=12, tzinfo=UTC)
