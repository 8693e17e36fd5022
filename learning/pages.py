"""A roadmap as Markdown. Pure."""

import re
from itertools import groupby

from learning.advice import format_count
from learning.paths import Roadmap, SkillPath
from learning.resources import Resource
from learning.roadmaps import Practice

MEDIA_TYPE = "text/markdown"
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def write_page(*, roadmap: Roadmap, recommendations: list[str]) -> str:
    """The whole roadmap: the figures, the sentences, then stage by stage what to learn and where."""
    lines = [f"# Roadmap: {_text(roadmap.target_role) if roadmap.target_role else 'your own skills'}", ""]
    if roadmap.postings:
        lines += [
            f"Of {format_count(roadmap.postings, 'posting')} of the last 30 days. "
            f"{format_count(len(roadmap.paths), 'skill')}, {len(roadmap.missing)} missing, "
            f"{roadmap.coverage_percentage} % covered, "
            f"some {format_count(roadmap.estimated_hours, 'hour')} to learn.",
            "",
        ]
    lines += [f"- {_text(sentence)}" for sentence in recommendations]
    for stage, paths in groupby(roadmap.paths, key=lambda path: path.stage):
        lines += ["", f"## Stage {stage}"]
        for path in paths:
            lines += ["", *_lines_of(path)]
    return "\n".join(lines) + "\n"


def _lines_of(path: SkillPath) -> list[str]:
    facts = [path.status]
    if path.priority_score:
        facts.append(f"{path.priority_score} % of the postings")
    if path.estimated_hours:
        facts.append(f"some {format_count(path.estimated_hours, 'hour')}")
    if path.alternative is not None:
        facts.append(f"not needed beside {_text(path.alternative)}")
    lines = [f"### {_text(path.display_name)}", "", ", ".join(facts)]
    if path.prerequisites:
        lines[-1] += "; builds on " + ", ".join(map(_text, path.prerequisites))
    if path.foundations:
        lines[-1] += "; to be learnt first: " + ", ".join(map(_text, path.foundation_names))
    lines += [""] if path.resources or path.projects else []
    for first in path.foundation_resources:
        lines.append(f"- First, {_text(first.skill)}: [{_text(first.title)}](<{_address(first)}>)")
    for resource in path.resources:
        link = f"[{_text(resource.title)}](<{_address(resource)}>)"
        lines.append(f"- {resource.type}: {link}. {_text(resource.description)}")
    lines += [_project_line(practice) for practice in path.projects]
    return lines


def _address(resource: Resource) -> str:
    return resource.url.replace("<", "%3C").replace(">", "%3E")


def _project_line(practice: Practice) -> str:
    new = f"; new in it: {', '.join(map(_text, practice.new_skills))}" if practice.new_skills else ""
    return f"- Project: {_text(practice.exercise.title)} ({practice.exercise.difficulty}{new})"


def _text(text: str) -> str:
    """Text that shows as it is written."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))
