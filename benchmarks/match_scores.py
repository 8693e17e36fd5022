"""Match scores per second in one process, including their sentences, from stored postings.

The postings are generated, and their skills and requirements are parsed as when storing them. No server is used: a
score's data from the database is read once for many scores (`benchmarks.ranking` measures whole requests). The target
applies to the processor time of the process, which a busy machine distorts less than elapsed time.

python -m benchmarks.match_scores [--postings N]
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from benchmarks.posting_set import generate_postings
from benchmarks.report import Report, Times
from market import roles
from market.jobs.match_profiles import CandidateProfile, build_job_profile
from market.jobs.match_score import score_match
from market.posting import Posting
from market.requirement_parsing import parse_required_years, parse_requirements, select_nice_to_have
from market.sections import parse_sections
from skills.extraction import SkillExtractor, is_within
from skills.vocabulary import Skill, Vocabulary

MIN_SCORES_PER_SECOND = 5_000
ROUNDS = 7
_ROOT = Path(__file__).resolve().parent.parent

CANDIDATES = (
    CandidateProfile(
        skills=frozenset({"python", "sql", "docker", "kubernetes", "postgresql", "linux", "git", "react", "aws"}),
        desired_roles=("Backend Developer", "Data Engineer", "Full Stack Developer"),
        experience_years=3,
        preferred_locations=("US-CA", "DE", "London, United Kingdom"),
        remote_preference="hybrid",
        expected_salary_usd=120_000,
    ),
    CandidateProfile(skills=frozenset({"java", "spring", "sql"}), desired_roles=("Java Developer",)),
)


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=5_000, help="default: %(default)s")
    return measure(parser.parse_args().postings).show()


def clear_title_caches() -> None:
    """Clear the cached titles of this process."""
    for function in vars(roles).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def measure(count: int) -> Report:
    """Measure the scores of `count` postings for each candidate."""
    rows = build_stored_rows(count)
    # Every skill has a share of the demand, as in a large market.
    demand = {
        skill: (index % 50) / 100 for index, skill in enumerate(sorted({s for row in rows for s in row["skills"]}))
    }
    report = Report(f"Match scores of {len(rows):,} postings, one process")
    report.add_value("skills of a posting, on average", f"{sum(len(row['skills']) for row in rows) / len(rows):.1f}")
    for candidate, label in zip(CANDIDATES, ("a full profile", "only skills and a role"), strict=True):
        for cache_state, clears_caches in (("titles not cached", True), ("titles cached", False)):
            elapsed_times, processor_seconds = Times(), []
            for _ in range(ROUNDS):
                if clears_caches:
                    clear_title_caches()
                started_at = process_time()
                elapsed_times.measure(lambda candidate=candidate: score_rows(rows, candidate, demand))
                processor_seconds.append(process_time() - started_at)
            rate = len(rows) / median(processor_seconds)
            elapsed_rate = f"{len(rows) / elapsed_times.median:,.0f}/s of elapsed time"
            report.require_at_least(
                f"{label}, {cache_state}",
                rate,
                MIN_SCORES_PER_SECOND,
                measured=f"{rate:,.0f}/s ({elapsed_rate})",
                target_text=f">= {MIN_SCORES_PER_SECOND:,}/s",
            )
    return report


def score_rows(rows: list[dict[str, Any]], candidate: CandidateProfile, demand: dict[str, float]) -> int:
    """Score every row and return the number of scores."""
    score_count = 0
    for row in rows:
        match = score_match(candidate=candidate, job_profile=build_job_profile(row), demand=demand)
        score_count += match is not None
    if score_count != len(rows):
        raise RuntimeError(f"{len(rows) - score_count} postings have no score")
    return score_count


def build_stored_rows(count: int) -> list[dict[str, Any]]:
    """Return `count` generated postings as stored rows."""
    entries = json.loads((_ROOT / "fixtures" / "skills.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Skill.from_entry(entry) for entry in entries)
    extractor = SkillExtractor(vocabulary)
    batches = generate_postings(count=count, now=datetime(2026, 11, 21, tzinfo=UTC))
    return [build_stored_row(posting, vocabulary, extractor) for batch in batches for posting in batch]


def build_stored_row(posting: Posting, vocabulary: Vocabulary, extractor: SkillExtractor) -> dict[str, Any]:
    """Return a posting as the row that storing it would create."""
    text = f"{posting.title}\n{posting.description}"
    requirements, excluded = parse_requirements(text), parse_sections(text, start=len(posting.title) + 1).excluded
    spans = [
        span
        for span in extractor.find_spans(text, title_length=len(posting.title))
        if not is_within(excluded, span.start)
    ]
    slugs = vocabulary.map_technology_slugs(posting.technology_slugs)
    skills = slugs or list(dict.fromkeys(span.skill for span in spans))
    nice_to_have = select_nice_to_have(
        skills=skills,
        nice_skills=(span.skill for span in spans if is_within(requirements.nice, span.start)),
        get_must_skills=lambda: (
            span.skill for span in spans if span.start < len(posting.title) or is_within(requirements.must, span.start)
        ),
    )
    return {
        "title": posting.title,
        "skills": skills,
        "nice_to_have": nice_to_have,
        "years_asked": parse_required_years(text, requirements=requirements),
        "place": posting.place,
        "country_code": posting.country_code,
        "remote": posting.remote,
        "hybrid": posting.hybrid,
        "min_annual_salary_usd": posting.min_annual_salary_usd,
        "max_annual_salary_usd": posting.max_annual_salary_usd,
    }


if __name__ == "__main__":
    sys.exit(main())
