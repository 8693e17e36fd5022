"""Agreement of match scores with labeled pairs of real postings, and scores at both ends of the scale.

`data/match_profiles.jsonl` describes fictional people. Each row of `data/match_pairs.jsonl` names a profile and the ids
of two postings of which the first suits the person better, with the reason. The postings are in `postings.jsonl.gz` of
the corpus beside the project. Each person belongs to one part. Tune the score with the part `tuning` only. The parts
`held_out` and `final` measure a finished formula. `final` was labeled after the figures of `held_out` were known.

Skills, places and requirements are extracted from the postings in the same way as when postings are stored. A skill is
weighted by its demand: its share of all postings of the same role in the corpus, which covers 2019 to 2025.

- Concordance: share of pairs in which the better posting scores higher. Equal scores count half. The interval is the
  percentile bootstrap over people, because the pairs of one person are not independent.
- All skills held: for each posting that names skills, the score of a person whose role is the posting's title and who
  has all its skills, or only its technologies and the skills that they imply. Place, pay and years are not compared.
- Another trade: the scores of all postings for each person, if the person has none of their skills except soft
  skills and spoken languages, and their titles neither name a role of the person nor a near one.

    python -m benchmarks.match_pairs [--data ../shared/data] [--parts tuning held_out final] [--worst 15]
"""

import argparse
import gzip
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.match_scores import build_stored_row
from benchmarks.report import Report
from ingestion.sources.theirstack.transform import transform_job
from market.jobs.match_parts import find_title_match
from market.jobs.match_profiles import CandidateProfile, JobProfile, build_job_profile
from market.jobs.match_score import score_match
from market.role_table import load_default_table
from skills.extraction import SkillExtractor
from skills.vocabulary import TECHNOLOGY, Skill, Vocabulary

TUNING, HELD_OUT, FINAL = PARTS = ("tuning", "held_out", "final")
MIN_CONCORDANCE = 0.95
MIN_SCORE_OF_FITTING, MAX_SCORE_OF_FOREIGN = 90, 10
MIN_POSTINGS_OF_ROLE = 20
RESAMPLES = 2_000
_ROOT = Path(__file__).resolve().parent.parent
_DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two postings of which the first suits the person better."""

    profile: str
    better: int
    worse: int
    reason: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPair:
    """A pair with the scores of its postings."""

    pair: Pair
    better: int
    worse: int

    @property
    def agreement(self) -> float:
        """1 if the better posting scores higher, 0.5 if both score the same, else 0."""
        return (self.better > self.worse) + 0.5 * (self.better == self.worse)


class Corpus:
    """The real postings as they would be stored, and the demand for skills in their roles."""

    def __init__(self, *, path: Path, vocabulary: Vocabulary, roles: Iterable[str]) -> None:
        self._table = load_default_table()
        keys = {self._table.canonicalize(role) for role in roles}
        self._roles = sorted(keys, key=lambda role: (-len(role.split()), role))
        extractor = SkillExtractor(vocabulary)
        self._rows: dict[int, dict[str, Any]] = {}
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        totals: Counter[str] = Counter()
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                job = json.loads(line)
                posting = transform_job(job)
                row = build_stored_row(posting, vocabulary, extractor) | {"country_codes": posting.country_codes}
                self._rows[job["id"]] = row
                for role in ("", *self._table.find_named(title=posting.title, roles=self._roles)):
                    totals[role] += 1
                    counts[role].update(set(row["skills"]) - set(row["nice_to_have"]))
        self._shares = {
            role: {skill: count / totals[role] for skill, count in counts[role].items()}
            for role in totals
            if not role or totals[role] >= MIN_POSTINGS_OF_ROLE
        }

    def __len__(self) -> int:
        return len(self._rows)

    def list_ids(self) -> list[int]:
        """Return the ids of all postings."""
        return sorted(self._rows)

    def get_job_profile(self, posting_id: int) -> JobProfile:
        """Return the comparable facts of a posting."""
        return build_job_profile(self._rows[posting_id])

    def get_demand(self, posting_id: int) -> Mapping[str, float]:
        """Return each skill's share of the postings of the posting's role. Falls back to all postings."""
        named = self._table.find_named(title=self._rows[posting_id]["title"], roles=self._roles)
        return self._shares[next((role for role in named if role in self._shares), "")]

    def score(self, candidate: CandidateProfile, posting_id: int) -> int:
        """Return the match score, 0 if nothing is comparable."""
        demand = self.get_demand(posting_id)
        match = score_match(
            candidate=candidate,
            job_profile=self.get_job_profile(posting_id),
            demand=demand,
            is_role_demand=demand is not self._shares[""],
        )
        return match.score if match is not None else 0


def read_rows(name: str) -> list[dict[str, Any]]:
    """Read a file of JSON lines beside this module."""
    return [json.loads(line) for line in (_DATA / name).read_text(encoding="utf-8").splitlines()]


def build_candidate(row: Mapping[str, Any], vocabulary: Vocabulary) -> CandidateProfile:
    """Build the candidate of a profile, including implied skills."""
    return CandidateProfile(
        skills=vocabulary.get_held_skills(row["skills"]).names,
        desired_roles=tuple(row["desired_roles"]),
        experience_years=row["experience_years"],
        preferred_locations=tuple(row["preferred_locations"]),
        remote_preference=row["remote_preference"],
        expected_salary_usd=row["expected_salary_usd"],
        skill_kinds=vocabulary.kinds,
    )


def compute_concordance(scored_pairs: Sequence[ScoredPair]) -> float:
    """Return the share of pairs with which the scores agree."""
    return sum(scored_pair.agreement for scored_pair in scored_pairs) / len(scored_pairs)


def compute_interval(scored_pairs: Sequence[ScoredPair]) -> tuple[float, float]:
    """Return the 95% percentile bootstrap interval of the concordance, resampling people."""
    by_person: dict[str, list[ScoredPair]] = defaultdict(list)
    for scored_pair in scored_pairs:
        by_person[scored_pair.pair.profile].append(scored_pair)
    groups = [by_person[name] for name in sorted(by_person)]
    rng = random.Random(1)
    values = sorted(
        compute_concordance([scored_pair for group in rng.choices(groups, k=len(groups)) for scored_pair in group])
        for _ in range(RESAMPLES)
    )
    return values[RESAMPLES * 25 // 1000], values[RESAMPLES * 975 // 1000 - 1]


def report_concordance(report: Report, label: str, scored_pairs: Sequence[ScoredPair]) -> None:
    """Add the concordance of the pairs with its interval."""
    value, (low, high) = compute_concordance(scored_pairs), compute_interval(scored_pairs)
    people = len({scored_pair.pair.profile for scored_pair in scored_pairs})
    report.require_at_least(
        f"{label}, {len(scored_pairs)} pairs of {people} people",
        value,
        MIN_CONCORDANCE,
        measured=f"{value:.3f} ({low:.3f} to {high:.3f})",
        target_text=f"{MIN_CONCORDANCE}",
    )


def report_ends(
    report: Report,
    corpus: Corpus,
    scored_pairs: Sequence[ScoredPair],
    candidates: Mapping[str, CandidateProfile],
    vocabulary: Vocabulary,
) -> None:
    """Add the scores of people who have everything a posting requires, and of postings of other fields."""
    scores_by_label: dict[str, list[int]] = {"all skills held, role right": [], "all technologies held, role right": []}
    for posting_id in corpus.list_ids():
        job = corpus.get_job_profile(posting_id)
        technologies = [skill for skill in job.skills if vocabulary.kinds.get(skill, TECHNOLOGY) == TECHNOLOGY]
        for label, skills in zip(scores_by_label, (job.skills, technologies), strict=True):
            if skills:
                candidate = CandidateProfile(
                    skills=vocabulary.get_held_skills(skills).names,
                    desired_roles=(job.title,),
                    skill_kinds=vocabulary.kinds,
                )
                scores_by_label[label].append(corpus.score(candidate, posting_id))
    for label, scores in scores_by_label.items():
        high_count = sum(score >= MIN_SCORE_OF_FITTING for score in scores)
        report.require_at_least(
            f"{label}, {len(scores):,} postings",
            high_count,
            len(scores),
            measured=f"{high_count:,} at least {MIN_SCORE_OF_FITTING}, {_describe(scores)}",
            target_text=f"all at least {MIN_SCORE_OF_FITTING}",
        )
    foreign_scores = [scored_pair.worse for scored_pair in scored_pairs if scored_pair.pair.reason == "other_field"]
    report.add_value(f"of another field, {len(foreign_scores)} pairs", _describe(foreign_scores))
    people = sorted({scored_pair.pair.profile for scored_pair in scored_pairs})
    foreign_scores = [
        corpus.score(candidates[name], posting_id)
        for posting_id in corpus.list_ids()
        for name in people
        if is_foreign(candidates[name], corpus.get_job_profile(posting_id))
    ]
    low_count = sum(score <= MAX_SCORE_OF_FOREIGN for score in foreign_scores)
    report.require_at_least(
        f"of another trade, {len(people)} people, {len(foreign_scores):,} scores",
        low_count,
        len(foreign_scores),
        measured=f"{low_count:,} at most {MAX_SCORE_OF_FOREIGN}, {_describe(foreign_scores)}",
        target_text=f"all at most {MAX_SCORE_OF_FOREIGN}",
    )


def is_foreign(candidate: CandidateProfile, job_profile: JobProfile) -> bool:
    """Return whether a posting has no counted skill of the candidate, and a title that is not near a desired role."""
    title_match = find_title_match(candidate=candidate, job_profile=job_profile)
    return (title_match is None or title_match.is_partial) and not any(
        skill in candidate.skills and candidate.is_counted(skill) for skill in job_profile.skills
    )


def _describe(scores: Sequence[int]) -> str:
    return f"lowest {min(scores)}, median {sorted(scores)[len(scores) // 2]}, highest {max(scores)}"


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=_ROOT.parent / "shared" / "data")
    parser.add_argument("--parts", choices=PARTS, nargs="+", default=[TUNING], help="default: %(default)s")
    parser.add_argument("--worst", type=int, default=15, help="disagreements to list (default: %(default)s)")
    arguments = parser.parse_args()

    entries = json.loads((_ROOT / "fixtures" / "skills.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Skill.from_entry(entry) for entry in entries)
    people = {row["profile"]: row for row in read_rows("match_profiles.jsonl")}
    roles = {role for row in people.values() for role in row["desired_roles"]}
    corpus = Corpus(path=arguments.data / "postings.jsonl.gz", vocabulary=vocabulary, roles=roles)
    candidates = {name: build_candidate(row, vocabulary) for name, row in people.items()}
    scored_pairs = [
        ScoredPair(
            pair=pair,
            better=corpus.score(candidates[pair.profile], pair.better),
            worse=corpus.score(candidates[pair.profile], pair.worse),
        )
        for pair in (Pair(**row) for row in read_rows("match_pairs.jsonl"))
        if pair.part in arguments.parts
    ]

    report = Report(f"Match scores compared with labeled pairs, {len(corpus):,} postings of 2019 to 2025")
    for part in arguments.parts:
        report_concordance(
            report,
            f"concordance, {part}",
            [scored_pair for scored_pair in scored_pairs if scored_pair.pair.part == part],
        )
    for reason in sorted({scored_pair.pair.reason for scored_pair in scored_pairs}):
        reason_pairs = [scored_pair for scored_pair in scored_pairs if scored_pair.pair.reason == reason]
        report.add_value(f"  {reason}, {len(reason_pairs)} pairs", f"{compute_concordance(reason_pairs):.3f}")
    report_ends(report, corpus, scored_pairs, candidates, vocabulary)
    status = report.show()

    # The pairs of other parts are not listed, so that the score is not tuned with them.
    disagreements = sorted(
        (scored_pair for scored_pair in scored_pairs if scored_pair.pair.part == TUNING and scored_pair.agreement < 1),
        key=lambda scored_pair: (
            scored_pair.better - scored_pair.worse,
            scored_pair.pair.profile,
            scored_pair.pair.better,
            scored_pair.pair.worse,
        ),
    )
    print(f"\nWorst of {len(disagreements)} disagreements for tuning: profile, reason, scores, better and worse title")
    for scored_pair in disagreements[: arguments.worst]:
        pair = scored_pair.pair
        titles = " | ".join(corpus.get_job_profile(posting_id).title for posting_id in (pair.better, pair.worse))
        print(f"{pair.profile}, {pair.reason}: {scored_pair.better} < {scored_pair.worse}, {titles}")
    return status


if __name__ == "__main__":
    sys.exit(main())
