"""Write the dates of generated resumes in the styles that people use."""

import random
from typing import Literal

from benchmarks.resumes.locales import Locale
from benchmarks.resumes.people import Month

DateStyle = Literal["short", "long", "numeric", "dotted", "iso", "years", "apostrophe", "two_digits"]


def write_range(start: Month, end: Month | None, *, style: DateStyle, locale: Locale, dash: str, present: str) -> str:
    """Return a range of months, such as "Mar 2019 – Present"."""
    last = present if end is None else write_month(end, style=style, locale=locale)
    return f"{write_month(start, style=style, locale=locale)}{dash}{last}"


def write_month(month: Month, *, style: DateStyle, locale: Locale) -> str:
    """Return a month in one style. The styles `years` and `two_digits` shorten the date."""
    match style:
        case "short":
            return f"{locale.short_months[month.month - 1]} {month.year}"
        case "long":
            return f"{locale.months[month.month - 1]}{locale.month_joiner}{month.year}"
        case "numeric":
            return f"{month.month:02}/{month.year}"
        case "dotted":
            return f"{month.month:02}.{month.year}"
        case "iso":
            return f"{month.year}-{month.month:02}"
        case "apostrophe":
            return f"{locale.short_months[month.month - 1]} '{month.year % 100:02}"
        case "two_digits":
            return f"{month.month:02}/{month.year % 100:02}"
        case "years":
            return str(month.year)


def format_truth(month: Month | None, *, style: DateStyle) -> str | None:
    """Return what a parser should read from a month written in a style: "2019-03", or "2019" without a month."""
    if month is None:
        return None
    return str(month.year) if style == "years" else f"{month.year}-{month.month:02}"


def write_duration(start: Month, end: Month, locale: Locale) -> str:
    """Return a duration such as "3 yrs 2 mos"."""
    years, months = divmod(start.count_until(end) + 1, 12)
    year, year_plural, month, month_plural = locale.duration
    parts = [f"{years} {year if years == 1 else year_plural}"] if years else []
    if months:
        parts.append(f"{months} {month if months == 1 else month_plural}")
    return " ".join(parts)


def draw_style(locale: Locale, chooser: random.Random) -> DateStyle:
    """Return a style that is common in the language."""
    styles: tuple[DateStyle, ...] = ("short", "long", "numeric")
    if locale.code == "en":
        styles = ("short", "short", "long", "numeric", "apostrophe", "iso")
    elif locale.code == "de":
        styles = ("numeric", "dotted", "long", "short", "two_digits")
    return chooser.choice(styles)
