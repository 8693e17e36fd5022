"""Yearly pay from the amounts and periods that sources state. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingestion.sources.values import read_amount, read_currency, read_text

# Periods per year, with the names of the period. The first name is the one shown to people.
_PERIODS = {
    1: ("year", "annual", "yearly", "1 year", "per-year-salary", "pa"),
    12: ("month", "monthly", "1 month", "per-month-salary", "pm"),
    24: ("semi-month-salary", "0.5 month"),
    26: ("bi-week-salary", "2 week", "fortnightly", "bw"),
    52: ("week", "weekly", "1 week", "per-week-salary", "pw"),
    260: ("day", "daily", "1 day", "per-day-wage", "per-day-salary", "pd"),
    2_080: ("hour", "hourly", "1 hour", "per-hour-wage", "ph"),
}
_PERIODS_PER_YEAR = {name: factor for factor, names in _PERIODS.items() for name in names}
_SHOWN_NAMES = {factor: names[0] for factor, names in _PERIODS.items()} | {24: "half month", 26: "two weeks"}
# Yearly pay outside these bounds is an error in the source, such as a monthly amount that is labeled yearly.
_MIN_YEARLY, _MAX_YEARLY = 5_000, 2_000_000
_BOUNDED_CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Yearly pay in one currency, in the form of the fields of `Posting`. Every field is None if there is no pay."""

    salary_string: str | None = None
    salary_currency: str | None = None
    min_annual_salary: float | None = None
    max_annual_salary: float | None = None
    min_annual_salary_usd: int | None = None
    max_annual_salary_usd: int | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return the fields by their names in `Posting`."""
        return {name: getattr(self, name) for name in self.__slots__}


NO_PAY = Pay()


def build_pay(
    *, minimum: Any, maximum: Any, currency: Any, period: Any, text: Any = None, part_time: bool = False
) -> Pay:
    """Return the yearly pay that a source states as a range per period.

    An unknown period, a currency that does not exist, a missing or zero end and a reversed range mean that the yearly
    pay is unknown. So does an hourly, daily, weekly or monthly amount of a part-time job, since the hours are unknown.
    `text` is the source's own wording, and defaults to the range as the source states it.
    """
    low, high = read_amount(minimum), read_amount(maximum)
    code = read_currency(currency)
    name = (read_text(period, max_length=40) or "").lower()
    wording = read_text(text, max_length=200)
    if low is None or high is None or code is None:
        return Pay(salary_string=wording)
    factor = _PERIODS_PER_YEAR.get(name)
    wording = wording or f"{low:,.10g}–{high:,.10g} {code}{f' per {_SHOWN_NAMES[factor]}' if factor else ''}"
    if factor is None or low > high or (part_time and factor > 1):
        return Pay(salary_string=wording)
    low, high = low * factor, high * factor
    if code in _BOUNDED_CURRENCIES and not _MIN_YEARLY <= low <= high <= _MAX_YEARLY:
        return Pay(salary_string=wording)
    in_dollars = code == "USD"
    return Pay(
        salary_string=wording,
        salary_currency=code,
        min_annual_salary=low,
        max_annual_salary=high,
        min_annual_salary_usd=round(low) if in_dollars else None,
        max_annual_salary_usd=round(high) if in_dollars else None,
    )


def is_part_time(statuses: Iterable[str]) -> bool:
    """Return whether a job with these employment statuses is part-time only."""
    found = set(statuses)
    return "part_time" in found and "full_time" not in found
