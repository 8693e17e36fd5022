"""A job advert as its source describes it, before it is stored, and what it is found by afterwards. Pure.

The keys are stored beside the posting, so that an index serves words and companies and nothing from outside has to
become a pattern.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from career_navigator.plain_text import fold_accents, normalize_text, tokenize
from market.roles import normalize_role

# What wrote a posting: the job source, or `manage.py generate_postings`, whose postings nobody advertised.
THEIRSTACK, GENERATED = SOURCES = ("theirstack", "generated")


class PostingRejected(ValueError):
    """A source's job object that cannot become a posting.

    `reason` is stable and fit for counting (`no_title`, `blurred`...); the message adds what was seen.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What a source says of one advert. Datetimes are aware and in UTC; salaries are a year's pay.

    `source` and `job_id` together identify the advert where the source gives an id; else `url` does.
    `place` is the label the stats group by (see `market.geo.places`).
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


# What `pay_usd` is computed from.
PAY_FIELDS = (
    *("max_annual_salary_usd", "min_annual_salary_usd"),
    *("salary_currency", "max_annual_salary", "min_annual_salary"),
)


def build_company_key(name: str) -> str:
    """The company as a key: "ACMÉ, Inc." and "Acme inc" -> "acme inc". A name without letters and digits is itself."""
    plain = fold_accents(normalize_text("NFKC", name).casefold())
    return " ".join(tokenize(plain)) or plain.strip()


def normalize_words(text: str) -> list[str]:
    """The words of a text as they are stored and looked for, in order: those of roles ("c++", ".net", "back end")."""
    return normalize_role(text).split()


def build_posting_keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """The stored keys of a posting, from its `title`, `company`, `place`, `url` and pay; None where there is none."""
    texts = (row["title"], row["company"], row.get("place") or "")
    words = {word for text in texts for word in normalize_words(text)}
    return {
        "title_key": normalize_role(row["title"]),
        "company_key": build_company_key(row["company"]),
        # With accents too: role names that differ by them are different roles.
        "search_words": sorted(words | {fold_accents(word) for word in words}),
        "url_key": build_url_key(row["url"]) if row.get("url") else None,
        "pay_usd": _pay_in_usd(row),
    }


def _pay_in_usd(row: Mapping[str, Any]) -> float | None:
    """The upper or only end of a year's pay, as far as the source says it in USD: nobody here knows a rate."""
    ends = [row.get("max_annual_salary_usd"), row.get("min_annual_salary_usd")]
    if row.get("salary_currency") == "USD":
        ends += [row.get("max_annual_salary"), row.get("min_annual_salary")]
    return next((float(end) for end in ends if end), None)


def build_title_query(role: str) -> dict[str, Any]:
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


def build_url_key(url: str) -> str:
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
