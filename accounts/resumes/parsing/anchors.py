"""Decide which dates in a line are those of an entry, as opposed to dates in running text. Pure."""

import re
from dataclasses import dataclass

from accounts.resumes.parsing.dates import Span, find_dates
from accounts.resumes.parsing.occupations import score_title
from accounts.resumes.parsing.organizations import has_legal_form
from accounts.resumes.parsing.pieces import EDGES, is_note, strip_edges
from accounts.resumes.parsing.word_sets import build_words

_MAX_LENGTH = 160
_MAX_HEAD_WORDS = 12
# A separator between the dates and the text beside them.
_SEPARATED_BEFORE = re.compile(r"(?:\t|\s{2}|[|•·,;:(\[/–—\x2d]\s*)\Z")
_SEPARATED_AFTER = re.compile(r"\s*\Z|\s*(?:\t|\s{2}|[|•·,;:)\]/–—]|-\s)")
_FUNCTION_WORDS = build_words(
    "in from for during since of the between by to until until at on and or with around before after about im von aus"
    " en de du desde em para pour durant"
)
_VERBS = re.compile(
    r"(?:[A-Z][a-z]+ed|Led|Won|Built|Ran|Wrote|Grew|Made|Drove|Cut|Held|Kept|Took|Oversaw|Taught|Set|Spent)\b"
)
_LOWER_ALLOWED = build_words(
    "of the and for at in de la le du des del y e et und der die das für da do dos & von im a to en"
)
# Separators around dates, without the brackets that belong to the text beside them.
_BEFORE_DATES = EDGES.replace(")", "").replace("]", "")
_AFTER_DATES = EDGES.replace("(", "").replace("[", "") + "."
_DATE_LABEL = re.compile(
    r"\A\s*(?:dates?|period|duration|time|years?|zeitraum|datum|dauer|période|durée|fechas?|periodo|período|datas?)\s*:?\s*\Z",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(\[]\s*[)\]]")
_SENTENCE_END = re.compile(r"[a-zà-ÿ]{3,}[.;]\Z")


@dataclass(frozen=True, slots=True)
class EntryDates:
    """The dates of an entry, and the rest of their line. A tab stands where the dates were."""

    span: Span
    rest: str


def has_entry_dates(text: str) -> bool:
    """Return whether a line has dates that can be those of an entry."""
    return find_entry_dates(text) is not None


def find_entry_dates(text: str) -> EntryDates | None:
    """Return the dates that a line without bullet states for an entry, or None."""
    if not text or len(text) > _MAX_LENGTH:
        return None
    dates = find_dates(text)
    ranges = [span for span in dates if span.is_range]
    for span in ranges or dates:
        if _belongs_to_entry(text, span):
            rest = (
                _DATE_LABEL.sub("", text[: span.start]).rstrip(_BEFORE_DATES)
                + "\t"
                + text[span.end :].lstrip(_AFTER_DATES)
            )
            for other in reversed([date for date in find_dates(rest) if date.is_range]):
                rest = rest[: other.start].rstrip(_BEFORE_DATES) + "\t" + rest[other.end :].lstrip(_AFTER_DATES)
            return EntryDates(span, strip_edges(_BRACKETS.sub(" ", rest)))
    return None


def _belongs_to_entry(text: str, span: Span) -> bool:
    before, after = _DATE_LABEL.sub("", text[: span.start]), text[span.end :]
    separated = bool(_SEPARATED_BEFORE.search(before)) or not before.strip()
    if not separated and not _is_head_text(before):
        return False
    # "Since" and "(2019)" in running text have no separator; a comma is one in a list of names, but not in a sentence.
    if before.strip() and separated and not has_head_shape(before):
        return False
    rest = after.strip(EDGES + ".")
    if rest and not _SEPARATED_AFTER.match(after):
        return (not before.strip() and has_head_shape(rest)) or (_is_head_text(before) and is_note(rest))
    if rest and not has_head_shape(rest) and not is_note(rest):
        return False
    if span.is_range:
        return True
    return _is_isolated(before, after)


def _is_isolated(before: str, after: str) -> bool:
    """Return whether a single date stands apart from the text, which a year in running text does not."""
    if not before.strip():
        return not after.strip(EDGES + ".") or bool(_SEPARATED_AFTER.match(after))
    if re.search(r"(?:\t|\s{2}|[|•·(\[,–—])\s*\Z|\s-\s*\Z", before):
        return True
    return score_title(before.strip(EDGES)) >= 0.8


def has_head_shape(text: str) -> bool:
    """Return whether a text has the shape of names: short, without a sentence."""
    text = text.strip(EDGES)
    words = text.split()
    if len(words) > _MAX_HEAD_WORDS + 4 or (_SENTENCE_END.search(text) and not has_legal_form(text)):
        return False
    return not (words and _VERBS.match(text) and _count_lower(words) > 0 and score_title(text) < 0.8)


def _is_head_text(text: str) -> bool:
    """Return whether the text right before dates can name a position, employer or school."""
    words = text.strip(EDGES).split()
    if not words or len(words) > _MAX_HEAD_WORDS or words[-1].casefold() in _FUNCTION_WORDS:
        return False
    if score_title(" ".join(words)) >= 0.8:
        return True
    return not _VERBS.match(text) and _count_lower(words) <= len(words) * 0.34


def _count_lower(words: list[str]) -> int:
    return sum(word[0].islower() and word.casefold() not in _LOWER_ALLOWED for word in words)
