"""Parse the requirements in a posting's text: required and nice-to-have parts, and years. Pure.

Every regular expression runs in linear time, because repetitions are bounded and each expression is tried at few
positions.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from skills.extraction import is_within

# A text without any of these hints has no nice-to-have part. Searching for a few words is many times faster than
# parsing lines, so lines without hints are not parsed in detail.
_NICE_HINTS = (
    *("prefer", "bonus", "ideally", " plus", "to have", "to-have", "desir", "advantage", "asset", "beneficial"),
    *("not required", "not strictly", "not a must", "not necess", "not essential", "optional", "extra credit"),
    *("stand out", "even better"),
)
_MUST_HINTS = ("must", "requir", "mandatory", "essential")
_NICE_HEADING = re.compile(
    r"\b(?:(?:nice|good|great)[- ]to[- ]haves?|bonus|prefer(?:red|ences?|ably)?|desir(?:ed|able)|plus(?:es)?|ideally"
    r"|extra (?:credit|points)|optional|not required|not a must|even better|stand out|advantages?|assets?|beneficial)\b"
)
# Headings about pay, and headings that name both required and optional skills.
_NOT_NICE_HEADING = re.compile(
    r"\b(?:pay|salary|compensation|benefits?|perks|equity|annual|sign(?:ing)?|retirement|offer|name|pronouns?"
    r"|must|minimum|basic|essential|mandatory|needs?|candidate)\b|(?<!not )\brequire(?:d|ments?)\b"
)
_MUST_HEADING = re.compile(
    r"\b(?:required?|requirements?|requisites?|musts?|must[- ]haves?|minimum|basic|essentials?|mandatory"
    r"|qualifications?|need|needed|you have|you bring|you are|you.ll bring|you.ve|looking for|skills?|experience"
    r"|expertise|background|profile|about you|your|match if|fit if|ideal candidate|competenc(?:y|ies)|criteria)\b"
)
_OTHER_HEADING = re.compile(
    r"\b(?:will do|you.ll do|responsibilit|duties|what we|why|about (?:us|the)|benefits|perks|your impact|your role"
    r"|your responsibilities|your mission|your tasks|day[- ]to[- ]day|you.ll be|you will be doing)"
)
# Phrases within a sentence. The nice-to-have part follows a `leading` phrase and precedes a `trailing` phrase.
_NICE_CUE = re.compile(
    r"(?P<leading>\b(?:preferably|ideally|bonus(?: points)?(?: if| for|:)|(?:extra|bonus) (?:credit|points)"
    r"|plus(?: if|:)|even better if|preference (?:for|given to) (?:candidates |those |people )?(?:with|who)"
    r"|we prefer|nice[- ]to[- ]haves?:"
    r"|preferred:|preferred (?:qualifications|skills|experience)\b|desired:|desirable:))"
    r"|\b(?P<trailing>(?:an? (?:[a-z]+ ){0,2}(?:plus|bonus|advantage|asset)|(?:nice|good|great)[- ]to[- ]have"
    r"|(?:(?:but|though|although) )?(?:is |are )?not (?:strictly |always |necessarily )?"
    r"(?:required|a must|necessary|essential|mandatory|a requirement)"
    r"|(?:(?:strongly|highly|is|are) ){0,2}(?<!the )(?<!our )(?<!your )(?<!their )"
    r"(?:preferred|desirable|desired(?= ?(?:[\]).,;]|but|$))|beneficial|advantageous)|is optional"
    r"|(?:plus|bonus)(?= ?(?:[\]).,;]|$))|(?:big|huge|definite|strong|major|real) plus))\b"
)
_MUST_CUE = re.compile(r"(?<!not )(?<!not strictly )\b(?:required|must(?! not)|mandatory|essential|is a requirement)\b")
_VERB_BEFORE = re.compile(r"\b(?:is|are|would be|will be|being|considered|as|with|have|has)\s*$")
_LETTER = re.compile(r"[a-z]")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!incl\.)|;")
_BULLET_POINT = re.compile(r"\s*(?:[-*+?o](?=\s)|\d{1,2}[.)]\s)")
_LABEL = re.compile(r"[^a-z]*((?:[a-z'?&/ -]|\([a-z ]+\)){3,60}?)\s*(?:\**\s*:\s*\**|\s[-?]\s)(?=\s*\S)")
_BULLET_CHARACTERS = frozenset("-*+?o0123456789")
_MAX_HEADING_LENGTH, _MAX_HEADING_WORDS = 80, 7  # characters; words in a heading without markup
_MAX_LABEL_WORDS = 5
NICE, MUST = "nice", "must"
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, start=1)} | {"fifteen": 15, "twenty": 20}
_NUMBER = r"(?:\d{1,2}(?:\.5)?|" + "|".join(_NUMBERS) + ")"
_BEFORE_YEARS = re.compile(
    rf"(?<![\w.$%,/])({_NUMBER})(?: ?\(\d{{1,2}}\+?\))?( ?\+| ?plus| or more)?"
    rf"(?: ?(?:-{{1,2}}|\?|to|or|/) ?{_NUMBER})? ?(?:\+|plus|or more)?[ -]?(?:full |or more )?$"
)
_YEAR = re.compile(r"(?:years?|yrs?)\b")
# Maximum number of characters examined: the number itself, the text before it and the text after it.
_MAX_NUMBER_LENGTH, _MAX_LENGTH_BEFORE, _MAX_LENGTH_AFTER = 35, 70, 110
# Years that are not required experience: "20 years in business", "a 4-year degree", "over the past two years".
_NO_EXPERIENCE_AFTER = re.compile(
    r"[?' ]*(?:old\b|of age|ago\b|in business\b(?! [a-z])|in a row|running|later\b|from now"
    r"|-?\s*(?:degree|college|university|diploma|program|contract|term|plan|period|anniversary|commitment|vest|deal"
    r"|roadmap|strategy)\b|(?:post|after)\b|and (?:older|above|counting)"
    r"|of (?:history|age|heritage|growth|success|innovation|service to|operation))"
)
_NO_EXPERIENCE_BEFORE = re.compile(
    r"\b(?:past|last|next|first|previous|within|every|each|after|since)\s+(?:[a-z]+ )?$"
    r"|\b(?:founded|since|vest\w*|ours?|we|we.ve|us|company|history|combined|collective(?:ly)?|backed|founders?"
    r"|clients?|customers|firm|leader(?:ship)? team|award\w*|lieu|for over|for more than|valid|aged?)\b[^.]*$"
)
_CANDIDATE_BEFORE = re.compile(
    r"\b(?:you should have|you have|you.ll have|must have|candidates? (?:should|must) have)\b[^.]*$"
)
_REQUEST_AFTER = re.compile(r"[^\n.;]*?\b(?:experience|expertise|track record|background)\b")
_EXPERIENCE_AFTER = re.compile(
    r"[?' ]*(?:[)\]]|(?:of|in|as|with|on|at|working|building|developing|designing|leading|managing|writing|using|doing"
    r"|professional|industry|relevant|hands|software|related|programming|coding|running|shipping|selling|supporting"
    r"|creating|delivering)\b)"
)
_REQUEST_BEFORE = re.compile(
    r"\b(?:at least|minimum|min\.?|experience|require[sd]?|requirements|must have|you have|you.ve|you bring)\b[^.]*$"
)
# A larger number is usually the age of a company.
_MAX_YEARS = 20

TextSpan = tuple[int, int]


@dataclass(slots=True)
class RequirementSpans:
    """The spans of a text that describe nice-to-have skills and the spans that describe required skills."""

    nice: list[TextSpan] = field(default_factory=list)
    must: list[TextSpan] = field(default_factory=list)


def fold_text(text: str) -> str:
    """Lowercase the text and replace non-ASCII characters with question marks, preserving offsets."""
    return text.encode("ascii", "replace").decode("ascii").lower()


def parse_requirements(text: str) -> RequirementSpans:
    """Find the nice-to-have and required spans of a posting's text.

    A heading applies up to the next heading or the end of its list. A phrase applies to its clause. The spans of each
    kind are in ascending order and do not overlap.
    """
    plain = fold_text(text)
    return _parse_lines(plain) if any(hint in plain for hint in _NICE_HINTS) else RequirementSpans()


def select_nice_to_have(
    *, skills: Collection[str], nice_skills: Iterable[str], get_must_skills: Callable[[], Iterable[str]]
) -> list[str]:
    """Return the skills that occur in nice-to-have spans and in no required span, in the order of `skills`.

    `get_must_skills` is called only if a skill occurs in a nice-to-have span.
    """
    candidates = set(nice_skills).intersection(skills)
    if candidates:
        candidates.difference_update(get_must_skills())
    return [skill for skill in skills if skill in candidates] if candidates else []


def _parse_lines(plain: str) -> RequirementSpans:
    requirements = RequirementSpans()
    hints = sorted(at for hint in (*_NICE_HINTS, *_MUST_HINTS) for at in _find_all(plain, hint))
    section, had_bullets, is_after_blank, next_hint = "", False, False, 0
    lines = _split_lines(plain)
    for index, (start, end) in enumerate(lines):
        while next_hint < len(hints) and hints[next_hint] < start:
            next_hint += 1
        line = plain[start:end].strip()
        if not line:
            is_after_blank = True
            continue
        is_bullet = line[0] in _BULLET_CHARACTERS and _BULLET_POINT.match(line) is not None
        if len(line) <= _MAX_HEADING_LENGTH and _is_heading(line, is_bullet, plain, lines, index):
            section, had_bullets, is_after_blank = _classify_heading(line), False, False
            continue
        if section and had_bullets and not is_bullet and is_after_blank:
            section = ""
        had_bullets, is_after_blank = had_bullets or is_bullet, False
        if next_hint < len(hints) and hints[next_hint] < end:
            _parse_line(requirements, plain, start, end, section)
        elif section:
            (requirements.nice if section == NICE else requirements.must).append((start, end))
    return requirements


def _parse_line(requirements: RequirementSpans, plain: str, start: int, end: int, section: str) -> None:
    label = _LABEL.match(plain, start, end)
    if label and len(label[1].split()) <= _MAX_LABEL_WORDS and (kind := _classify_heading(label[1])):
        section = section if section == NICE else kind
        start = label.end()
    at = start
    for sentence_end in [*(mark.start() for mark in _SENTENCE_END.finditer(plain, start, end)), end]:
        sentence_start, at = at, sentence_end + 1
        if sentence_start >= sentence_end:
            continue
        is_required = _MUST_CUE.search(plain, sentence_start, sentence_end)
        if section == NICE and not is_required:
            requirements.nice.append((sentence_start, sentence_end))
            continue
        nice = list(_find_clauses(plain, sentence_start, sentence_end))
        requirements.nice += nice
        if is_required or section == MUST:
            position = sentence_start
            for first, last in [*nice, (sentence_end, sentence_end)]:
                if position < first:
                    requirements.must.append((position, first))
                position = last


def _find_clauses(plain: str, start: int, end: int) -> Iterator[TextSpan]:
    """Yield the spans of the nice-to-have clauses of a sentence."""
    position = start
    for cue in _NICE_CUE.finditer(plain, start, end):
        begin = cue.start()
        if begin < position:
            continue
        opened = plain.rfind("(", position, begin)
        in_brackets = opened >= 0 and plain.find(")", opened, begin) < 0
        if cue["leading"] is not None or not _LETTER.search(plain, position, begin):
            # "Ideally Kafka", "[Bonus] Kafka".
            closed = plain.find(")", cue.end(), end) if in_brackets else -1
            first, position = begin, closed if closed >= 0 else end
        else:
            first, position = _find_clause_start(plain, position, cue, opened if in_brackets else None), cue.end()
        yield first, position


def _find_clause_start(plain: str, start: int, cue: re.Match[str], opened: int | None) -> int:
    """Find the start of the clause before a `trailing` phrase. `opened` is the bracket that contains it."""
    begin = cue.start()
    if opened is not None and not _LETTER.search(plain, opened, begin):
        # "Python, Kafka (a plus)" refers to the item before the bracket.
        return max(start, *(plain.rfind(mark, start, opened) + 1 for mark in (",", ":", " and ")))
    first = start if opened is None else opened
    demands = [demand.end() for demand in _MUST_CUE.finditer(plain, first, begin)]
    if demands:
        return demands[-1]
    has_verb = cue[0].startswith(("is ", "are ")) or _VERB_BEFORE.search(plain, max(first, begin - 15), begin)
    if opened is None and not has_verb:
        # "Python, Kafka a plus" refers only to Kafka, "experience with Kafka or Spark is a plus" to both.
        comma = max(plain.rfind(mark, first, begin) for mark in (", ", " - ", " ? "))
        following = plain[comma + 1 : begin].strip() if comma >= 0 else ""
        if following and not following.startswith(("and ", "or ", "but ", "with ", "experience ")):
            return comma + 1
    return first


def _find_all(plain: str, hint: str) -> Iterator[int]:
    at = plain.find(hint)
    while at >= 0:
        yield at
        at = plain.find(hint, at + 1)


def _split_lines(plain: str) -> list[TextSpan]:
    lines, start = [], 0
    for line in plain.split("\n"):
        lines.append((start, start + len(line)))
        start += len(line) + 1
    return lines


def _is_heading(line: str, is_bullet: bool, plain: str, lines: Sequence[TextSpan], index: int) -> bool:
    bare = line.strip("*_#: ?")
    if not bare:
        return False
    if line[0] == "#" or line.endswith((":", ":**", ":__")):
        return True
    if line.startswith(("**", "__")) and line.endswith(("**", "__")) and line.count("**") <= 2:
        return True
    if is_bullet or ":" in line or line.endswith((".", ",", ";", "!")) or len(line.split()) > _MAX_HEADING_WORDS:
        return False
    # A line without markup is a heading if a list follows or if it begins with a nice-to-have heading phrase.
    for start, end in lines[index + 1 : index + 4]:
        if not plain[start:end].isspace() and start < end:
            return _BULLET_POINT.match(plain, start, end) is not None or bool(_NICE_HEADING.match(line))
    return False


def _classify_heading(heading: str) -> str:
    """Return `nice`, `must`, or an empty string for any other heading."""
    if _NICE_HEADING.search(heading) and not _NOT_NICE_HEADING.search(heading):
        return NICE
    if _OTHER_HEADING.search(heading):
        return ""
    return MUST if _MUST_HEADING.search(heading) else ""


def parse_required_years(text: str, *, requirements: RequirementSpans | None = None) -> float | None:
    """Return the years of experience that a posting requires, or None if it requires none.

    Takes the lower end of a range and the highest of several requirements, and ignores nice-to-have spans. Pass the
    text's `requirements` if `parse_requirements` was already called.
    """
    plain = fold_text(text)
    if "year" not in plain and "yrs" not in plain:
        return None
    required = list(_find_required_years(plain))
    if not required:
        return None
    nice = (requirements or parse_requirements(text)).nice
    return max((years for position, years in required if not is_within(nice, position)), default=None)


def _find_required_years(plain: str) -> Iterator[tuple[int, float]]:
    """Yield the position and the number of years of each requirement for experience."""
    for year in _YEAR.finditer(plain):
        at = year.start()
        number = _BEFORE_YEARS.search(
            plain, max(plain.rfind("\n", max(at - _MAX_NUMBER_LENGTH, 0), at) + 1, at - _MAX_NUMBER_LENGTH), at
        )
        if number is None:
            continue
        years = float(_NUMBERS.get(number[1]) or number[1])
        before = plain[max(at - _MAX_LENGTH_BEFORE, 0) : number.start()].rpartition("\n")[2]
        after = plain[year.end() : year.end() + _MAX_LENGTH_AFTER].partition("\n")[0]
        if not 0 < years <= _MAX_YEARS or _NO_EXPERIENCE_AFTER.match(after):
            continue
        if _NO_EXPERIENCE_BEFORE.search(before) and not _CANDIDATE_BEFORE.search(before):
            continue
        is_minimum = "+" in plain[number.start() : at] or number[2] is not None
        is_about_experience = _EXPERIENCE_AFTER.match(after) is not None
        # A list item such as "- 4+ years full-stack development".
        is_list_item = is_minimum and not _LETTER.search(before)
        if (
            _REQUEST_AFTER.match(after)
            or (is_about_experience and (is_minimum or _REQUEST_BEFORE.search(before)))
            or is_list_item
        ):
            yield at, years
