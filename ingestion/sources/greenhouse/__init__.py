"""Greenhouse, an applicant-tracking system with a public board per company."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.sources.base import BaseBoardSource, BoardAddress, Fetch, Politeness, Terms, require_title
from ingestion.sources.fields import build_place_fields, is_hybrid_label, is_remote_label, list_statuses, read_workplace
from ingestion.sources.pay import NO_PAY, Pay, build_pay
from ingestion.sources.text import convert_html, redact_contacts
from ingestion.sources.values import (
    MAX_NAME_LENGTH,
    MAX_TITLE_LENGTH,
    as_mapping,
    list_objects,
    read_amount,
    read_currency,
    read_day,
    read_text,
    read_url,
)
from market.posting import Posting

# Labels that only say how people work. The offices then say where.
_WAYS_OF_WORKING = frozenset({"hybrid", "in-office", "in office", "on-site", "onsite", "distributed", "remote"})
# The company's own introduction and closing text, the same in every posting.
_BOILERPLATE = re.compile(r'<div class="content-(?:intro|conclusion)">.*?</div>', re.DOTALL)
# There is no field for the period of pay, so only an amount and a wording that can only be yearly count.
_OTHER_PERIOD = re.compile(r"\b(?:hour|hourly|month|monthly|week|weekly|day|daily|OTE)\b", re.IGNORECASE)
_MIN_YEARLY = 15_000
_YEARLY_CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD"})


class Greenhouse(BaseBoardSource):
    """The source Greenhouse. A board returns all of its postings in one response."""

    name = "greenhouse"
    title = "Greenhouse"
    terms = Terms(url="https://developers.greenhouse.io/job-board.html")
    politeness = Politeness(requests_per_minute=60, hours_between_collections=6)
    base_url = "https://boards-api.greenhouse.io"
    returns_404 = True
    has_company_names = True

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the postings of a board. See `BoardSource`."""
        response = fetch(f"{base_url}/v1/boards/{board.quoted_name}/jobs?content=true&pay_transparency=true")
        yield response.parse_items("jobs")

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of an item, or None for a general application without a job."""
        if "internal_job_id" in item and item["internal_job_id"] is None:
            return None
        job_id = self.identify(item, board=board) or ""
        label = read_text(as_mapping(item.get("location")).get("name"), max_length=MAX_NAME_LENGTH)
        offices = list_objects(item.get("offices"))
        named = _read_metadata(item.get("metadata"), "workplace", "remote")
        remote, hybrid = read_workplace(named)
        place_label = label
        if label is None or label.lower() in _WAYS_OF_WORKING:
            offices_named = (office.get("location") or office.get("name") for office in offices)
            place_label = next((text for text in offices_named if read_text(text, max_length=MAX_NAME_LENGTH)), label)
        url = read_url(item.get("absolute_url"))
        return Posting(
            source=self.name,
            job_id=job_id,
            url=url,
            final_url=url,
            title=require_title(read_text(item.get("title"), max_length=MAX_TITLE_LENGTH), job_id),
            company=read_text(item.get("company_name"), max_length=MAX_NAME_LENGTH) or board.company,
            description=_read_description(item.get("content")),
            date_posted=read_day(item.get("first_published")),
            remote=is_remote_label(label) if remote is None else remote,
            hybrid=is_hybrid_label(label) if hybrid is None else hybrid,
            employment_statuses=list_statuses(_read_metadata(item.get("metadata"), "employment type")),
            **build_place_fields(label=place_label),
            **_read_pay(item.get("pay_input_ranges")).as_fields(),
        )


def _read_description(content: Any) -> str:
    if not isinstance(content, str):
        return ""
    # The whole document is escaped once within the JSON.
    document = html.unescape(content)
    return redact_contacts(convert_html(_BOILERPLATE.sub("", document)) or convert_html(document))


def _read_metadata(value: Any, *names: str) -> Any:
    """Return the value of the first entry of a company's own fields whose name contains one of these words."""
    for entry in list_objects(value):
        entry_name = str(entry.get("name") or "").lower()
        if any(name in entry_name for name in names):
            return entry.get("value")
    return None


def _read_pay(value: Any) -> Pay:
    """Return the pay of all ranges together: the lowest minimum and the highest maximum, if they share a currency."""
    ranges = list_objects(value)
    currencies = {read_currency(entry.get("currency_type")) for entry in ranges}
    lows = [read_amount(entry.get("min_cents")) for entry in ranges]
    highs = [read_amount(entry.get("max_cents")) for entry in ranges]
    if len(currencies) != 1 or None in lows or None in highs:
        return NO_PAY
    low, high = min(filter(None, lows)) / 100, max(filter(None, highs)) / 100
    wording = " ".join(str(entry.get(name) or "") for entry in ranges for name in ("title", "blurb"))
    is_yearly = low >= _MIN_YEARLY and currencies <= _YEARLY_CURRENCIES and _OTHER_PERIOD.search(wording) is None
    return build_pay(minimum=low, maximum=high, currency=next(iter(currencies)), period="year" if is_yearly else None)


SOURCE = Greenhouse()
