"""The documented experience levels, and what older free texts mean among them."""

import re

LEVELS = ("12th Pass Out", "1st Year", "2nd Year", "3rd Year", "4th Year")

_SCHOOL, _FIRST, _SECOND, _THIRD, _FOURTH = LEVELS

# A level is a year of studies, so seniority is read as how far someone has come: beginners in their first year,
# those who work on their own in the third, those who lead others in the last.
_MEANING = {
    _SCHOOL: "12th, class 12, grade 12, high school, higher secondary, hsc, school, school leaver, school student, "
    "pre university, pre-university, puc, none, no experience",
    _FIRST: "1, i, first year, one year, freshman, fresher, beginner, novice, entry, entry level, new, starter, "
    "trainee, student, learner",
    _SECOND: "2, ii, second year, two years, sophomore, junior, jr, intern, internship, associate, basic",
    _THIRD: "3, iii, third year, three years, mid, mid level, middle, mid senior, midlevel, intermediate, "
    "medium, regular, experienced",
    _FOURTH: "4, iv, fourth year, four years, final year, last year, graduate, graduated, undergraduate final, senior, "
    "sr, senior level, lead, principal, staff, expert, advanced, professional, manager, architect",
}
_SIGNS = re.compile(r"[^a-z0-9]+")
_YEAR = re.compile(r"(?:year )?(?P<year>[1-4])(?:st|nd|rd|th)?(?: (?:yr|yrs|year|years)(?: (?:student|of college))?)?")
_FILLER = re.compile(r"\b(?:developer|engineer|professional level|level|standard|pass|passed|out|passout)\b")


def _key(text: str) -> str:
    return " ".join(_SIGNS.sub(" ", text.lower()).split())


_LEVEL_OF = {_key(text): level for level, texts in _MEANING.items() for text in texts.split(",")}
_LEVEL_OF |= {_key(level): level for level in LEVELS}


def map_experience_level(text: str) -> str | None:
    """The documented level that a text means ("Mid" -> "3rd Year"); None when it means none."""
    key = _key(text)
    year = _YEAR.fullmatch(key)
    if year:
        return LEVELS[int(year["year"])]
    return _LEVEL_OF.get(key) or _LEVEL_OF.get(" ".join(_FILLER.sub(" ", key).split()))
