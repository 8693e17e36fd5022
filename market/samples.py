"""Measure how independent the postings of a window are: distinct postings, employers, design effect. Pure.

Postings of one employer resemble each other, so n of them carry less information than n independent ones. The design
effect is the factor by which this increases the variance of a share (L. Kish, "Survey Sampling", 1965, section 5.4):

    deff = 1 + (m - 1) * rho

`m` is the mean over all postings of the number of postings of the same employer: the sum of the squared number of
postings per employer, divided by the number of postings (R. M. Groves et al., "Survey Methodology", 2009, section 4.4,
for clusters of unequal size). `rho` is the correlation between two postings of one employer. Copies of a posting do not
count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from market.name_keys import compute_name_key

# At least the correlation of nine in ten frequent skills of the two largest roles (see docs/explanation/method.md).
INTRACLASS_CORRELATION = 0.4
# An employer with a larger share of the postings dominates the shares of skills.
MAX_EMPLOYER_SHARE = 0.2

# The fields of a stats row that `build_sample` reads.
SAMPLE_FIELDS = ("postings", "jobs", "employer_keys", "employer_jobs")


def pack_employers(counts: Mapping[str, int]) -> dict[str, bytes]:
    """Return the fields of a stats row that store the number of distinct postings per employer."""
    keyed = sorted((compute_name_key(name), count) for name, count in counts.items())
    return {
        "employer_keys": np.array([key for key, _ in keyed], "<u8").tobytes(),
        "employer_jobs": np.array([count for _, count in keyed], "<u4").tobytes(),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The distinct postings and employers of a window.

    `employers` and `top_employer_jobs` (the postings of the employer with the most postings) are None if no day of the
    window has stored employers. `jobs_with_employer` counts the distinct postings of the days with stored employers.
    Days before `approximate_before` were closed by a release that did not record copies or employers.
    """

    distinct_jobs: int
    employers: int | None = None
    top_employer_jobs: int | None = None
    jobs_with_employer: int = 0
    design_effect: float = 1.0
    approximate_before: date | None = None

    @property
    def top_employer_share(self) -> float | None:
        """The share of the employer with the most postings, in percent."""
        if not self.top_employer_jobs or not self.jobs_with_employer:
            return None
        return round(100 * self.top_employer_jobs / self.jobs_with_employer, 1)

    @property
    def warning(self) -> str | None:
        """A warning if one employer has more than a fifth of the distinct postings, else None."""
        if not self.top_employer_jobs or self.top_employer_jobs <= MAX_EMPLOYER_SHARE * self.jobs_with_employer:
            return None
        return (
            f"One employer has {self.top_employer_share:g}% of the {self.jobs_with_employer:,} distinct postings, so"
            " the shares say much about this employer."
        )

    def as_fields(self) -> dict[str, Any]:
        """Return the fields that describe the sample in responses."""
        return {
            "distinct_jobs": self.distinct_jobs,
            "employers": self.employers,
            "top_employer_share": self.top_employer_share,
            "warning": self.warning,
            "approximate_before": self.approximate_before and self.approximate_before.isoformat(),
        }


EMPTY_SAMPLE = Sample(distinct_jobs=0)


def build_sample(rows: Iterable[Mapping[str, Any]]) -> Sample:
    """Build a sample from stats rows. In rows without `jobs`, each posting counts as a distinct posting."""
    rows = list(rows)
    with_employers = [row for row in rows if "employer_keys" in row]
    keys = np.frombuffer(b"".join(row["employer_keys"] for row in with_employers), "<u8")
    counts = np.frombuffer(b"".join(row["employer_jobs"] for row in with_employers), "<u4")
    distinct, columns = np.unique(keys, return_inverse=True)
    days_without_employers = [row["day"] for row in rows if "employer_keys" not in row]
    return build_counted_sample(
        distinct_jobs=sum(row.get("jobs", row["postings"]) for row in rows),
        jobs_by_employer=np.bincount(columns, weights=counts, minlength=len(distinct)) if with_employers else None,
        approximate_before=max(days_without_employers).date() + timedelta(days=1) if days_without_employers else None,
    )


def build_counted_sample(
    *, distinct_jobs: int, jobs_by_employer: NDArray[Any] | None, approximate_before: date | None = None
) -> Sample:
    """Build a sample. `jobs_by_employer` is None if the employers of the postings are unknown."""
    if jobs_by_employer is None:
        return Sample(distinct_jobs=distinct_jobs, approximate_before=approximate_before)
    jobs_with_employer = int(jobs_by_employer.sum())
    return Sample(
        distinct_jobs=distinct_jobs,
        employers=int(np.count_nonzero(jobs_by_employer)),
        top_employer_jobs=int(jobs_by_employer.max(initial=0)),
        jobs_with_employer=jobs_with_employer,
        design_effect=compute_design_effect(jobs_by_employer),
        approximate_before=approximate_before,
    )


def compute_design_effect(jobs_by_employer: NDArray[Any]) -> float:
    """Return Kish's design effect for these numbers of postings. It is 1.0 if every employer has one posting."""
    jobs = jobs_by_employer.astype(np.float64)
    total = float(jobs.sum())
    return 1 + (float((jobs**2).sum()) / total - 1) * INTRACLASS_CORRELATION if total else 1.0
