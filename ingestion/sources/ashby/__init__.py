"""Ashby, an applicant-tracking system with a public board per company."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.sources.base import BaseBoardSource, BoardAddress, Fetch, Politeness, Terms, require_title
from ingestion.sources.fields import build_place_fields, is_hybrid_label, is_remote_label, list_statuses, read_workplace
from ingestion.sources.pay import Pay, build_pay, is_part_time
from ingestion.sources.text import convert_html, redact_contacts
from ingestion.sources.values import (
    MAX_LABEL_LENGTH,
    MAX_TITLE_LENGTH,
    as_mapping,
    list_objects,
    read_day,
    read_flag,
    read_id,
    read_text,
    read_url,
)
from market.posting import Posting

_STATUSES = {
    "FullTime": "full_time",
    "PartTime": "part_time",
    "Intern": "internship",
    "Contract": "contract",
    "Temporary": "temporary",
}


class Ashby(BaseBoardSource):
    """The source Ashby. A board returns all of its postings in one response."""

    name = "ashby"
    title = "Ashby"
    terms = Terms(url="https://developers.ashbyhq.com/docs/public-job-posting-api")
    politeness = Politeness(requests_per_minute=60, hours_between_collections=6)
    base_url = "https://api.ashbyhq.com"
    # Projects disagree on whether an unknown board returns 404 or an empty list.
    returns_404 = False
    has_company_names = False

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the postings of a board. See `BoardSource`."""
        url = f"{base_url}/posting-api/job-board/{board.quoted_name}?includeCompensation=true"
        yield fetch(url).parse_items("jobs")

    def identify(self, item: Mapping[str, Any], *, board: BoardAddress) -> str | None:
        """Return the id, a UUID. Board names ignore case, so they cannot be part of the id."""
        return read_id(item.get("id"))

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item, or None if it is not listed publicly."""
        if read_flag(item.get("isListed")) is False:
            return None
        job_id = self.identify(item, board=board) or ""
        label = read_text(item.get("location"), max_length=MAX_LABEL_LENGTH)
        # True for hybrid jobs too, so the newer field `workplaceType` takes precedence.
        remote, hybrid = read_workplace(item.get("workplaceType"))
        if remote is None:
            remote, hybrid = read_flag(item.get("isRemote")), is_hybrid_label(label)
        employment = item.get("employmentType")
        status = _STATUSES.get(employment) if isinstance(employment, str) else None
        statuses = (status,) if status else list_statuses(employment)
        url = read_url(item.get("jobUrl"))
        return Posting(
            source=self.name,
            job_id=job_id,
            url=url,
            final_url=url,
            title=require_title(read_text(item.get("title"), max_length=MAX_TITLE_LENGTH), job_id),
            company=board.company or board.name,
            description=redact_contacts(
                convert_html(item.get("descriptionHtml")) or convert_html(item.get("descriptionPlain"))
            ),
            date_posted=read_day(item.get("publishedAt")),
            remote=is_remote_label(label) if remote is None else remote,
            hybrid=hybrid,
            employment_statuses=statuses,
            **build_place_fields(label=label, locations=_list_locations(item)),
            **_read_pay(item.get("compensation"), part_time=is_part_time(statuses)).as_fields(),
        )


def _list_locations(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the main location and the further ones, as far as their addresses name a city."""
    locations: list[Mapping[str, Any]] = []
    for entry in (item, *list_objects(item.get("secondaryLocations"))):
        address = as_mapping(entry.get("address"))
        address = as_mapping(address.get("postalAddress")) or address
        city = read_text(address.get("addressLocality"), max_length=MAX_LABEL_LENGTH)
        label = read_text(entry.get("location"), max_length=MAX_LABEL_LENGTH)
        country = read_text(address.get("addressCountry"), max_length=MAX_LABEL_LENGTH)
        if city or label:
            region = read_text(address.get("addressRegion"), max_length=MAX_LABEL_LENGTH)
            locations.append({"name": city or label, "state": region, "country_name": country})
    return locations


def _read_pay(value: Any, *, part_time: bool) -> Pay:
    """Return the salary of the summary. Equity, bonus and commission are not pay per year."""
    compensation = as_mapping(value)
    components = list_objects(compensation.get("summaryComponents"))
    salaries = [component for component in components if component.get("compensationType") == "Salary"]
    salary = salaries[0] if len(salaries) == 1 else {}
    return build_pay(
        minimum=salary.get("minValue"),
        maximum=salary.get("maxValue"),
        currency=salary.get("currencyCode"),
        period=salary.get("interval"),
        text=compensation.get("compensationTierSummary"),
        part_time=part_time,
    )


SOURCE = Ashby()
