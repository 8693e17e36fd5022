"""Join words and email addresses that are broken at the end of a line. Pure."""

import re
from collections.abc import Iterable

# A word before a hyphen that usually belongs to a compound, so that its hyphen stays.
_COMPOUND_STARTS = re.compile(
    r"(?:best|business|client|cloud|cost|cross|customer|cutting|decision|end|entry|event|fast|fault|first"
    r"|five|four|front|full|goal|hands|hard|high|home|industry|key|large|lead|life|long|low|machine|market"
    r"|mission|object|open|part|peer|performance|problem|product|real|result|role|second|self|server"
    r"|service|short|single|six|small|software|state|ten|test|third|three|time|top|two|user|well|wide|world"
    r"|year)",
    re.IGNORECASE,
)
# A syllable that continues such a word instead, as in "real-ized".
_SUFFIX = re.compile(
    r"(?:able|al|atic|ed|en|ened|er|ers|est|ful|ing|ion|ity|ive|ize|ized|izing|less|ly|ment|ness|s|ual)\b"
)
# A word after a hyphen that ends a compound.
_COMPOUND_END = re.compile(
    r"(?:aware|based|boarding|building|centric|class|critical|cutting|disciplinary|driven|edge|effective|efficient|end"
    r"|facing|focused|friendly|functional|grade|in|intensive|kind|level|making|native|of|off|on|only|oriented|out|party"
    r"|performance|performing|platform|ready|related|risk|scale|sensitive|serving|side|sized|solving|source|specific|speed"
    r"|stack|standing|term|the|time|to|up|volume|wide|winning|year)\b",
    re.IGNORECASE,
)
_HYPHENATED = re.compile(r"(?P<start>[^\W\d_]+)[-\u00ad\u2010]$")
_CONTINUED = re.compile(r"(?P<end>[^\W\d_]\w*(?:['’]\w+)?[^\s]*)\s*")

_EMAIL_END = re.compile(r"[\w.+'-]{1,64}@(?P<domain>[\w.-]*)$")
_EMAIL_REST = re.compile(r"[a-z0-9.-]{1,40}")
_MAX_ENDING_REST = 2
_ENDINGS = frozenset(
    {
        *(
            "com",
            "net",
            "org",
            "edu",
            "gov",
            "io",
            "dev",
            "me",
            "co",
            "info",
            "app",
            "eu",
            "de",
            "at",
            "ch",
            "fr",
            "be",
        ),
        *("nl", "lu", "es", "pt", "it", "pl", "cz", "uk", "ie", "se", "no", "dk", "fi", "us", "ca", "au", "nz"),
        *("in", "br", "mx", "ar", "cl", "za", "jp", "cn", "kr", "sg", "tech", "cloud", "online"),
    }
)


def join_hyphenated(line: str, following: str, *, words: Iterable[str] = ()) -> tuple[str, str] | None:
    """Move the rest of a hyphenated word from the following line to the line that begins the word.

    Return both lines, or None if the line does not end within a word. `words` are other words of the document, which
    show whether a compound is written with its hyphen.
    """
    start, end = _HYPHENATED.search(line), _CONTINUED.match(following)
    if start is None or end is None or not following[0].islower():
        return None
    first, second = start["start"], end["end"]
    word = re.match(r"\w+", second)
    hyphenated = f"{first}-{word[0] if word else second}".casefold()
    is_compound = hyphenated in words or (
        hyphenated.replace("-", "") not in words
        and _SUFFIX.match(second) is None
        and (_COMPOUND_STARTS.fullmatch(first) is not None or _COMPOUND_END.match(second) is not None)
    )
    is_soft = line.endswith("\u00ad")
    joined = line[:-1] + ("-" if is_compound and not is_soft else "") + second
    return joined, following[end.end() :]


def join_broken_email(line: str, following: str) -> str | None:
    """Return the line with the rest of its email address, or None if the following line is not only this rest.

    In narrow columns, programs break long words anywhere.
    """
    email, rest = _EMAIL_END.search(line), following.strip()
    if email is None or _EMAIL_REST.fullmatch(rest) is None:
        return None
    ending = email["domain"].rpartition(".")[2].casefold()
    joined_ending = (email["domain"] + rest).rpartition(".")[2].casefold()
    is_complete = "." in email["domain"].rstrip(".") and ending in _ENDINGS
    if len(rest) > _MAX_ENDING_REST and (is_complete or joined_ending not in _ENDINGS):
        return None
    return line + rest
