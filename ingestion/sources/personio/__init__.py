"""Personio, an HR system with a public feed of each company's positions."""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ingestion.sources.base import (
    BaseBoardSource,
    BoardAddress,
    Fetch,
    Politeness,
    Terms,
    UnexpectedResponse,
    require_title,
)
from ingestion.sources.fields import build_place_fields, is_hybrid_label, is_remote_label
from ingestion.sources.text import convert_html, join_sections
from ingestion.sources.values import MAX_LABEL_LENGTH, MAX_NAME_LENGTH, MAX_TITLE_LENGTH, read_day, read_text
from market.posting import Posting

# A position that is published in one language has no description in the others.
LANGUAGES = ("en", "de")
_EMPLOYMENT = {
    "temporary": ("temporary",),
    "intern": ("internship",),
    "trainee": ("internship",),
    "working_student": ("internship",),
    "freelance": ("contract",),
}
_SCHEDULES = {
    "full-time": ("full_time",),
    "part-time": ("part_time",),
    "full-or-part-time": ("full_time", "part_time"),
}
_SENIORITIES = {"entry-level": "junior", "executive": "c_level"}


class Personio(BaseBoardSource):
    """The source Personio. Each board has its own host and is fetched once per language."""

    name = "personio"
    title = "Personio"
    terms = Terms(url="https://developer.personio.de/reference/get_xml")
    politeness = Politeness(requests_per_minute=60, hours_between_collections=6)
    base_url = "https://{host}"
    default_host = "{board}.jobs.personio.de"
    # Each language has a page of its own, and may change alone.
    is_conditional = False
    returns_404 = False
    has_company_names = False

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the positions of a board, each with its first description that is not empty. See `BoardSource`."""
        positions: dict[object, dict[str, Any]] = {}
        for language in LANGUAGES:
            for position in _parse(fetch(f"{base_url}/xml?language={language}").body):
                stored = positions.setdefault(position["id"] or object(), position)
                if not stored["sections"]:
                    stored["sections"] = position["sections"]
        yield list(positions.values())

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return the posting of a position."""
        job_id = self.identify(item, board=board) or ""
        number = job_id.partition(":")[2]
        # The feed has no URL. This is the documented form.
        url = f"https://{board.host or f'{board.name}.jobs.personio.de'}/job/{number}"
        label = read_text(item["office"], max_length=MAX_LABEL_LENGTH)
        offices = [{"name": name} for name in (label, *item["offices"]) if name]
        statuses = (*_SCHEDULES.get(item["schedule"], ()), *_EMPLOYMENT.get(item["employmentType"], ()))
        company = board.company or read_text(item["subcompany"], max_length=MAX_NAME_LENGTH)
        return Posting(
            source=self.name,
            job_id=job_id,
            url=url,
            final_url=url,
            title=require_title(read_text(item["name"], max_length=MAX_TITLE_LENGTH), job_id),
            company=company or board.name,
            description=join_sections(*item["sections"]),
            date_posted=read_day(item["createdAt"]),
            remote=is_remote_label(label),
            hybrid=is_hybrid_label(label),
            seniority=_SENIORITIES.get(item["seniority"]),
            employment_statuses=statuses,
            **build_place_fields(label=label, locations=offices),
        )


def _parse(body: bytes) -> list[dict[str, Any]]:
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnexpectedResponse("The response is not XML.") from error
    if root.tag != "workzag-jobs":
        raise UnexpectedResponse(f"The response is an XML document <{root.tag[:40]}>, not a list of positions.")
    return [_parse_position(position) for position in root.findall("position")]


def _parse_position(position: Element) -> dict[str, Any]:
    texts = ("id", "name", "office", "subcompany", "schedule", "employmentType", "seniority", "createdAt")
    # Only direct children, because each description contains its own `name` element.
    values: dict[str, Any] = {name: (position.findtext(name) or "").strip() for name in texts}
    values["offices"] = [office.text for office in position.findall("additionalOffices/office")]
    sections = (
        (read_text(description.findtext("name"), max_length=200), convert_html(description.findtext("value")))
        for description in position.findall("jobDescriptions/jobDescription")
    )
    values["sections"] = [section for section in sections if section[1]]
    return values


SOURCE = Personio()
