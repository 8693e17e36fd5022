"""False alarms of `trend`: how often a skill whose demand does not change is called rising or falling.

python -m benchmarks.growth [--rounds N]

Each round draws two windows. Each employer requires a skill with its own probability. The probabilities are drawn again
for each window from a beta distribution with the given intraclass correlation. This is the worst case, because an
employer with a constant probability changes less. The number of postings per employer roughly follows a Zipf
distribution, as in real postings.
"""

import argparse
import sys
from typing import Any

import numpy as np

from benchmarks.report import Report

# Numbers of postings and of employers in a window.
MARKETS = ((60, 40), (300, 90), (800, 230), (8_000, 440))
CORRELATIONS = (0.0, 0.2, 0.4)
SHARES = (0.05, 0.25, 0.6)
MAX_FALSE_ALARMS = 0.05


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2_000, help="per market and share (default: %(default)s)")
    return simulate_markets(parser.parse_args().rounds).show()


def simulate_markets(rounds: int) -> Report:
    """Return a report of how often a change is called a trend, with and without a real change."""
    from market.trends import UNCLEAR

    report = Report("False alarms of unchanged skills, and detection of a rise by 15 points")
    generator = np.random.default_rng(7)
    for jobs, employers in MARKETS:
        for correlation in CORRELATIONS:
            market: dict[str, Any] = {"jobs": jobs, "employers": employers, "correlation": correlation}
            false_alarms = independent_alarms = detected = total = 0
            for share in SHARES:
                for _ in range(rounds):
                    total += 1
                    windows = draw_windows(generator, share_before=share, share=share, **market)
                    false_alarms += find_trend(*windows, clustered=True) != UNCLEAR
                    independent_alarms += find_trend(*windows, clustered=False) != UNCLEAR
                    windows = draw_windows(generator, share_before=share, share=share + 0.15, **market)
                    detected += find_trend(*windows, clustered=True) == "rising"
            name = f"{jobs:,} postings of {employers} employers, correlation {correlation}"
            report.require_at_most(
                name,
                false_alarms / total,
                MAX_FALSE_ALARMS,
                measured=f"{false_alarms / total:.3f}",
                target_text="<= 0.05",
            )
            report.add_value("  as if postings were independent", f"{independent_alarms / total:.3f}")
            report.add_value("  a rise by 15 points is detected", f"{detected / total:.3f}")
    return report


def draw_windows(
    generator: Any, *, jobs: int, employers: int, share_before: float, share: float, correlation: float
) -> tuple[Any, Any]:
    """Return the previous and the current window: (postings per employer, postings that require the skill)."""
    weights = 1 / np.arange(1, employers + 1) ** 0.9
    windows = []
    for probability in (share_before, share):
        jobs_by_employer = generator.multinomial(jobs, weights / weights.sum())
        probabilities = np.full(employers, probability)
        if correlation:
            strength = 1 / correlation - 1
            probabilities = generator.beta(probability * strength, (1 - probability) * strength, employers)
        windows.append(
            (jobs_by_employer[jobs_by_employer > 0], int(generator.binomial(jobs_by_employer, probabilities).sum()))
        )
    return windows[0], windows[1]


def find_trend(previous: Any, current: Any, *, clustered: bool) -> str | None:
    """Return the trend between two windows, with or without the design effect of their employers."""
    from market.samples import compute_design_effect
    from market.trends import compare_counts

    return compare_counts(
        count=current[1],
        postings=int(current[0].sum()),
        previous=previous[1],
        postings_before=int(previous[0].sum()),
        design_effect=compute_design_effect(current[0]) if clustered else 1.0,
        design_effect_before=compute_design_effect(previous[0]) if clustered else 1.0,
    ).trend


if __name__ == "__main__":
    sys.exit(main())
