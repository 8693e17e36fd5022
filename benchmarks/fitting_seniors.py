"""Results of the gap analysis for seniors who fit a role and for newcomers, over real postings.

A senior of each of five roles names 15 to 25 skills, mostly technologies, as real people do. The benchmark compares
coverage and reach with and without implied skills. "Without" takes each name literally and counts every kind of skill.
The profiles were chosen without looking at the postings.

The postings are read from a file beside the project. All of them are in one window, as if the newest were from today.
Copies of a posting count once, and text in which the employer describes itself does not count. Sentences that an
employer repeats in several postings count, unlike in a collection.

    python -m benchmarks.fitting_seniors [--data ../shared/data]
"""

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.report import Report
from career_navigator.plain_text import make_plain
from learning.hours import build_hours_estimate
from market.copies import CopyCandidate, build_copy_keys, group_copies
from market.daily_stats import PostingSets
from market.gaps import GapAnalysis, RoleDemand, RoleWindow, rank_gaps
from market.learning_order import NextSkill
from market.role_table import load_default_table
from market.sections import parse_sections
from skills.extraction import SkillExtractor, is_within
from skills.vocabulary import HeldSkills, Skill, Vocabulary

MIN_COVERAGE = 60.0
_ROOT = Path(__file__).resolve().parent.parent
ROLES = {
    "Backend": "Backend Developer",
    "DevOps": "DevOps Engineer",
    "Frontend": "Frontend Developer",
    "ML": "Machine Learning Engineer",
    "Data": "Data Engineer",
}
SENIORS = {
    "Backend": (
        "python, java, spring boot, django, fastapi, postgresql, mysql, redis, mongodb, kafka, rabbitmq, "
        "docker, kubernetes, aws, git, github actions, terraform, grpc, elasticsearch, microservices, system "
        "design, pytest, linux"
    ),
    "DevOps": (
        "kubernetes, docker, helm, terraform, ansible, aws, azure, amazon eks, linux, bash, python, go, git, "
        "github actions, gitlab ci, jenkins, argo cd, prometheus, grafana, datadog, hashicorp vault, nginx, "
        "incident management"
    ),
    "Frontend": (
        "react, next.js, typescript, redux, tailwind css, sass, graphql, webpack, vite, jest, cypress, "
        "playwright, storybook, nodejs, git, github actions, figma, web accessibility, web performance, "
        "design systems"
    ),
    "ML": (
        "python, pytorch, tensorflow, scikit-learn, pandas, hugging face, langchain, openai api, mlflow, "
        "airflow, spark, sql, docker, kubernetes, aws, amazon sagemaker, fastapi, git, fine-tuning, feature "
        "engineering, pinecone, c++"
    ),
    "Data": (
        "python, sql, spark, airflow, dbt, snowflake, bigquery, kafka, databricks, postgresql, aws, amazon "
        "s3, aws glue, terraform, docker, git, github actions, looker, great expectations, delta lake, data "
        "modeling"
    ),
}


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=_ROOT.parent / "shared" / "data")
    arguments = parser.parse_args()
    return compare_roles(arguments.data).show()


def compare_roles(data: Path) -> Report:
    """Analyze the gaps of each role's senior and of a newcomer."""
    entries = json.loads((_ROOT / "fixtures" / "skills.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Skill.from_entry(entry) for entry in entries)
    windows = build_windows(read_postings(data), SkillExtractor(vocabulary))
    report = Report("Fitting seniors and newcomers over real postings, all in one window")
    for role, window in windows.items():
        names = SENIORS[role].split(", ")
        held_skills = vocabulary.get_held_skills(names)
        named_skills = HeldSkills(named=held_skills.named, through={})
        gaps_without_implied = rank_gaps(window=window, held=named_skills)
        gaps = analyze_gaps(window, held_skills, vocabulary)
        report.add_value(f"{role}: postings; skills named", f"{window.demand.postings:,}; {len(names)}")
        report.add_value("  coverage, reach without what skills imply", describe_gaps(gaps_without_implied))
        report.add_value("  reach with what skills imply", describe_gaps(gaps))
        report.require_at_least(
            "  coverage with what skills imply",
            gaps.coverage.percentage,
            MIN_COVERAGE,
            measured=f"{gaps.coverage.percentage:.1f}%",
            target_text=f">= {MIN_COVERAGE:.0f}%",
        )
        report.add_value("  missing", ", ".join(gaps.missing))
        for step in gaps.learning_order.next_skills:
            report.add_value("  learn next", describe_step(step))
        for step in analyze_gaps(window, vocabulary.get_held_skills([]), vocabulary).learning_order.next_skills:
            report.add_value("  newcomer", describe_step(step))
    return report


def analyze_gaps(window: RoleWindow, held_skills: HeldSkills, vocabulary: Vocabulary) -> GapAnalysis:
    """Return the gap analysis of a person with these skills."""
    hours = build_hours_estimate(vocabulary=vocabulary, held=held_skills.names)
    return rank_gaps(window=window, held=held_skills, vocabulary=vocabulary, hours=hours)


def describe_gaps(gaps: GapAnalysis) -> str:
    """Return coverage and reach as text."""
    return f"{gaps.coverage.percentage:.1f}%, {gaps.learning_order.reachable_percentage:.1f}%"


def describe_step(step: NextSkill) -> str:
    """Return a step as text, with reach and coverage after the step."""
    return f"{', '.join(step.skills)}: {step.reachable_percentage}%, {step.coverage_percentage}% ({step.hours} h)"


def read_postings(data: Path) -> list[dict[str, Any]]:
    """Return the postings of technical roles without copies."""
    table = load_default_table()
    with gzip.open(data / "postings.jsonl.gz", "rt", encoding="utf-8") as lines:
        postings = [
            posting
            for posting in map(json.loads, lines)
            if any(table.names_role(title=posting.get("job_title") or "", role=name) for name in ROLES.values())
        ]
    candidates_by_key: defaultdict[str, list[CopyCandidate]] = defaultdict(list)
    for index, posting in enumerate(postings):
        row = {name: posting.get(name) for name in ("company", "location", "description")}
        keys = build_copy_keys(row | {"title": posting["job_title"], "place": posting.get("short_location")})
        if keys["copy_key"]:
            day = datetime.fromisoformat(posting["discovered_at"])
            candidates_by_key[keys["copy_key"]].append(
                CopyCandidate(id=index, name=str(posting["id"]), day=day, signature=keys["text_signature"])
            )
    copies = {index for group in candidates_by_key.values() for index in group_copies(group)}
    return [posting for index, posting in enumerate(postings) if index not in copies]


def extract_skills(posting: dict[str, Any], extractor: SkillExtractor) -> list[str]:
    """Return the skills that a posting requires."""
    title = make_plain(posting["job_title"]).text
    text = f"{title}\n{make_plain(posting.get('description') or '').text}"
    excluded = parse_sections(text, start=len(title) + 1).excluded
    spans = extractor.find_spans(text, title_length=len(title))
    return list(dict.fromkeys(span.skill for span in spans if not is_within(excluded, span.start)))


def build_windows(postings: Iterable[dict[str, Any]], extractor: SkillExtractor) -> dict[str, RoleWindow]:
    """Return the window of each role with the postings whose titles name it."""
    table = load_default_table()
    skills = [(posting["job_title"], extract_skills(posting, extractor)) for posting in postings]
    windows = {}
    for role, name in ROLES.items():
        role_postings = [(names, 0) for title, names in skills if table.names_role(title=title, role=name)]
        counts = Counter(name for names, _ in role_postings for name in names)
        demand = RoleDemand.from_counts(postings=len(role_postings), counts=counts)
        windows[role] = RoleWindow(demand=demand, sets=PostingSets.from_postings(role_postings))
    return windows


if __name__ == "__main__":
    sys.exit(main())
