"""Print the roadmaps of roles for a given person, to be read critically."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from learning.renderers import WINDOW_DAYS, build_recommendations
from learning.roadmaps import Learner, Roadmap, SkillPath
from learning.selectors import plan_roadmap
from market.roles import normalize_role
from market.selectors import get_role_stats
from projects.selectors import get_idea_catalogue
from skills.selectors import get_vocabulary


class Command(BaseCommand):
    help = "Prints the roadmaps of roles as Markdown tables, for someone with the given skills."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("roles", nargs="+", metavar="ROLE")
        parser.add_argument("--skill", action="append", default=[], help="a skill that is held; may be repeated")
        parser.add_argument("--as-of", type=_day, help="the last day of the 30 that count (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        held = get_vocabulary().map_technology_slugs(options["skill"])
        if len(held) < len(options["skill"]):
            raise CommandError(f"not all of these are skills: {', '.join(options['skill'])}")
        for role in options["roles"]:
            roadmap = plan_roadmap(
                role=role,
                with_gap_analysis=True,
                person=Learner(held=held, statuses={}),
                project_options=get_idea_catalogue().by_skill,
                stats=get_role_stats(
                    role=normalize_role(role), days=WINDOW_DAYS, now=options["as_of"] or timezone.now()
                ),
            )
            self.stdout.write("\n".join(_table(roadmap, held)))


def _table(roadmap: Roadmap, held: list[str]) -> list[str]:
    names = ", ".join(map(get_vocabulary().display_name, held)) or "nothing"
    return [
        "",
        f"## {roadmap.target_role}",
        "",
        f"For someone with {names}. {roadmap.postings:,} postings; "
        f"{len(roadmap.missing)} of {len(roadmap.paths)} skills missing.",
        "",
        *(f"- {sentence}" for sentence in build_recommendations(roadmap=roadmap)),
        "",
        "| stage | skill | share | hours | builds on | projects |",
        "|---|---|---|---|---|---|",
        *(_row(path) for path in roadmap.paths),
    ]


def _row(path: SkillPath) -> str:
    cells = (
        str(path.stage),
        path.display_name + _note(path),
        f"{path.priority_score} %",
        str(path.estimated_hours or ""),
        ", ".join(f"**{need}**" if need in path.foundations else need for need in path.prerequisites),
        "; ".join(f"{each.exercise.title} ({each.exercise.id})" for each in path.projects),
    )
    return f"| {' | '.join(cells)} |"


def _note(path: SkillPath) -> str:
    if path.alternative is not None:
        return f" (or {path.alternative})"
    return "" if path.is_missing else " (held)"


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(hour=12, tzinfo=UTC)
