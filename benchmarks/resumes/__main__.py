"""Score the resume parser on generated resumes: `python -m benchmarks.resumes`."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.report import Report
from benchmarks.resumes.corpus import PRODUCER_NAMES, Sample, generate_samples, store_samples
from benchmarks.resumes.layouts import LAYOUTS
from benchmarks.resumes.locales import LOCALES
from benchmarks.resumes.mutations import add_mutated_files
from benchmarks.resumes.reading import Reading, load_vocabulary, read_files
from benchmarks.resumes.scoring import FIELDS, Count, Judgment, Score, list_judged_fields, score_resume

# The lowest accepted F1.
_TARGETS = {"contact": 0.98, "position": 0.90, "study": 0.90, "skills": 0.95}
_TABLE_FIELDS = ("contact", "title", "company", "dates", "position", "study", "skills")
_MAX_PAGE_SECONDS = 0.3
_MAX_MEMORY_BYTES = 200_000_000
_HIGH_CONFIDENCE = 0.8
_MIN_RIGHT_SHARE = 0.95
_BANDS = ((0.0, 0.5), (0.5, _HIGH_CONFIDENCE), (_HIGH_CONFIDENCE, 1.01))
_BOOTSTRAP_SAMPLES = 1_000


def compute_f1(count: Count) -> float:
    """Return F1, the harmonic mean of precision and recall."""
    return 2 * count.right / max(count.found + count.expected, 1)


def bootstrap_f1(counts: Sequence[Count], *, seed: int = 1) -> tuple[float, float]:
    """Return the 95% percentile interval of F1 over samples of the resumes with replacement."""
    table = np.array([(count.right, count.found, count.expected) for count in counts])
    chooser = np.random.default_rng(seed)
    scores = []
    for _ in range(_BOOTSTRAP_SAMPLES):
        right, found, expected = table[chooser.integers(0, len(table), len(table))].sum(axis=0)
        scores.append(2 * right / max(found + expected, 1))
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def add_fields(report: Report, scores: Sequence[Score]) -> None:
    """Add a row per field with F1, its interval, precision and recall."""
    for field in FIELDS:
        counts = [score.counts[field] for score in scores]
        total = sum(counts, Count())
        low, high = bootstrap_f1(counts)
        f1 = compute_f1(total)
        precision, recall = total.right / max(total.found, 1), total.right / max(total.expected, 1)
        measured = f"{f1:.1%}  ({low:.1%} to {high:.1%})  P {precision:.1%}  R {recall:.1%}  n {total.expected}"
        if field in _TARGETS:
            report.require_at_least(
                field, f1, _TARGETS[field], measured=measured, target_text=f"at least {_TARGETS[field]:.0%}"
            )
        else:
            report.add_value(field, measured)


def add_calibration(report: Report, judgments: Sequence[Judgment]) -> None:
    """Add the share of right values by confidence, for each field and over all."""
    for low, high in _BANDS:
        in_band = [judgment for judgment in judgments if low <= judgment.confidence < high]
        if not in_band:
            continue
        share = sum(judgment.is_right for judgment in in_band) / len(in_band)
        label = f"confidence {low:.1f} to {min(high, 1.0):.1f}"
        if low == _HIGH_CONFIDENCE:
            measured = f"{share:.1%} of {len(in_band):,} right"
            report.require_at_least(
                label, share, _MIN_RIGHT_SHARE, measured=measured, target_text=f"at least {_MIN_RIGHT_SHARE:.0%}"
            )
        else:
            report.add_value(label, f"{share:.1%} of {len(in_band):,} right")
        for field in list_judged_fields(in_band):
            rights = [judgment.is_right for judgment in in_band if judgment.field == field]
            report.add_value(f"  {field}", f"{sum(rights) / len(rights):.1%} of {len(rights):,} right")


def print_table(title: str, groups: Mapping[str, Sequence[Score]]) -> None:
    """Print F1 of the main fields for each group of resumes."""
    print(f"\nF1 by {title}, in percent\n\n{'':18}" + "".join(f"{field:>10}" for field in _TABLE_FIELDS) + f"{'n':>6}")
    for name, scores in groups.items():
        cells = (compute_f1(sum((score.counts[field] for score in scores), Count())) for field in _TABLE_FIELDS)
        print(f"{name:18}" + "".join(f"{100 * cell:10.1f}" for cell in cells) + f"{len(scores):6}")


def add_costs(report: Report, readings: Sequence[Reading]) -> None:
    """Add the time per file, most of which have one page, and the peak of memory.

    The processor time includes the start of the sandbox. A busy machine distorts the processor time less.
    """
    seconds = [reading.processor_seconds for reading in readings]
    report.require_at_most(
        "file to text, processor time, median",
        median(seconds),
        _MAX_PAGE_SECONDS,
        measured=f"{1000 * median(seconds):.0f} ms",
        target_text=f"at most {1000 * _MAX_PAGE_SECONDS:.0f} ms",
    )
    report.add_value(
        "file to text, processor time, 95th percentile", f"{1000 * float(np.percentile(seconds, 95)):.0f} ms"
    )
    report.add_value("file to text, elapsed, median", f"{1000 * median(r.extraction_seconds for r in readings):.0f} ms")
    report.add_value("text to values, median", f"{1000 * median(r.parsing_seconds for r in readings):.0f} ms")
    peak = max(reading.peak_bytes for reading in readings)
    report.require_at_most(
        "memory of the sandbox, peak",
        peak,
        _MAX_MEMORY_BYTES,
        measured=f"{peak / 1e6:.0f} MB",
        target_text=f"at most {_MAX_MEMORY_BYTES / 1e6:.0f} MB",
    )


def score_samples(samples: Sequence[Sample], readings: Sequence[Reading]) -> list[Score]:
    """Return the score of each sample."""
    vocabulary = load_vocabulary()

    def canonicalize(name: str) -> str:
        return vocabulary.get_canonical_name(name) or name

    return [
        score_resume(sample.truth, reading.parsed, reading.content, canonicalize=canonicalize)
        for sample, reading in zip(samples, readings, strict=True)
    ]


def main() -> int:
    """Run the benchmark, print its tables and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layouts", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    parser.add_argument("--producers", nargs="+", choices=PRODUCER_NAMES, default=list(PRODUCER_NAMES))
    parser.add_argument("--languages", nargs="+", choices=LOCALES, default=list(LOCALES))
    parser.add_argument("--repetitions", type=int, default=1, help="resumes per layout, producer and language")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a directory for the files and their right values")
    parser.add_argument("--mutations", type=int, default=0, help="also read this number of damaged files")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show-errors", action="store_true", help="print each wrong value")
    arguments = parser.parse_args()

    samples = list(
        generate_samples(
            layouts=arguments.layouts,
            producers=arguments.producers,
            languages=arguments.languages,
            repetitions=arguments.repetitions,
            seed=arguments.seed,
        )
    )
    if arguments.keep is not None:
        store_samples(samples, arguments.keep)
    readings = list(read_files([sample.data for sample in samples], workers=arguments.workers))
    scores = score_samples(samples, readings)
    if arguments.show_errors:
        for sample, reading, score in zip(samples, readings, scores, strict=True):
            for error in (*([f"rejected: {reading.rejection}"] if reading.rejection else []), *score.errors):
                print(f"{sample.name}: {error}")
    for title in ("layout", "producer", "language"):
        groups: dict[str, list[Score]] = {}
        for sample, score in zip(samples, scores, strict=True):
            groups.setdefault(getattr(sample, title), []).append(score)
        print_table(title, groups)
    report = Report(f"{len(samples)} generated resumes: F1 by field, with its 95% interval")
    add_fields(report, scores)
    add_calibration(report, [judgment for score in scores for judgment in score.judgments])
    rejections = Counter(reading.rejection for reading in readings if reading.rejection)
    report.add_value(
        "rejected files", ", ".join(f"{reason}: {count}" for reason, count in rejections.items()) or "none"
    )
    add_costs(report, readings)
    if arguments.mutations:
        add_mutated_files(report, [sample.data for sample in samples], count=arguments.mutations, seed=arguments.seed)
    return report.show()


if __name__ == "__main__":
    sys.exit(main())
