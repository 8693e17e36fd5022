"""The interface of posting sources. Pure.

Collection takes three steps. `extract` fetches the items of a board, `transform` converts one item to a posting, and
the shared code in `ingestion.board_collection` stores the postings. To add a source, write a package whose `SOURCE` is
a `BoardSource`, and add its name to `BOARD_SOURCES` in `career_navigator/environment.py`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from ingestion.sources.values import read_id
from market.posting import Posting, PostingRejected

# Sources accept only these characters in board names. Ashby also allows spaces.
_BOARD_NAME = re.compile(r"[A-Za-z0-9._-]+(?: [A-Za-z0-9._-]+)*")

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+")


class Kind(StrEnum):
    """How postings are collected from a source.

    `SEARCH`: by role and place. `BOARD`: one board per company, which lists all open postings, so a posting that is
    missing from the board was closed. `FEED`: the newest postings of many companies, so a missing posting may be open.
    """

    SEARCH = "search"
    BOARD = "board"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of use of a source. `attribution` is the name to display with a link to the posting, if required."""

    url: str
    attribution: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Politeness:
    """Limits on requests to one host: requests per minute, and hours between two collections of a board."""

    requests_per_minute: int
    hours_between_collections: float


class Source(Protocol):
    """A source of postings. `title` is the name shown to people."""

    name: str
    title: str
    kind: Kind
    terms: Terms
    politeness: Politeness


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardAddress:
    """The name of a board in the source's spelling, and the company that the board belongs to.

    `company` is empty for feeds, whose items name their companies. `host` is empty for boards on the default host.
    """

    name: str
    company: str = ""
    host: str = ""

    def check(self) -> None:
        """Raise `InvalidBoardName` if the name or the host cannot be part of a URL."""
        if not _BOARD_NAME.fullmatch(self.name):
            raise InvalidBoardName(
                f"The board name {self.name!r} may contain only letters, digits, dots, hyphens, underscores and spaces."
            )
        if self.host and not _HOST.fullmatch(self.host):
            raise InvalidBoardName(f"{self.host!r} is not a host name such as api.eu.lever.co.")

    @property
    def quoted_name(self) -> str:
        """The name for use in a URL. Raises `InvalidBoardName`."""
        self.check()
        return quote(self.name)


class InvalidBoardName(ValueError):
    """A board's name or host cannot be part of a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResponse:
    """A successful response. `not_modified` means that the board has not changed since the previous collection."""

    body: bytes
    not_modified: bool = False

    def parse_json(self) -> Any:
        """Return the JSON value of the body. Raises `UnexpectedResponse`."""
        try:
            return json.loads(self.body.decode("utf-8-sig", errors="replace"))
        except (ValueError, RecursionError) as error:
            raise UnexpectedResponse("The response is not JSON.") from error

    def parse_items(self, key: str | None) -> list[Any]:
        """Return the list at `key` of the response's object, or the response itself. Raises `UnexpectedResponse`."""
        content = self.parse_json()
        items = content.get(key) if key and isinstance(content, Mapping) else content
        if not isinstance(items, list):
            raise UnexpectedResponse(f"The response has no list of postings{f' in {key!r}' if key else ''}.")
        return items


class UnexpectedResponse(RuntimeError):
    """A response with status 200 that does not have the source's documented form."""

    reason = "unexpected_answer"


# Fetches a URL. Raises the errors of `ingestion.sources.transport`.
Fetch = Callable[[str], SourceResponse]


class BoardSource(Source, Protocol):
    """A source whose boards or feeds are fetched page by page.

    `base_url` is the URL of the API, in which `{host}` is replaced with the board's host, or with `default_host`.
    `returns_404` is True if the source returns 404 for a board that does not exist. `has_company_names` is True if
    items name their company. `is_conditional` is True if an unchanged first page means that the board is unchanged.
    """

    base_url: str
    default_host: str
    returns_404: bool
    has_company_names: bool
    is_conditional: bool

    def list_boards(self) -> tuple[str, ...]:
        """Return the names of the source's feeds, or nothing if the source has a board per company."""

    def extract(self, *, board: BoardAddress, base_url: str, fetch: Fetch) -> Iterator[list[Any]]:
        """Yield the pages of a board, each as a list of unchanged items.

        The collector may stop after any page. Raises `UnexpectedResponse`.
        """

    def identify(self, item: Mapping[str, Any], *, board: BoardAddress) -> str | None:
        """Return the id of an item's posting, or None if the item has no readable id."""

    def transform(self, item: Mapping[str, Any], *, board: BoardAddress) -> Posting | None:
        """Return an item's posting, or None for an item that is not an open posting. Raises `PostingRejected`."""


class BaseBoardSource:
    """The parts that most sources with a board per company share."""

    kind = Kind.BOARD
    default_host = ""
    is_conditional = True

    def list_boards(self) -> tuple[str, ...]:
        """Return nothing, since each company has its own board."""
        return ()

    def identify(self, item: Mapping[str, Any], *, board: BoardAddress) -> str | None:
        """Return the board and the id, because ids are only known to be unique within a board."""
        job_id = read_id(item.get("id"))
        return f"{board.name}:{job_id}" if job_id else None


def require_title(title: str | None, job_id: str) -> str:
    """Return the title. Raise `PostingRejected` if there is none."""
    if title is None:
        raise PostingRejected("no_title", f"Job {job_id} has no title.")
    return title
