"""Jobicy, a feed of remote jobs."""

from collections.abc import Iterator, Mapping
from typing import Any

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
from ingestion.sources.fields import build_place_fields, list_statuses
from ingestion.sources.pay import build_pay, is_part_time
from ingestion.sources.text import convert_html, redact_contacts
from ingestion.sources.values import (
    MAX_LABEL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    as_list,
    as_mapping,
    read_day,
    read_id,
    read_text,
    read_url,
)
from market.posting import Posting

# The latest 100 postings per industry are all that the API returns.
INDUSTRIES = ("engineering", "dev", "data-science", "admin", "design-multimedia", "management", "technical-support")
_SENIORITIES = {"Junior": "junior", "Midweight": "mid_level", "Senior": "senior"}


class Jobicy(BaseBoardSource):
    """The source Jobicy. It has one feed per industry, without pages."""

    name = "jobicy"
    title = "Jobicy"
    kind = Kind.FEED
    terms = Terms(url="https://github.com/Jobicy/remote-jobs-api", attribution="Jobicy")
    # The terms allow one request per hour and feed.
    politeness = Politeness(requests_per_minute=6, hours_between_collections=6)
    base_url = "https://jobicy.com"
    returns_404 = False
    has_company_names = True

    def list_boards(self) -> tuple[str, ...]:
        """Return the names of the industries."""
        return INDUSTRIES

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the postings of an industry. See `BoardSource`."""
        url = f"{base_url}/api/v2/remote-jobs?count=100&industry={board.quoted_name}"
        content = as_mapping(fetch(url).parse_json())
        # Errors have the HTTP status 200.
        if content.get("success") is False or content.get("statusCode", 200) != 200:
            raise UnexpectedResponse(f"The response reports the status {content.get('statusCode')}.")
        items = content.get("jobs")
        if not isinstance(items, list):
            raise UnexpectedResponse("The response has no list of postings in 'jobs'.")
        yield items

    def identify(self, item: Mapping[str, Any], *, board: BoardAddress) -> str | None:
        """Return the item's id."""
        return read_id(item.get("id"))

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item. All jobs are remote; the label says where one may live."""
        job_id = self.identify(item, board=board) or ""
        label = " ".join((read_text(item.get("jobGeo"), max_length=MAX_LABEL_LENGTH) or "").split())
        statuses = list_statuses(*as_list(item.get("jobType")))
        title = read_text(item.get("jobTitle"), max_length=MAX_TITLE_LENGTH)
        return Posting(
            source=self.name,
            job_id=job_id,
            url=read_url(item.get("url")),
            title=require_title(title, job_id),
            company=read_text(item.get("companyName"), max_length=MAX_NAME_LENGTH) or "",
            description=redact_contacts(
                convert_html(item.get("jobDescription")) or convert_html(item.get("jobExcerpt"))
            ),
            date_posted=read_day(item.get("pubDate")),
            remote=True,
            hybrid=False,
            seniority=_SENIORITIES.get(str(item.get("jobLevel"))),
            employment_statuses=statuses,
            **build_place_fields(label="Remote" if label in ("", "Anywhere") else f"Remote, {label}"),
            **build_pay(
                minimum=item.get("salaryMin"),
                maximum=item.get("salaryMax"),
                currency=item.get("salaryCurrency"),
                period=item.get("salaryPeriod"),
                part_time=is_part_time(statuses),
            ).as_fields(),
        )


SOURCE = Jobicy()
