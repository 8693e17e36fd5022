"""How many years of experience the wording of a posting asks for. Pure, and linear in the text: each number of years is
looked at with a bounded stretch on either side."""

import re
from collections.abc import Iterator

from skills.matching.wording import Wording, lies_in, plain_of, read_wording

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, start=1)} | {"fifteen": 15, "twenty": 20}
_NUMBER = r"(?:\d{1,2}(?:\.5)?|" + "|".join(_NUMBERS) + ")"
_BEFORE_YEARS = re.compile(
    rf"(?<![\w.$%,/])({_NUMBER})(?: ?\(\d{{1,2}}\+?\))?( ?\+| ?plus| or more)?"
    rf"(?: ?(?:-{{1,2}}|\?|to|or|/) ?{_NUMBER})? ?(?:\+|plus|or more)?[ -]?(?:full |or more )?$"
)
_YEAR = re.compile(r"(?:years?|yrs?)\b")
_LETTER = re.compile(r"[a-z]")
# Characters that are looked at: the number itself, what is before it, what follows.
_LONGEST_NUMBER, _BEHIND, _AHEAD = 35, 70, 110
# Not the reader's years, or none of experience: "20 years in business", "a 4-year degree", "over the past two years".
_NO_DEMAND_AFTER = re.compile(
    r"[?' ]*(?:old\b|of age|ago\b|in business\b(?! [a-z])|in a row|running|later\b|from now"
    r"|-?\s*(?:degree|college|university|diploma|program|contract|term|plan|period|anniversary|commitment|vest|deal"
    r"|roadmap|strategy)\b|(?:post|after)\b|and (?:older|above|counting)"
    r"|of (?:history|age|heritage|growth|success|innovation|service to|operation))"
)
_NO_DEMAND_BEFORE = re.compile(
    r"\b(?:past|last|next|first|previous|within|every|each|after|since)\s+(?:[a-z]+ )?$"
    r"|\b(?:founded|since|vest\w*|ours?|we|we.ve|us|company|history|combined|collective(?:ly)?|backed|founders?"
    r"|clients?|customers|firm|leader(?:ship)? team|award\w*|lieu|for over|for more than|valid|aged?)\b[^.]*$"
)
_TO_THE_READER = re.compile(
    r"\b(?:you should have|you have|you.ll have|must have|candidates? (?:should|must) have)\b[^.]*$"
)
_ASKS_AFTER = re.compile(r"[^\n.;]*?\b(?:experience|expertise|track record|background)\b")
_GOES_ON = re.compile(
    r"[?' ]*(?:[)\]]|(?:of|in|as|with|on|at|working|building|developing|designing|leading|managing|writing|using|doing"
    r"|professional|industry|relevant|hands|software|related|programming|coding|running|shipping|selling|supporting"
    r"|creating|delivering)\b)"
)
_ASKS_BEFORE = re.compile(
    r"\b(?:at least|minimum|min\.?|experience|require[sd]?|requirements|must have|you have|you.ve|you bring)\b[^.]*$"
)
# Whoever names more speaks of a company.
_MOST_YEARS = 20


def years_asked(text: str, *, wording: Wording | None = None) -> float | None:
    """The years of experience that a posting asks for: of a range its lower end, of several the most.

    What is only nice to have is no demand. None where the text asks for none. `wording` is that of the text, where it
    has been read already.
    """
    plain = plain_of(text)
    if "year" not in plain and "yrs" not in plain:
        return None
    asked = list(_demands(plain))
    if not asked:
        return None
    nice = (wording or read_wording(text)).nice
    return max((years for at, years in asked if not lies_in(nice, at)), default=None)


def _demands(plain: str) -> Iterator[tuple[int, float]]:
    """The demands for years, by where they stand."""
    for year in _YEAR.finditer(plain):
        at = year.start()
        number = _BEFORE_YEARS.search(
            plain, max(plain.rfind("\n", max(at - _LONGEST_NUMBER, 0), at) + 1, at - _LONGEST_NUMBER), at
        )
        if number is None:
            continue
        years = float(_NUMBERS.get(number[1]) or number[1])
        before = plain[max(at - _BEHIND, 0) : number.start()].rpartition("\n")[2]
        after = plain[year.end() : year.end() + _AHEAD].partition("\n")[0]
        if not 0 < years <= _MOST_YEARS or _NO_DEMAND_AFTER.match(after):
            continue
        if _NO_DEMAND_BEFORE.search(before) and not _TO_THE_READER.search(before):
            continue
        more = "+" in plain[number.start() : at] or number[2] is not None
        goes_on = _GOES_ON.match(after) is not None
        # "- 4+ years full-stack development": a line of a list.
        opens_line = more and not _LETTER.search(before)
        if _ASKS_AFTER.match(after) or (goes_on and (more or _ASKS_BEFORE.search(before))) or opens_line:
            yield at, years
