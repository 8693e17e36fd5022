"""Job postings before they are stored, and the keys by which stored postings are found. Pure.

The keys are stored with the posting. Searches for words and companies can therefore use an index, and user input never
becomes a regular expression.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from career_navigator.plain_text import fold_accents, normalize_text, tokenize
from market.roles import normalize_role

# Where a posting comes from: TheirStack, or synthetic postings from `manage.py generate_postings`. Other sources are in
# `settings.INSTALLED_SOURCES`.
THEIRSTACK, GENERATED = SOURCE_NAMES = ("theirstack", "generated")


class PostingRejected(ValueError):
    """Raised when a source's job object cannot be converted to a posting.

    `reason` is a stable identifier for counting, such as `no_title` or `blurred`. The message has the details.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A job posting from a source. Datetimes are aware and in UTC. Salaries are per year.

    `source` and `job_id` identify the posting. If the source has no id, `url` identifies it.
    `place` is the label by which stats group postings (see `market.geo.places`).
    """

    source: str
    job_id: str | None
    url: str | None
    title: str
    company: str
    description: str = ""
    normalized_title: str | None = None
    final_url: str | None = None
    source_url: str | None = None
    company_domain: str | None = None
    company_industry: str | None = None
    company_industry_id: int | None = None
    company_employee_count: int | None = None
    company_country_code: str | None = None
    company_logo: str | None = None
    company_linkedin_url: str | None = None
    location: str = ""
    place: str = ""
    country_code: str | None = None
    country_codes: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    remote: bool | None = None
    hybrid: bool | None = None
    technology_slugs: tuple[str, ...] = ()
    keyword_slugs: tuple[str, ...] = ()
    date_posted: date | None = None
    discovered_at: datetime | None = None
    closed_at: datetime | None = None
    reposted: bool | None = None
    date_reposted: date | None = None
    salary_string: str | None = None
    salary_currency: str | None = None
    min_annual_salary: float | None = None
    max_annual_salary: float | None = None
    min_annual_salary_usd: int | None = None
    max_annual_salary_usd: int | None = None
    seniority: str | None = None
    employment_statuses: tuple[str, ...] = ()
    easy_apply: bool | None = None


# The fields from which `pay_usd` is computed.
PAY_FIELDS = (
    *("max_annual_salary_usd", "min_annual_salary_usd"),
    *("salary_currency", "max_annual_salary", "min_annual_salary"),
)


@lru_cache(maxsize=16_384)
def build_company_key(name: str) -> str:
    """Return the key of a company name: "ACMÉ, Inc." and "Acme inc" -> "acme inc".

    A name without letters and digits is only folded and stripped.
    """
    plain = fold_accents(normalize_text("NFKC", name).casefold())
    return " ".join(tokenize(plain)) or plain.strip()


def normalize_words(text: str) -> list[str]:
    """Split a text into words, in order, normalized like roles: "c++", ".net", "backend"."""
    return normalize_role(text).split()


def build_posting_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the stored keys of a posting from its `title`, `company`, `place`, `url` and pay.

    A key is None if the posting lacks the data for it.
    """
    texts = (row["title"], row["company"], row.get("place") or "")
    words = {word for text in texts for word in normalize_words(text)}
    return {
        "title_key": normalize_role(row["title"]),
        "company_key": build_company_key(row["company"]),
        # Both with and without accents, because roles that differ only in accents are different roles.
        "search_words": sorted(words | {fold_accents(word) for word in words}),
        "url_key": build_url_key(row["url"]) if row.get("url") else None,
        "pay_usd": _get_pay_usd(row),
    }


def _get_pay_usd(row: Mapping[str, Any]) -> float | None:
    """Return the maximum or only pay per year, or None if the source states no pay in USD.

    There are no exchange rates to convert other currencies.
    """
    ends = [row.get("max_annual_salary_usd"), row.get("min_annual_salary_usd")]
    if row.get("salary_currency") == "USD":
        ends += [row.get("max_annual_salary"), row.get("min_annual_salary")]
    return next((float(end) for end in ends if end), None)


def build_title_query(role: str) -> dict[str, Any]:
    """Build a MongoDB query for postings whose title has a normalized role's words, whole and adjacent.

    The query uses the index on `search_words`. It then compares `title_key` by the same rule as `has_phrase`.
    """
    key: dict[str, Any] = {"$concat": [" ", {"$ifNull": ["$title_key", ""]}, " "]}
    contains_role = {"$gte": [{"$indexOfBytes": [key, {"$literal": f" {role} "}]}, 0]}
    return {"search_words": {"$all": role.split()}, "$expr": contains_role}


_TRACKING = re.compile(
    r"utm_.*|g(?:clid|clsrc|braid|h_src)|wbraid|dclid|fbclid|msclkid|yclid|twclid|ttclid|li_fat_id|igsh(?:id)?"
    r"|mc_[ce]id|_ga|_gl|_hs(?:enc|mi)|mkt_tok|oly_(?:anon|enc)_id|vero_id|trk|trackingid|lever-(?:source|origin)(?:\[\])?",
    re.IGNORECASE,
)
# Single-page applications identify the job in a fragment that begins with one of these.
_ROUTE_PREFIXES = ("/", "!")


# Storing needs the key of each URL several times. A batch has at most 1,000 postings.
@lru_cache(maxsize=4_096)
def build_url_key(url: str) -> str:
    """Normalize a URL so that different spellings of a posting's URL have the same key.

    http becomes https and the host becomes lower case. Default ports, tracking parameters and trailing slashes are
    removed, and so are fragments unless they begin with `#/` or `#!`. A URL that cannot be parsed is its own key.
    """
    try:
        # Older releases stored URLs with the HTML entity for `&`.
        parts = urlsplit(url.replace("&amp;", "&"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if not host or parts.scheme not in ("http", "https"):
        return url
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    shown_port = f":{port}" if port not in (None, 80, 443) else ""
    host = f"[{host}]" if ":" in host else host.rstrip(".")
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair))
    fragment = parts.fragment.rstrip("/") if parts.fragment.startswith(_ROUTE_PREFIXES) else ""
    return "".join(
        (
            f"https://{user}{host}{shown_port}{parts.path.rstrip('/')}",
            f"?{query}" if query else "",
            f"#{fragment}" if fragment else "",
        )
    )


def _is_tracking(pair: str) -> bool:
    return _TRACKING.fullmatch(unquote_plus(pair.partition("=")[0])) is not None
