"""Arbeitnow, a feed of postings, most of them in Germany."""

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
from ingestion.sources.fields import build_place_fields, is_hybrid_label, is_remote_label, list_statuses
from ingestion.sources.text import convert_html, redact_contacts
from ingestion.sources.values import (
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    as_list,
    as_mapping,
    read_flag,
    read_id,
    read_text,
    read_timestamp,
    read_url,
)
from market.posting import Posting

MAX_PAGES = 10


class Arbeitnow(BaseBoardSource):
    """The source Arbeitnow. Its feed has pages, newest postings first."""

    name = "arbeitnow"
    title = "Arbeitnow"
    kind = Kind.FEED
    terms = Terms(url="https://www.arbeitnow.com/terms", attribution="Arbeitnow")
    politeness = Politeness(requests_per_minute=12, hours_between_collections=1)
    base_url = "https://www.arbeitnow.com"
    returns_404 = False
    has_company_names = True

    def list_boards(self) -> tuple[str, ...]:
        """Return the name of the only feed."""
        return ("all",)

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the pages of the feed. See `BoardSource`."""
        # The links to further pages carry parameters that change, so the URLs are built here.
        for page in range(1, MAX_PAGES + 1):
            content = fetch(f"{base_url}/api/job-board-api?page={page}").parse_json()
            items = as_mapping(content).get("data")
            if not isinstance(items, list):
                raise UnexpectedResponse("The response has no list of postings in 'data'.")
            yield items
            if as_mapping(as_mapping(content).get("links")).get("next") is None:
                return

    def identify(self, item: Mapping[str, Any], *, board: BoardAddress) -> str | None:
        """Return the item's slug."""
        return read_id(item.get("slug"))

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item."""
        job_id = self.identify(item, board=board) or ""
        label = item.get("location")
        # The field is also false where the location is "Remote".
        remote = True if read_flag(item.get("remote")) else is_remote_label(label)
        return Posting(
            source=self.name,
            job_id=job_id,
            url=read_url(item.get("url")),
            title=require_title(read_text(item.get("title"), max_length=MAX_TITLE_LENGTH), job_id),
            company=read_text(item.get("company_name"), max_length=MAX_NAME_LENGTH) or "",
            description=redact_contacts(convert_html(item.get("description"))),
            date_posted=created_at.date() if (created_at := read_timestamp(item.get("created_at"))) else None,
            remote=remote,
            hybrid=is_hybrid_label(label),
            employment_statuses=list_statuses(*as_list(item.get("job_types"))),
            **build_place_fields(label=label),
        )


SOURCE = Arbeitnow()
