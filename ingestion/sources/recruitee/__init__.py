"""Recruitee, an applicant-tracking system with a public board per company."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.sources.base import BaseBoardSource, BoardAddress, Fetch, Politeness, Terms, require_title
from ingestion.sources.fields import build_place_fields
from ingestion.sources.pay import build_pay, is_part_time
from ingestion.sources.text import convert_html, join_sections
from ingestion.sources.values import (
    MAX_LABEL_LENGTH,
    MAX_LOCATIONS,
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    as_mapping,
    list_objects,
    read_country_code,
    read_day,
    read_flag,
    read_text,
    read_url,
)
from market.posting import Posting

_STATUSES = {
    "fulltime": "full_time",
    "parttime": "part_time",
    "freelance": "contract",
    "internship": "internship",
    "traineeship": "internship",
}
# Only the codes whose meaning is certain.
_SENIORITIES = {
    "entry_level": "junior",
    "mid_level": "mid_level",
    "senior_level": "senior",
    "student_college": None,
}


class Recruitee(BaseBoardSource):
    """The source Recruitee. Each board has its own host and returns all of its postings in one response."""

    name = "recruitee"
    title = "Recruitee"
    terms = Terms(url="https://docs.recruitee.com/reference/offers")
    politeness = Politeness(requests_per_minute=30, hours_between_collections=6)
    base_url = "https://{host}"
    default_host = "{board}.recruitee.com"
    # Not confirmed, so an empty board closes nothing.
    returns_404 = False
    has_company_names = True

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the postings of a board. See `BoardSource`."""
        yield fetch(f"{base_url}/api/offers/").parse_items("offers")

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item, or None if it is not published."""
        if item.get("status", "published") != "published":
            return None
        job_id = self.identify(item, board=board) or ""
        statuses = _list_statuses(item.get("employment_type_code"))
        salary = as_mapping(item.get("salary"))
        url = read_url(item.get("careers_url"))
        return Posting(
            source=self.name,
            job_id=job_id,
            url=url,
            final_url=url,
            title=require_title(read_text(item.get("title"), max_length=MAX_TITLE_LENGTH), job_id),
            company=read_text(item.get("company_name"), max_length=MAX_NAME_LENGTH) or board.company or board.name,
            description=join_sections(
                (None, convert_html(item.get("description"))), (None, convert_html(item.get("requirements")))
            ),
            date_posted=_read_day(item.get("published_at")) or _read_day(item.get("created_at")),
            remote=read_flag(item.get("remote")),
            hybrid=read_flag(item.get("hybrid")),
            seniority=_SENIORITIES.get(str(item.get("experience_code"))),
            employment_statuses=statuses,
            **build_place_fields(
                label=item.get("location") or item.get("city"),
                locations=_list_locations(item.get("locations")),
                country_code=read_country_code(item.get("country_code")),
                country=item.get("country"),
            ),
            **build_pay(
                minimum=salary.get("min"),
                maximum=salary.get("max"),
                currency=salary.get("currency"),
                period=salary.get("period"),
                part_time=is_part_time(statuses),
            ).as_fields(),
        )


def _list_statuses(value: Any) -> tuple[str, ...]:
    """Return the statuses of a code such as `fulltime_fixed_term`."""
    code = read_text(value, max_length=60) or ""
    time, _, term = code.partition("_")
    found = [status for name, status in _STATUSES.items() if name == time]
    if term == "fixed_term":
        found.append("temporary")
    return tuple(found)


def _list_locations(value: Any) -> list[Mapping[str, Any]]:
    return [
        {
            "name": read_text(location.get("city") or location.get("name"), max_length=MAX_LABEL_LENGTH),
            "country_code": read_country_code(location.get("country_code")),
            "state_code": read_text(location.get("state_code"), max_length=MAX_LABEL_LENGTH),
        }
        for location in list_objects(value)[:MAX_LOCATIONS]
    ]


def _read_day(value: Any) -> Any:
    """Return the day of a time such as "2026-09-18 12:55:59 UTC"."""
    return read_day(value.removesuffix(" UTC")) if isinstance(value, str) else None


SOURCE = Recruitee()
