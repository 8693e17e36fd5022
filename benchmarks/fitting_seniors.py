"""Results of the gap analysis for seniors who fit a role and for newcomers, over real postings.

A senior of each of five roles names 15 to 25 skills, mostly technologies, as real people do. The benchmark compares
coverage and reach with and without implied skills. "Without" takes each name literally and counts every kind of skill.
The profiles were chosen without looking at the postings.

The postings are read from a file beside the project. All of them are in one window, as if the newest were from today.

    python -m benchmarks.fitting_seniors [--data ../shared/data]
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Report
from learning.hours import build_hours_estimate
from market.daily_stats import PostingSets
from market.gaps import GapAnalysis, RoleDemand, RoleWindow, rank_gaps
from market.role_table import load_default_table
from skills.extraction import SkillExtractor
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
    return compare(arguments.data).show()


def compare(data: Path) -> Report:
    """Analyze the gaps of each role's senior and of a newcomer."""
    entries = json.loads((_ROOT / "fixtures" / "skills.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Skill.from_entry(entry) for entry in entries)
    windows = build_windows(list(read_postings(data, SkillExtractor(vocabulary))))
    report = Report("Fitting seniors and newcomers over real postings, all in one window")
    for role, window in windows.items():
        names = SENIORS[role].split(", ")
        held = vocabulary.get_held_skills(names)
        named = HeldSkills(named=held.named, through={})
        without = rank_gaps(window=window, held=named)
        gaps = analyze(window, held, vocabulary)
        report.note(f"{role}: postings; skills named", f"{window.demand.postings:,}; {len(names)}")
        report.note("  coverage, reach without what skills imply", describe(without))
        report.note("  reach with what skills imply", describe(gaps))
        report.at_least(
            "  coverage with what skills imply",
            gaps.coverage.percentage,
            MIN_COVERAGE,
            measured=f"{gaps.coverage.percentage:.1f}%",
            bar_text=f">= {MIN_COVERAGE:.0f}%",
        )
        report.note("  missing", ", ".join(gaps.missing))
        for step in gaps.learning_order.next_skills:
            report.note("  learn next", f"{', '.join(step.skills)}: {step.reachable_percentage}% ({step.hours} h)")
        for step in analyze(window, vocabulary.get_held_skills([]), vocabulary).learning_order.next_skills:
            report.note("  newcomer", f"{', '.join(step.skills)}: {step.reachable_percentage}% ({step.hours} h)")
    return report


def analyze(window: RoleWindow, held: HeldSkills, vocabulary: Vocabulary) -> GapAnalysis:
    """Return the gap analysis of a person with these skills."""
    hours = build_hours_estimate(vocabulary=vocabulary, held=held.names)
    return rank_gaps(window=window, held=held, vocabulary=vocabulary, hours=hours)


def describe(gaps: GapAnalysis) -> str:
    """Return coverage and reach as text."""
    return f"{gaps.coverage.percentage:.1f}%, {gaps.learning_order.reachable_percentage:.1f}%"


def read_postings(data: Path, extractor: SkillExtractor) -> Iterator[tuple[str, list[str]]]:
    """Yield the title and the skills of each posting."""
    with gzip.open(data / "postings.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            posting = json.loads(line)
            title = posting.get("job_title") or ""
            spans = extractor.find_spans(f"{title}\n{posting.get('description') or ''}")
            yield title, list(dict.fromkeys(span.skill for span in spans))


def build_windows(postings: list[tuple[str, list[str]]]) -> dict[str, RoleWindow]:
    """Return the window of each role with the postings whose titles name it."""
    windows, table = {}, load_default_table()
    for role, name in ROLES.items():
        sets = [(skills, 0) for title, skills in postings if table.names_role(title=title, role=name)]
        counts = Counter(name for skills, _ in sets for name in skills)
        demand = RoleDemand.of(postings=len(sets), counts=counts)
        windows[role] = RoleWindow(demand=demand, sets=PostingSets.from_postings(sets))
    return windows


if __name__ == "__main__":
    sys.exit(main())
