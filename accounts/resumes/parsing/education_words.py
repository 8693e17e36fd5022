"""Recognize degrees, institutions, grades and honors in a line of a resume. Pure."""

import re

_INSTITUTION = re.compile(
    r"\b(?:universi\w*|univ\.|college|institut\w*|colegio|colégio|ies|school|academy|academia|akademie|académie|polytechni\w*"
    r"|politécni\w*|politechni\w*"
    r"|hochschule|fachhochschule|gymnasium|realschule|gesamtschule|berufsschule|berufskolleg|faculty|fakultät"
    r"|faculdade|facultad"
    r"|école|ecole|escuela|escola|lycée|lycee|collège|liceo|liceum|instituto|conservatory|conservatoire|seminary"
    r"|bootcamp"
    r"|iut|insa|kolleg|schule|szkoła|uniwersytet)\b"
    r"|\w+(?:universität|hochschule|schule|akademie|gymnasium)\b",
    re.IGNORECASE,
)
# Names of institutions that contain none of these words; several are also places.
_KNOWN_INSTITUTION = re.compile(
    r"\b(?:MIT|ETH|UCLA|EPFL|IIT|TU|FH|RWTH|KTH|LMU|NYU|USC|UCL|LSE|INSEAD|HEC|ENS|ENSAE|ESCP|ESSEC|UNAM|USP|UFRJ"
    r"|BITS|NUS|NTU"
    r"|KAIST|Caltech|Harvard|Yale|Stanford|Princeton|Oxford|Cambridge|Berkeley|Columbia|Cornell|Dartmouth|Sciences Po"
    r"|(?:Georgia|Virginia|Texas|Michigan|Louisiana) Tech)\b"
)
_DEGREE = re.compile(
    r"(?<![\w.])(?:(?i:(?:bachelor|master|doctor|associate|magister)(?:['’]?s)?(?:\s+degree"
    r"|\s+of\s+(?:applied\s+)?[a-z]+(?:\s+administration)?)?"
    r"|post-?graduate(?:\s+(?:degree|diploma))?|(?:national|advanced|higher|graduate|postgraduate)\s+diploma|diploma"
    r"|doctorate|high\s+school\s+diploma"
    r"|abitur|fachabitur|allgemeine\s+hochschulreife|hochschulreife|mittlere\s+reife|a-levels|gcses?|ged|certificate"
    r"|staatsexamen|(?:berufs)?ausbildung(?=\s+(?:zum|zur|als)\b)"
    r"|diplom(?:[- ]?ingenieur(?:in)?|[- ]?kaufmann|[- ]?informatiker(?:in)?)?|dipl\.-\w+\.?(?:\s?\([a-z]+\))?"
    r"|licence(?:\s+pro(?:fessionnelle)?)?|maîtrise|doctorat|baccalauréat|dut|bts|deug|diplôme\s+d['’]ingénieur"
    r"|diplôme|mastère"
    r"|licenciatura|grado|máster|maestría|doctorado|diplomatura|bachillerato|técnico\s+superior|ingeniería"
    r"|bacharelado|mestrado(?:\s+integrado)?|doutorado|doutoramento|pós-graduação|tecnólogo|ensino\s+médio|licencjat|magisterium|inżynier)"
    r"|B\.?\s?Sc\.?|M\.?\s?Sc\.?|B\.?A\.?|M\.A\.|B\.?Tech\.?|M\.?Tech\.?|B\.E\.|M\.E\.|B\.?Eng\.?|M\.?Eng\.?"
    r"|B\.?Com\.?|M\.?Com\.?"
    r"|M\.?B\.?A\.?|B\.?B\.?A\.?|Ph\.?\s?D\.?|DPhil|MPhil|M\.?Phil\.?|B\.?S\.?|M\.S\.|M\.?Res\.?|B\.?Ed\.?|M\.?Ed\.?"
    r"|B\.?F\.?A\.?|M\.?F\.?A\.?"
    r"|BCA|MCA|LL\.?[BM]\.?|M\.D\.|J\.D\.|A\.A\.S?\.?|A\.S\.|M\.?P\.?H\.?|M\.?P\.?A\.?|HND|HNC|BTEC|mgr|Promotion(?=\s*(?:\(|,|in\b|zum\b|[A-ZÄÖÜ]))"
    # Without periods these are also abbreviations of US states, so a subject must follow.
    r"|(?:MA|MS|ME|MD|BE|AA|AS)(?=\s+(?:in\b|[A-Z]))"
    r")(?!\w)"
)
_SCORE = re.compile(
    r"(?:\b(?:c?gpa|grade(?: point average)?|final grade|overall grade|abschlussnote|gesamtnote|note"
    r"|notendurchschnitt|moyenne"
    r"|nota media|promedio|média|average|percentage)\b\s*(?::|of|=|-|–)?\s*)"
    r"(?P<score>\d{1,2}(?:[.,]\d{1,3})?(?:\s?%|\s?(?:/|out of|of|von|sur)\s?\d{1,3}(?:[.,]\d{1,2})?)?)"
    r"|(?P<bare>\d{1,2}[.,]\d{1,3}\s?/\s?\d{1,2}(?:[.,]\d{1,2})?)(?:\s*(?:c?gpa)\b)?"
    r"|(?P<first>\d[.,]\d{1,2})\s+c?gpa\b",
    re.IGNORECASE,
)
_HONORS = re.compile(
    r"(?:(?:graduated\s+)?(?:summa|magna)?\s?cum\s+laude|(?:with\s+)?(?:high(?:est)?\s+"
    r"|first[- ]class\s+)?(?:honou?rs|hons\.?|distinction)"
    r"|(?:upper|lower)\s+second(?:[- ]class)?(?:\s+honou?rs)?|first[- ]class(?:\s+honou?rs)?|\b2:[12]\b"
    r"|\bdean['’]s\s+list"
    r"|valedictorian|mit\s+auszeichnung|(?:sehr\s+)?gut\b|mention\s+(?:très\s+bien|bien|assez\s+bien)"
    r"|matrícula\s+de\s+honor|con\s+honores"
    r"|(?:com\s+)?(?:louvor(?:\s+e\s+distinção)?|distinção)|major\s+de\s+promotion|con\s+mención|premio\s+extraordinario|merit)",
    re.IGNORECASE,
)
_TITLE_WORDS = frozenset({"master", "bachelor", "associate", "doctor", "magister"})
_CERTIFIED = re.compile(
    r"\b(?:certified|certification|zertifi\w+|licen[sc]ed|certificación|certificação)\b", re.IGNORECASE
)


def find_degree(text: str) -> re.Match[str] | None:
    """Return the first degree that a text names."""
    return _DEGREE.search(text)


def has_degree(text: str) -> bool:
    """Return whether a text names a degree."""
    return _DEGREE.search(text) is not None


def names_position(text: str) -> bool:
    """Return whether the word for a degree belongs to the title of a position, as in "Scrum Master" or "Associate"."""
    match = _DEGREE.search(text)
    return match is not None and match[0].casefold() in _TITLE_WORDS and (match.start() > 0 or match[0] == "Associate")


def remove_degree(text: str) -> str:
    """Return a text without the first degree that it names."""
    return _DEGREE.sub("", text, count=1).strip()


def has_institution(text: str) -> bool:
    """Return whether a text contains a word for an institution, or the name of a well-known one."""
    return _INSTITUTION.search(text) is not None or _KNOWN_INSTITUTION.search(text) is not None


def has_certification(text: str) -> bool:
    """Return whether a text names a certification, which is not a study."""
    return _CERTIFIED.search(text) is not None


def find_score(text: str) -> re.Match[str] | None:
    """Return the grade that a text states. One of its groups `score`, `bare` and `first` is the grade itself."""
    return _SCORE.search(text)


def find_honors(text: str) -> re.Match[str] | None:
    """Return the honors that a text states."""
    return _HONORS.search(text)
