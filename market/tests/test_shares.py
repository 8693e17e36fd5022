"""Percentages and confidence intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.trends import compute_percentage, compute_wilson_interval


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 3, 33.3), (2, 3, 66.7), (0, 5, 0.0), (5, 5, 100.0), (0, 0, 0.0), (-3, 4, -75.0)]
)
def test_rounds_percentages_to_one_decimal(part, whole, expected):
    assert compute_percentage(part, whole) == expected


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Computed by hand with the formula (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n) with z2 = 3.8415.
        (5, 10, 23.7, 76.3),
        (1, 10, 1.8, 40.4),
        (0, 10, 0.0, 27.8),
        (10, 10, 72.2, 100.0),
        (8, 20, 21.9, 61.3),
        (50, 100, 40.4, 59.6),
        (785, 1000, 75.8, 80.9),
        (1, 1, 20.7, 100.0),
        (0, 0, 0.0, 100.0),
    ],
)
def test_computes_the_wilson_score_interval(count, of, low, high):
    assert compute_wilson_interval(count=count, of=of) == (low, high)


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_contains_the_share(pair):
    count, of = pair

    low, high = compute_wilson_interval(count=count, of=of)

    assert 0 <= low <= compute_percentage(count, of) <= high <= 100
