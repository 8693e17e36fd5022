"""Parse the dates and periods in a line of a resume. Pure.

A first pass finds every date, month and word for the present. A second pass joins two neighbors that a dash or a word
such as "to" connects. Every pattern is bounded, so the time is linear in the length of the line.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from accounts.resumes.parsing.date_words import HEDGES, MONTHS, NOW_WORDS, RANGE_WORDS, SEASONS, SINCE_WORDS

# Month assumed for a date that is only a year. The middle of the year minimizes the error.
_ASSUMED_MONTH = 7
# Two-digit years up to this one are of the 21st century.
_LAST_SHORT_YEAR = 45
_MONTHS_PER_YEAR = 12
_MAX_BETWEEN = 40


class Moment(NamedTuple):
    """A month of a year, or a year without a month."""

    year: int
    month: int | None

    def __str__(self) -> str:
        """Return the date in JSON Resume's format: "2019" or "2019-03"."""
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"

    @property
    def in_months(self) -> int:
        """The number of months since the year 0."""
        return self.year * 12 + (self.month or _ASSUMED_MONTH) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """A period between two moments, found at `text[start:end]`. `until` is None for a period that has not ended.

    `is_range` is false for a single date or season, which begins and ends the period.
    """

    since: Moment
    until: Moment | None
    start: int
    end: int
    is_range: bool = True


class _Mention(NamedTuple):
    """A date in a text. `first` is None for the present; the year of a mention is None if the text states none.

    `is_weak` marks forms that are dates only as part of a range, such as "6/17".
    """

    start: int
    end: int
    first: Moment | None
    last: Moment | None
    month: int | None = None
    is_weak: bool = False
    day_and_month: tuple[int, int] | None = None


def _join(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SPACE = r"[ \t]{0,3}"
_YEAR = r"(?:19[4-9]\d|20\d\d)(?!\d)"
_SHORT_YEAR = r"['’‘`´]\d\d(?!\d)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|\.|º)?"
_MONTH = rf"(?:{_join(MONTHS)})(?![^\W\d_])\.?"
_MONTH_NUMBER = r"(?:1[0-2]|0?[1-9])"
_MENTION = re.compile(
    rf"(?P<academic>(?<![\w/.])(?P<from_year>{_YEAR})[ ]?(?P<dash>[-–—/])[ ]?['’]?(?P<to_year>\d\d)(?![\d/.]|-\d))"
    rf"|(?P<iso>(?<![\w/.])(?P<iso_year>{_YEAR})[-/.](?P<iso_month>{_MONTH_NUMBER})(?:[-/.](?:3[01]|[12]\d"
    rf"|0?[1-9]))?(?!\d))"
    rf"|(?P<days>(?<![\w/.])(?P<a>\d\d?)(?P<mark>[./-])(?P<b>\d\d?)[./-](?P<day_year>{_YEAR}))"
    rf"|(?P<named>(?<!\w)(?:{_DAY}{_SPACE}(?:de |of )?)?(?P<name>{_MONTH})[,/-]?{_SPACE}(?:del? |of )?"
    rf"(?:{_DAY},?[ ]{{1,3}}(?={_YEAR}))?(?:(?P<named_year>{_YEAR})|(?P<named_short>{_SHORT_YEAR})"
    rf"|(?P<named_bare>\d\d)(?![\d\w%.:/]|,[ ]?\d)))"
    rf"|(?P<slashed>(?<![\w/.])(?P<slash_month>{_MONTH_NUMBER})[ ]?[/.-][ ]?(?P<slash_year>{_YEAR}))"
    rf"|(?P<short>(?<![\w/.])(?P<short_month>{_MONTH_NUMBER})(?:/|['’])(?P<short_year>\d\d)(?![\d/.]))"
    rf"|(?P<season>(?<!\w)(?P<season_name>{_join(SEASONS)})(?:{_SPACE}(?:of|term|semester|,))?{_SPACE}"
    rf"(?P<season_year>{_YEAR}|{_SHORT_YEAR}))"
    rf"|(?P<quarter>(?<!\w)(?:[qt](?P<q1>[1-4])|(?P<q2>[1-4])(?:q|\.[ ]?quartal))[ ]?[/,-]?[ ]?(?:of )?"
    rf"(?P<quarter_year>{_YEAR}|{_SHORT_YEAR}))"
    rf"|(?P<year_quarter>(?<!\w)(?P<yq_year>{_YEAR})[ ]?[/-]?[ ]?q(?P<q3>[1-4])(?!\w))"
    rf"|(?P<half>(?<!\w)(?:h(?P<h1>[12])|(?P<h2>[12])h)[ ]?[/,-]?[ ]?(?P<half_year>{_YEAR}))"
    rf"|(?P<year>(?<![\w/.$€£#+]){_YEAR}(?![%\w]|[.,]\d))"
    rf"|(?P<short_alone>(?<![\w/.]){_SHORT_YEAR})"
    rf"|(?P<month>(?<!\w){_MONTH})"
    rf"|(?P<now>(?<!\w)(?:{_join(NOW_WORDS)})(?!\w))",
    re.IGNORECASE,
)
# U+00AD, the soft hyphen, is what some programs write for a dash.
_DASHES = r"[-–—−‒―‑‐~∼〜→➔➜⟶»>\u00ad]{1,3}"
_HEDGE = rf"(?:(?:{_join(HEDGES)}|the|le|den)[ ]{{1,3}})?"
_BETWEEN = re.compile(
    rf"\s{{0,4}}[,)]?\s{{0,2}}(?:{_DASHES}|(?<=\s)/(?=\s)|(?<=\s)(?:{_join(RANGE_WORDS)})(?=\s))\s{{0,4}}"
    rf"(?:(?:{_join(RANGE_WORDS)})[ ]{{1,3}})?[(]?{_HEDGE}",
    re.IGNORECASE,
)
# "2018-02..2021-06". Single periods are parts of dates, so the pattern of mentions does not accept dots around a date.
_DOTS = re.compile(r"(?:(?<=\d)|(?<=\d[ ]))(?:\.{2,3}|…)(?=[ ]?\w)")
_OPEN_END = re.compile(rf"\s{{0,3}}{_DASHES}\s{{0,3}}(?:\.{{2,3}}|…|\?)?\s?(?=$|[)\]|\t])")
_SINCE = re.compile(rf"(?<!\w)(?:{_join(SINCE_WORDS)})\s{{1,3}}\Z", re.IGNORECASE)
_FROM = re.compile(r"(?<!\w)(?:from|von|de|du|del|od|da|dal)\s{1,3}\Z", re.IGNORECASE)
_HEDGE_BEFORE = re.compile(rf"(?<!\w){_HEDGE}\Z", re.IGNORECASE)
_DAY_COMMA_YEAR = re.compile(r"\d,?\s{1,3}\d{4}\Z")
_HAS_DATE = re.compile(r"\d\d")


def find_spans(text: str) -> list[Span]:
    """Return every period with a start, in order. A period that ends before it begins is ignored."""
    return [span for span in find_dates(text) if span.is_range]


def find_dates(text: str) -> list[Span]:
    """Return every period and every single date of a text, in order."""
    return list(_find_dates(text))


@lru_cache(maxsize=4_000)
def _find_dates(text: str) -> tuple[Span, ...]:
    if not _HAS_DATE.search(text):
        return ()
    # The length stays, so that the places of the spans are those in the given text.
    text = _DOTS.sub(lambda dots: "-" * len(dots[0]), text)
    return tuple(_join_mentions(text, list(_iterate_mentions(text))))


def replace_dates(text: str, replacement: str) -> str:
    """Return the text with every period and date replaced."""
    for span in reversed(_find_dates(text)):
        text = text[: span.start] + replacement + text[span.end :]
    return text


def count_years_covered(spans: Iterable[Span], *, now: date) -> float:
    """Return the number of years that the spans cover, rounded to a tenth.

    Overlapping months count once, and months after `now` do not count. A span's last month counts in full. Spans
    between years without months count the difference of the years.
    """
    counted_until = covered = 0
    for since, until in sorted(_convert_to_months(spans, Moment(now.year, now.month))):
        covered += max(0, until - max(since, counted_until))
        counted_until = max(counted_until, until)
    return round(covered / 12, 1)


def _convert_to_months(spans: Iterable[Span], now: Moment) -> Iterator[tuple[int, int]]:
    """Yield each span's first month and the month after its last, both as months since the year 0."""
    for span in spans:
        last = span.until or now
        end = last.in_months + (1 if last.month else 0)
        yield span.since.in_months, min(end, now.in_months + 1)


def _iterate_mentions(text: str) -> Iterator[_Mention]:
    for match in _MENTION.finditer(text):
        mention = _build_mention(match)
        if mention is not None:
            yield mention


def _build_mention(match: re.Match[str]) -> _Mention | None:  # noqa: PLR0911, PLR0912 - one branch per form
    start, end = match.span()
    match _get_form(match):
        case "academic":
            return _build_academic_years(match)
        case "iso":
            return _build_day(start, end, int(match["iso_year"]), int(match["iso_month"]))
        case "days":
            return _build_numeric_day(match)
        case "named":
            month = MONTHS[match["name"].rstrip(".").casefold()]
            if match["named_bare"]:
                moment = Moment(_expand_year(match["named_bare"]), month)
                return _Mention(start, end, moment, moment, month=month, is_weak=True)
            return _build_day(start, end, _expand_year(match["named_year"] or match["named_short"]), month)
        case "slashed":
            return _build_day(start, end, int(match["slash_year"]), int(match["slash_month"]))
        case "short":
            moment = Moment(_expand_year(match["short_year"]), int(match["short_month"]))
            return _Mention(start, end, moment, moment, is_weak=True)
        case "season":
            return _build_months(match, match["season_year"], *SEASONS[match["season_name"].casefold()])
        case "quarter" | "year_quarter":
            quarter = int(match["q1"] or match["q2"] or match["q3"])
            return _build_months(match, match["quarter_year"] or match["yq_year"], 3 * quarter - 2, 3 * quarter)
        case "half":
            half = int(match["h1"] or match["h2"])
            return _build_months(match, match["half_year"], 6 * half - 5, 6 * half)
        case "year":
            return _build_day(start, end, int(match[0]), None)
        case "short_alone":
            moment = Moment(_expand_year(match[0]), None)
            return _Mention(start, end, moment, moment, is_weak=True)
        case "month":
            return _Mention(start, end, None, None, month=MONTHS[match[0].rstrip(".").casefold()], is_weak=True)
        case _:
            return _Mention(start, end, None, None)


_FORMS = (
    *("academic", "iso", "days", "named", "slashed", "short", "season", "quarter", "year_quarter", "half"),
    *("year", "short_alone", "month"),
)


def _get_form(match: re.Match[str]) -> str:
    return next((form for form in _FORMS if match[form] is not None), "now")


def _build_day(start: int, end: int, year: int, month: int | None) -> _Mention:
    moment = Moment(year, month)
    return _Mention(start, end, moment, moment, month=month)


def _build_months(match: re.Match[str], year: str, first: int | None, last: int | None) -> _Mention:
    full_year = _expand_year(year)
    return _Mention(*match.span(), Moment(full_year, first), Moment(full_year, last))


def _build_academic_years(match: re.Match[str]) -> _Mention | None:
    """Parse "2019-21" as two years, but "2010-12" as December 2010."""
    year, suffix = int(match["from_year"]), int(match["to_year"])
    is_month = 1 <= suffix <= _MONTHS_PER_YEAR and match["dash"] in "-/"
    last = year - year % 100 + suffix
    if is_month:
        return _build_day(*match.span(), year, suffix)
    if last < year:
        return _Mention(match.start(), match.start("from_year") + 4, Moment(year, None), Moment(year, None))
    return _Mention(*match.span(), Moment(year, None), Moment(last, None))


def _build_numeric_day(match: re.Match[str]) -> _Mention | None:
    """Parse "31.12.2020" and "12/31/2020". With slashes the month is first, unless that is impossible."""
    a, b, year = int(match["a"]), int(match["b"]), int(match["day_year"])
    day, month = (b, a) if match["mark"] == "/" and a <= _MONTHS_PER_YEAR else (a, b)
    if not (1 <= month <= _MONTHS_PER_YEAR and 1 <= day <= 31):
        return None
    moment = Moment(year, month)
    return _Mention(*match.span(), moment, moment, month=month, day_and_month=(a, b) if match["mark"] == "/" else None)


def _expand_year(text: str) -> int:
    digits = text[-4:] if text[-4:].isdigit() else text[-2:]
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year <= _LAST_SHORT_YEAR else 1900)


def _join_mentions(text: str, mentions: list[_Mention]) -> Iterator[Span]:
    index = 0
    while index < len(mentions):
        mention = mentions[index]
        following = mentions[index + 1] if index + 1 < len(mentions) else None
        joined = _join_pair(text, mention, following) if following is not None else None
        if joined is not None:
            if joined.until is None or _is_in_order(joined.since, joined.until):
                yield joined
            index += 2
            continue
        index += 1
        single = _build_single(text, mention)
        if single is not None:
            yield single


def _join_pair(text: str, left: _Mention, right: _Mention) -> Span | None:
    between = text[left.end : right.start]
    is_now = right.first is None and right.month is None
    connected = len(between) <= _MAX_BETWEEN and (
        _BETWEEN.fullmatch(between) or (is_now and _is_to_date(text, left, right))
    )
    if not connected or (left.first is None and left.month is None):
        return None
    start, end = _include_from(text, left.start), right.end
    if is_now:
        return Span(left.first, None, start, end) if left.first is not None else None
    if right.last is None:
        return None
    first = left.first
    if left.is_weak and left.month and (first is None or _DAY_COMMA_YEAR.search(text[left.start : right.end])):
        # "June – August 2019": both months are of one year, or the first of the year before.
        month_after = right.last.month is not None and left.month > right.last.month
        first = Moment(right.last.year - 1 if month_after else right.last.year, left.month)
    if first is None:
        return None
    last = right.last
    if left.day_and_month and right.day_and_month and max(left.day_and_month[0], right.day_and_month[0]) > 12:
        first, last = (
            Moment(moment.year, pair[1]) for moment, pair in ((first, left.day_and_month), (last, right.day_and_month))
        )
        if not all(1 <= (moment.month or 0) <= _MONTHS_PER_YEAR for moment in (first, last)):
            return None
    return Span(first, last, start, end)


def _is_to_date(text: str, left: _Mention, right: _Mention) -> bool:
    """Return whether the words between are "to", as in "2020 to date", or nothing before "to date"."""
    between = text[left.end : right.start]
    return between.isspace() and text[right.start : right.end].casefold() in {"to date", "up to date"}


def _include_from(text: str, start: int) -> int:
    lead = _FROM.search(text[max(0, start - 10) : start])
    return start - len(lead[0]) if lead else start


def _build_single(text: str, mention: _Mention) -> Span | None:
    if mention.first is None or (mention.is_weak and not _OPEN_END.match(text, mention.end)):
        return None
    since = _SINCE.search(text[max(0, mention.start - 20) : mention.start])
    if since:
        return Span(mention.first, None, mention.start - len(since[0]), mention.end)
    if mention.first != mention.last and mention.last is not None and mention.last.month is None:
        return Span(mention.first, mention.last, mention.start, mention.end)
    open_end = _OPEN_END.match(text, mention.end)
    if open_end:
        return Span(mention.first, None, mention.start, open_end.end())
    hedge = _HEDGE_BEFORE.search(text[max(0, mention.start - 20) : mention.start])
    start = mention.start - (len(hedge[0]) if hedge else 0)
    return Span(mention.first, mention.last, start, mention.end, is_range=False)


def _is_in_order(first: Moment, last: Moment) -> bool:
    """Return whether a period can begin and end so. A year without a month can contain any month."""
    if first.year == last.year:
        return first.month is None or last.month is None or first.month <= last.month
    return first.year < last.year
