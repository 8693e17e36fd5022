"""False alarms of `trend`: how often a skill whose demand does not change is called rising or falling.

python -m benchmarks.growth [--rounds N]

Each round draws two windows. Each employer requires a skill with its own probability. The probabilities are drawn again
for each window from a beta distribution with the given intraclass correlation. This is the worst case, because an
employer with a constant probability changes less. The number of adverts per employer roughly follows a Zipf
distribution, as in real postings.
"""

import argparse
import sys
from typing import Any

import numpy as np

from benchmarks.report import Report

# Numbers of adverts and of employers in a window.
MARKETS = ((60, 40), (300, 90), (800, 230), (8_000, 440))
CORRELATIONS = (0.0, 0.2, 0.4)
SHARES = (0.05, 0.25, 0.6)
MAX_FALSE_ALARMS = 0.05


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2_000, help="per market and share (default: %(default)s)")
    return simulate(parser.parse_args().rounds).show()


def simulate(rounds: int) -> Report:
    """Return a report of how often a change is called a trend, with and without a real change."""
    from market.trends import UNCLEAR

    report = Report("False alarms of unchanged skills, and what is found of a rise by 15 points")
    generator = np.random.default_rng(7)
    for jobs, employers in MARKETS:
        for correlation in CORRELATIONS:
            market: dict[str, Any] = {"jobs": jobs, "employers": employers, "correlation": correlation}
            alarms = plain = found = total = 0
            for share in SHARES:
                for _ in range(rounds):
                    total += 1
                    windows = draw_windows(generator, share_before=share, share=share, **market)
                    alarms += compare(*windows, clustered=True) != UNCLEAR
                    plain += compare(*windows, clustered=False) != UNCLEAR
                    windows = draw_windows(generator, share_before=share, share=share + 0.15, **market)
                    found += compare(*windows, clustered=True) == "rising"
            name = f"{jobs:,} adverts of {employers} employers, correlation {correlation}"
            report.require_at_most(
                name, alarms / total, MAX_FALSE_ALARMS, measured=f"{alarms / total:.3f}", target_text="<= 0.05"
            )
            report.add_value("  as if adverts were independent", f"{plain / total:.3f}")
            report.add_value("  a rise by 15 points is found", f"{found / total:.3f}")
    return report


def draw_windows(
    generator: Any, *, jobs: int, employers: int, share_before: float, share: float, correlation: float
) -> tuple[Any, Any]:
    """Return the previous and the current window: (adverts per employer, adverts that require the skill)."""
    weights = 1 / np.arange(1, employers + 1) ** 0.9
    windows = []
    for probability in (share_before, share):
        by_employer = generator.multinomial(jobs, weights / weights.sum())
        chances = np.full(employers, probability)
        if correlation:
            strength = 1 / correlation - 1
            chances = generator.beta(probability * strength, (1 - probability) * strength, employers)
        windows.append((by_employer[by_employer > 0], int(generator.binomial(by_employer, chances).sum())))
    return windows[0], windows[1]


def compare(before: Any, now: Any, *, clustered: bool) -> str | None:
    """Return the trend between two windows, with or without the design effect of their employers."""
    from market.samples import compute_design_effect
    from market.trends import compare_counts

    return compare_counts(
        count=now[1],
        postings=int(now[0].sum()),
        previous=before[1],
        postings_before=int(before[0].sum()),
        design_effect=compute_design_effect(now[0]) if clustered else 1.0,
        design_effect_before=compute_design_effect(before[0]) if clustered else 1.0,
    ).trend


if __name__ == "__main__":
    sys.exit(main())
