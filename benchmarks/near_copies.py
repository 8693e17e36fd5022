"""Precision and recall of near-copies on labeled pairs of real postings, and the time to compute a posting's keys.

python -m benchmarks.near_copies [--postings FILE]

`near_copy_pairs.csv` names pairs of postings of one employer by id, drawn from all ranges of similarity. A pair is
<<<<<<< HEAD
labeled as a copy if both adverts are for the same job and differ only in place, pay, benefits, notices or what they
=======
labeled as a copy if both postings are for the same job and differ only in place, pay, benefits, notices or what they
>>>>>>> 6af5084f (benchmarks: name measurements and helpers by what they hold)
say about the employer. Pairs of different levels, trades, languages or customers are labeled as different, no matter
how similar their texts are.
"""

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import django

from benchmarks.report import Report, Times, format_milliseconds

PAIRS = Path(__file__).with_name("near_copy_pairs.csv")
POSTINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "postings.jsonl.gz"
THRESHOLDS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=Path, default=POSTINGS, help="default: %(default)s")
    arguments = parser.parse_args()
    if not arguments.postings.exists():
        parser.error(f"{arguments.postings} does not exist. Name the file of postings with --postings.")
    django.setup()
    with PAIRS.open(encoding="utf-8") as file:
        pairs = [(row["first"], row["second"], row["is_copy"] == "1") for row in csv.DictReader(file)]
    return measure(
        pairs, read_postings(arguments.postings, {posting_id for pair in pairs for posting_id in pair[:2]})
    ).show()


def read_postings(path: Path, ids: set[str]) -> dict[str, dict[str, Any]]:
    """Read the fields that the keys depend on, by id."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        jobs = [job for job in map(json.loads, file) if str(job["id"]) in ids]
    return {
        str(job["id"]): {
            "title": job["job_title"],
            "company": job["company"],
            "location": job["location"],
            "place": job["short_location"],
            "description": job["description"],
        }
        for job in jobs
    }


def measure(pairs: list[tuple[str, str, bool]], postings: dict[str, dict[str, Any]]) -> Report:
    """Return a report of precision and recall on labeled pairs of postings."""
    from market.copies import MIN_SIMILARITY, build_copy_keys, estimate_similarity

    times, keys = Times(), {}
    for posting_id, row in postings.items():
        keys[posting_id] = times.measure(lambda row=row: build_copy_keys(row))
    report = Report("Near-copies on labeled pairs of one employer's real postings")
    copies = sum(is_copy for _, _, is_copy in pairs)
    report.add_value("pairs labeled as copies; as different", f"{copies}; {len(pairs) - copies}")
    rows = [
        (
            keys[first_id]["copy_key"] == keys[second_id]["copy_key"],
            estimate_similarity(keys[first_id]["text_signature"], keys[second_id]["text_signature"]),
            is_copy,
        )
        for first_id, second_id, is_copy in pairs
    ]
    for threshold in THRESHOLDS:
        precision, recall = compute_quality(rows, threshold)
        report.add_value(f"threshold {threshold}: precision; recall", f"{precision:.3f}; {recall:.3f}")
    precision, recall = compute_quality(rows, MIN_SIMILARITY)
    report.require_at_least(
        f"precision at {MIN_SIMILARITY}", precision, 0.95, measured=f"{precision:.3f}", target_text=">= 0.95"
    )
    report.require_at_least(
        f"recall at {MIN_SIMILARITY}", recall, 0.75, measured=f"{recall:.3f}", target_text=">= 0.75"
    )
    precision_without_titles, _ = compute_quality(
        [(True, similarity, is_copy) for _, similarity, is_copy in rows], MIN_SIMILARITY
    )
    report.add_value("precision without comparing titles", f"{precision_without_titles:.3f}")
    report.add_value("keys of one posting, median", format_milliseconds(times.median))
    return report


def compute_quality(rows: Iterable[tuple[bool, float, bool]], threshold: float) -> tuple[float, float]:
    """Return precision and recall of the pairs with equal keys and at least this similarity."""
    rows = list(rows)
    predicted_copies = [is_copy for same_key, similarity, is_copy in rows if same_key and similarity >= threshold]
    return sum(predicted_copies) / max(len(predicted_copies), 1), sum(predicted_copies) / sum(
        is_copy for _, _, is_copy in rows
    )


if __name__ == "__main__":
    sys.exit(main())
