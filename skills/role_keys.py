"""Names of roles and titles, compared without regard to case, spacing and hyphens. Pure."""

import re

from career_navigator.plain_text import normalize_text

# A word of a role: letters and digits with the signs that are part of a name (c++, c#, .net, node.js).
_WORD = re.compile(r"\.?\w+(?:[.']\w+)*[+#]*")

# Words that people write in two ways besides the hyphen. A key has the form on the right.
ONE_SPELLING = {
    "back end": "backend",
    "cyber security": "cybersecurity",
    "dev ops": "devops",
    "front end": "frontend",
    "fullstack": "full stack",
    "ml ops": "mlops",
}
_SPELT_OTHERWISE = re.compile(r"\b(?:" + "|".join(ONE_SPELLING) + r")\b")


def role_key(text: str) -> str:
    """The words of a text in one spelling: "Full-Stack  Developer" -> "full stack developer". Empty without words."""
    if not text.isascii():
        # Folding can leave characters that compose anew: fold to where nothing changes any more.
        text = normalize_text("NFKC", normalize_text("NFKC", text).casefold())
    key = " ".join(_WORD.findall(text.casefold().replace("_", " ")))
    return _SPELT_OTHERWISE.sub(lambda found: ONE_SPELLING[found[0]], key)
