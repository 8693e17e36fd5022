"""Parsing of salaries, years of experience and remote preferences."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.profile_parsing import (
    Salary,
    UnparsableValue,
    parse_remote_preference,
    parse_salary,
    parse_years,
    split_list,
)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("120000", 120_000, None),
        ("$120,000", 120_000, "USD"),
        ("90k EUR", 90_000, "EUR"),
        ("EUR 90 000", 90_000, "EUR"),
        ("€90.000", 90_000, "EUR"),
        ("90,5k", 90_500, None),
        ("£45,000.50 a year", 45_000.5, "GBP"),
        ("85.5k per year", 85_500, None),
        ("US$ 100k/yr", 100_000, "USD"),
        ("CHF 100'000 p.a.", 100_000, "CHF"),
        ("1.2m usd", 1_200_000, "USD"),
        ("12 LPA", 1_200_000, "INR"),
        ("12 lakhs", 1_200_000, "INR"),
        ("₹12,00,000", 1_200_000, "INR"),
        ("90k annually", 90_000, None),
    ],
)
def test_parses_a_salary(text, amount, currency):
    salary = parse_salary(text, is_currency={"EUR", "USD", "GBP", "CHF", "INR"}.__contains__)

    assert (salary.amount, salary.currency) == (amount, currency)


@pytest.mark.parametrize(
    "text", ["", "much", "100-120k", "-5", "$", "$5 EUR", "5 xyz", "5000 per month", "1,2,3", "1e5", "٣٣", "5 6"]
)
def test_rejects_an_ambiguous_salary(text):
    with pytest.raises(UnparsableValue):
        parse_salary(text, is_currency={"EUR", "USD"}.__contains__)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("5 years", 5),
        ("5+ yrs", 5),
        ("3-5 years", 3),
        ("3 to 5 years", 3),
        ("2,5 years of shops", 2.5),
        ("6 months", 0.5),
        ("5", 5),
        ("since 2010", None),
        ("in the 2010 year", None),
        ("1,200 months", None),
        ("senior", None),
        ("", None),
    ],
)
def test_parses_years_of_experience(text, years):
    assert parse_years(text) == years


@given(text=st.text(max_size=60) | st.text("0123456789.,'kKmM$€ EURusd-", max_size=20))
def test_parses_or_rejects_any_text(text):
    split_list(text)
    assert (parse_years(text) or 0) >= 0
    for read in (parse_remote_preference, lambda text: parse_salary(text, is_currency=str.isalpha)):
        try:
            found = read(text)
        except UnparsableValue:
            continue
        if isinstance(found, Salary):
            assert 0 <= found.amount < math.inf
        else:
            assert found in {"remote", "hybrid", "onsite", "any"}
