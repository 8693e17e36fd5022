"""Recognize the names of employers by their legal form or by words such as "Bank". Pure."""

import re

from accounts.resumes.parsing.word_sets import build_words

_LEGAL_FORM = re.compile(
    r"(?:(?<=[\s,])(?:inc|llc|l\.l\.c|llp|ltd|limited|corp|corporation|co|plc|pbc|gmbh(?: & co\.? kg)?|mbh|ag|kg|kgaa"
    r"|ug|ohg"
    r"|gbr|e\.?\s?v|e\.?g|se|s\.?\s?a\.?(?: de c\.?\s?v)?|s\.?a\.?s|sarl|s\.?a\.?r\.?l|eurl|sl"
    r"|s\.?l|slu|s\.?l\.?u|lda|ltda|s\.?p\.?a|srl"
    r"|s\.?r\.?l"
    r"|s\.?a\.?[ac]|e\.?i\.?r\.?l|eireli|s\.? de r\.?\s?l\.?(?: de c\.?\s?v)?|s\.?a\.?(?:b|p\.?i)\.? de c\.?\s?v"
    r"|s\.?n\.?c|d\.\s?o\.\s?o|e\.\s?k"
    r"|bv|b\.v|nv|n\.v|ab|as|a/s|aps|oy|oyj|asa|sp\.?\s?z\s?o\.?\s?o|s\.?r\.?o|a\.s|k\.?k|pty|pvt|pte"
    r"|sdn\.? bhd|kft|zrt)"
    r"\.?(?: (?:ltd|limited)\.?)?)\Z",
    re.IGNORECASE,
)
# Short legal forms that are also words or states need their capitals.
_UPPER_FORMS = build_words("AG KG SE SA SL AB AS OY BV NV UG EV EG CO SAS SAA SAC")
_ORGANIZATION = re.compile(
    r"\b(?:bank|banca|banco|banque|sparkasse|universit\w*|universidad\w*|college|institut\w*|instituto|hospital"
    r"|clinic|klinik\w*"
    r"|school|academy|agency|studios?|labs?|laborator\w+|technologies|solutions|systems|software|group|gruppe|groupe"
    r"|grupo"
    r"|holdings?|partners|ventures|capital|foundation|stiftung|fundaci[oó]n|association|society|council|ministry"
    r"|department of|library|museum|church|airlines?|airways|motors|motoren|foods?|pharma\w*|telecom\w*|insurance"
    r"|versicherung\w*"
    r"|logisti[ck]s?|energ(?:y|ie|ia)|media|press|books|records|games|networks?|industries|enterprises?|services"
    r"|consulting"
    r"|stores?|restaurant|hotels?|caf[eé]|coffee|bakery|werke?|verlag|polytechnic|company|compañía|companhia|compagnie"
    r"|associates|brothers|bros|& sons|& co\.?|corp\w*|startup|robotics|analytics|dynamics|travel|mining|freight|house"
    r"|trust|charity|authority|city of|state of|county|government|army|navy|air force|nhs)\b",
    re.IGNORECASE,
)
_OF = re.compile(
    r"\b(?:bank|university|library|polytechnic|institute|city|state|department|ministry|house|school|college) of\b",
    re.IGNORECASE,
)
_DEPARTMENT = re.compile(
    r"(?:engineering|software (?:development|engineering)|development|r\s?&\s?d|research|research and development"
    r"|marketing"
    r"|sales|finance|operations?|products?|product management|data(?: \w+)?|platforms?|mobile|infrastructure|design"
    r"|security"
    r"|information security|human resources|hr|it|information technology|technology|analytics|machine learning|ai|cloud"
    r"|devops|quality|quality assurance|support|customer (?:success|support|service)|business development|strategy"
    r"|legal"
    r"|procurement|communications?|public relations|growth|backend|back end|front ?end|web|payments|risk|compliance"
    r"|(?:\w+ )?(?:team|department|division|engineering|development|operations|marketing|sales|platforms?"
    r"|infrastructure))",
    re.IGNORECASE,
)
_UNIT = re.compile(r"(?:department|dept\.?|faculty|division|school|office|chair|institute) of\b", re.IGNORECASE)
_LOWER_WORDS = build_words("of the and for de la le les du des del y e et und der die das für da do dos & von van in")


def has_legal_form(text: str) -> bool:
    """Return whether a text ends in a legal form, such as "Inc." or "GmbH"."""
    form = _LEGAL_FORM.search(text)
    if form is None:
        return False
    letters = form[0].strip(" .").replace(".", "")
    return letters.upper() not in _UPPER_FORMS or letters.isupper() or letters in {"Co", "eV", "eG"}


def score_company(text: str) -> float:
    """Return how likely a text is the name of an employer, from 0 to 1."""
    if has_legal_form(text):
        return 0.95
    if _DEPARTMENT.fullmatch(text):
        return 0.15
    if _OF.search(text):
        return 0.85
    if _ORGANIZATION.search(text):
        return 0.7
    words = text.split()
    if not words or not (words[0][0].isupper() or words[0][0].isdigit() or text.islower()):
        return 0.1
    is_name = all(not word[0].islower() or word.casefold() in _LOWER_WORDS for word in words)
    return (0.45 if is_name else 0.2) if len(words) <= 6 else 0.15


def is_unit(text: str) -> bool:
    """Return whether a text names a unit of a larger employer, such as "Department of Physics"."""
    return _UNIT.match(text) is not None


def is_department(text: str) -> bool:
    """Return whether a text names a part of a company, such as "Data Platforms", and not an employer."""
    return _DEPARTMENT.fullmatch(text) is not None
