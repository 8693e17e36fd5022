"""Himalayas, a feed of remote jobs."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ingestion.sources.base import (
    BaseBoardSource,
    BoardAddress,
    Fetch,
    Kind,
    Politeness,
    Terms,
    UnexpectedResponse,
    require_title,
)
from ingestion.sources.pay import build_pay, is_part_time
from ingestion.sources.text import convert_html, redact_contacts
from ingestion.sources.values import (
    MAX_LOCATIONS,
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    as_list,
    as_mapping,
    read_id,
    read_text,
    read_timestamp,
    read_url,
)
from market.geo.names import REMOTE, find_country
from market.posting import Posting

MAX_PAGES = 25
_STATUSES = {
    "Full Time": "full_time",
    "Part Time": "part_time",
    "Contractor": "contract",
    "Temporary": "temporary",
    "Intern": "internship",
}
_SENIORITIES = {
    "Entry-level": "junior",
    "Mid-level": "mid_level",
    "Senior": "senior",
    "Executive": "c_level",
}
_FOOTER = "Originally posted on Himalayas"


class Himalayas(BaseBoardSource):
    """The source Himalayas. Its feed has pages of 20 postings, newest first, linked by a cursor."""

    name = "himalayas"
    title = "Himalayas"
    kind = Kind.FEED
    terms = Terms(url="https://himalayas.app/api", attribution="Himalayas")
    politeness = Politeness(requests_per_minute=30, hours_between_collections=6)
    base_url = "https://himalayas.app"
    returns_404 = False
    has_company_names = True

    def list_boards(self) -> tuple[str, ...]:
        """Return the name of the only feed."""
        return ("all",)

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the pages of the feed. See `BoardSource`."""
        cursor = ""
        for _ in range(MAX_PAGES):
            content = as_mapping(fetch(f"{base_url}/jobs/api?limit=20{cursor}").parse_json())
            items = content.get("jobs")
            if not isinstance(items, list):
                raise UnexpectedResponse("The response has no list of postings in 'jobs'.")
            yield items
            next_cursor = content.get("nextCursor")
            if not isinstance(next_cursor, str) or not next_cursor:
                return
            cursor = f"&cursor={quote(next_cursor, safe='')}"

    def identify(self, item: Mapping[str, Any], *, board: BoardAddress) -> str | None:
        """Return the item's guid."""
        return read_id(item.get("guid"))

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item. All postings on Himalayas are remote."""
        job_id = self.identify(item, board=board) or ""
        company = read_text(item.get("companyName"), max_length=MAX_NAME_LENGTH)
        # For a time, the API returned the literal text "name" in this field.
        if company in (None, "name"):
            company = read_text(item.get("companySlug"), max_length=MAX_NAME_LENGTH)
        countries = _list_countries(item.get("locationRestrictions"))
        levels = as_list(item.get("seniority"))
        level = levels[0] if len(levels) == 1 else None
        status = _STATUSES.get(str(item.get("employmentType")))
        statuses = (status,) if status else ()
        description = convert_html(item.get("description"))
        return Posting(
            source=self.name,
            job_id=job_id,
            url=read_url(item.get("applicationLink")),
            title=require_title(read_text(item.get("title"), max_length=MAX_TITLE_LENGTH), job_id),
            company=company or "",
            description=redact_contacts(description.removesuffix(_FOOTER).rstrip()),
            date_posted=published_at.date() if (published_at := read_timestamp(item.get("pubDate"))) else None,
            remote=True,
            hybrid=False,
            location=", ".join(countries.values()) or REMOTE,
            place=REMOTE,
            country_code=next(iter(countries), None),
            country_codes=tuple(countries),
            seniority=_SENIORITIES.get(str(level)),
            employment_statuses=statuses,
            **build_pay(
                minimum=item.get("minSalary"),
                maximum=item.get("maxSalary"),
                currency=item.get("currency"),
                period=item.get("salaryPeriod"),
                part_time=is_part_time(statuses),
            ).as_fields(),
        )


def _list_countries(value: Any) -> dict[str, str]:
    """Return the names of the countries in which the job may be done, by code. Empty means worldwide."""
    entries = as_list(value)[:MAX_LOCATIONS]
    # The API's documentation shows objects with a name, but recorded responses contain plain names.
    names = (read_text(as_mapping(entry).get("name") or entry, max_length=MAX_NAME_LENGTH) for entry in entries)
    return {code: name for name in names if name and (code := find_country(name))}


SOURCE = Himalayas()
