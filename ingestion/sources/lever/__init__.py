"""Lever, an applicant-tracking system with a public board per company."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.sources.base import BaseBoardSource, BoardAddress, Fetch, Politeness, Terms, require_title
from ingestion.sources.fields import build_place_fields, is_hybrid_label, is_remote_label, list_statuses, read_workplace
from ingestion.sources.pay import Pay, build_pay, is_part_time
from ingestion.sources.text import convert_html, join_sections
from ingestion.sources.values import (
    MAX_LABEL_LENGTH,
    MAX_LOCATIONS,
    MAX_TITLE_LENGTH,
    as_mapping,
    list_objects,
    read_country_code,
    read_text,
    read_timestamp,
    read_url,
    read_words,
)
from market.posting import Posting


class Lever(BaseBoardSource):
    """The source Lever. A board returns all of its postings in one response.

    Boards of European accounts are on the host `api.eu.lever.co`.
    """

    name = "lever"
    title = "Lever"
    terms = Terms(url="https://github.com/lever/postings-api")
    # Its robots.txt asks for a second between two requests.
    politeness = Politeness(requests_per_minute=60, hours_between_collections=6)
    base_url = "https://{host}"
    default_host = "api.lever.co"
    returns_404 = True
    has_company_names = False

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the postings of a board. See `BoardSource`."""
        yield fetch(f"{base_url}/v0/postings/{board.quoted_name}?mode=json").parse_items(None)

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item."""
        job_id = self.identify(item, board=board) or ""
        categories = as_mapping(item.get("categories"))
        labels = read_words(categories.get("allLocations"), max_items=MAX_LOCATIONS, max_length=MAX_LABEL_LENGTH)
        label = read_text(categories.get("location"), max_length=MAX_LABEL_LENGTH) or next(iter(labels), None)
        remote, hybrid = read_workplace(item.get("workplaceType"))
        statuses = list_statuses(categories.get("commitment"))
        url = read_url(item.get("hostedUrl"))
        return Posting(
            source=self.name,
            job_id=job_id,
            url=url,
            final_url=url,
            title=require_title(read_text(item.get("text"), max_length=MAX_TITLE_LENGTH), job_id),
            company=board.company or board.name,
            description=_read_description(item),
            # The time of creation. There is no time of publication.
            date_posted=created_at.date() if (created_at := read_timestamp(item.get("createdAt"))) else None,
            remote=is_remote_label(label) if remote is None else remote,
            hybrid=is_hybrid_label(label) if hybrid is None else hybrid,
            employment_statuses=statuses,
            **build_place_fields(
                label=label,
                locations=[{"name": label} for label in labels[:1]],
                country_code=read_country_code(item.get("country")),
            ),
            **_read_pay(item, part_time=is_part_time(statuses)).as_fields(),
        )


def _read_description(item: Mapping[str, Any]) -> str:
    """Return the introduction, the headed lists and the closing text. The requirements are among the lists."""
    lists = list_objects(item.get("lists"))
    headed = [(read_text(entry.get("text"), max_length=200), convert_html(entry.get("content"))) for entry in lists]
    opening = convert_html(item.get("description")) or convert_html(item.get("descriptionPlain"))
    closing = convert_html(item.get("additional")) or convert_html(item.get("additionalPlain"))
    return join_sections((None, opening), *headed, (None, closing))


def _read_pay(item: Mapping[str, Any], *, part_time: bool) -> Pay:
    salary = as_mapping(item.get("salaryRange"))
    wording = None if salary else convert_html(item.get("salaryDescription"))
    return build_pay(
        minimum=salary.get("min"),
        maximum=salary.get("max"),
        currency=salary.get("currency"),
        period=salary.get("interval"),
        text=wording,
        part_time=part_time,
    )


SOURCE = Lever()
