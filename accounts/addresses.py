"""E-mail addresses, in the one form in which they are stored and compared."""

import unicodedata


def normalize_address(text: str) -> str:
    """The address in NFKC and lower case, without space around it: "Ａda@Example.ORG " -> "ada@example.org"."""
    folded = unicodedata.normalize("NFKC", text).lower()
    # Lower case can leave characters that compose anew.
    return unicodedata.normalize("NFKC", folded).strip()
