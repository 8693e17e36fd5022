"""What postings are found by: their words, their company and their URL. Pure.

Stored beside the posting, so that an index serves words and companies and nothing from outside has to become a pattern.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from career_navigator.plain_text import fold_accents, normalize_text, words_of
from market.roles import normalize_role


def company_key(name: str) -> str:
    """The company as a key: "ACMÉ, Inc." and "Acme inc" -> "acme inc". A name without letters and digits is itself."""
    plain = fold_accents(normalize_text("NFKC", name).casefold())
    return " ".join(words_of(plain)) or plain.strip()


def words_in(text: str) -> list[str]:
    """The words of a text as they are stored and looked for, in order: those of roles ("c++", ".net", "back end")."""
    return normalize_role(text).split()


def search_word(word: str) -> str:
    """The word of a text to search for as it is looked for among the stored ones: without accents."""
    return fold_accents(word)


def posting_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """The stored keys of a posting, from its `title`, `company`, `place` and `url`; None where it has no URL."""
    texts = (row["title"], row["company"], row.get("place") or "")
    words = {word for text in texts for word in words_in(text)}
    return {
        "title_key": normalize_role(row["title"]),
        "company_key": company_key(row["company"]),
        # With accents too: role names that differ by them are different roles.
        "search_words": sorted(words | {search_word(word) for word in words}),
        "url_key": url_key(row["url"]) if row.get("url") else None,
    }


def has_phrase(*, key: str, phrase: str) -> bool:
    """Whether the words of the (normalized) phrase stand whole and next to each other in the (normalized) key."""
    return bool(phrase) and f" {phrase} " in f" {key} "


def title_names(role: str) -> dict[str, Any]:
    """The postings whose title has the words of a (normalized) role, whole and side by side, as a MongoDB filter.

    It goes by the index on `search_words`, and reads the stored key that `has_phrase` reads.
    """
    key: dict[str, Any] = {"$concat": [" ", {"$ifNull": ["$title_key", ""]}, " "]}
    named = {"$gte": [{"$indexOfBytes": [key, {"$literal": f" {role} "}]}, 0]}
    return {"search_words": {"$all": role.split()}, "$expr": named}


_TRACKING = re.compile(
    r"utm_.*|g(?:clid|clsrc|braid|h_src)|wbraid|dclid|fbclid|msclkid|yclid|twclid|ttclid|li_fat_id|igsh(?:id)?"
    r"|mc_[ce]id|_ga|_gl|_hs(?:enc|mi)|mkt_tok|oly_(?:anon|enc)_id|vero_id|trk|trackingid|lever-(?:source|origin)(?:\[\])?",
    re.IGNORECASE,
)
# Single-page applications name the job in the fragment.
_ROUTES = ("/", "!")


def url_key(url: str) -> str:
    """Return the URL without what does not tell two adverts apart.

    http counts as https, and the host is in lower case. Default ports, tracking parameters, a slash at the end and
    fragments go, except fragments that begin with `#/` or `#!`. A URL that cannot be read is its own key.
    """
    try:
        # Older releases stored URLs with HTML entities.
        parts = urlsplit(url.replace("&amp;", "&"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if not host or parts.scheme not in ("http", "https"):
        return url
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    shown_port = f":{port}" if port not in (None, 80, 443) else ""
    host = f"[{host}]" if ":" in host else host.rstrip(".")
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _tracks(pair))
    fragment = parts.fragment.rstrip("/") if parts.fragment.startswith(_ROUTES) else ""
    return "".join(
        (
            f"https://{user}{host}{shown_port}{parts.path.rstrip('/')}",
            f"?{query}" if query else "",
            f"#{fragment}" if fragment else "",
        )
    )


def _tracks(pair: str) -> bool:
    return _TRACKING.fullmatch(unquote_plus(pair.partition("=")[0])) is not None
