"""The abstract page of a resume, which every producer turns into a file, and the values that it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Style = Literal["name", "headline", "contact", "heading", "entry", "text", "bullet"]
# Font sizes relative to the body text.
SIZES: Mapping[Style, float] = {
    "name": 2.2,
    "headline": 1.25,
    "contact": 0.95,
    "heading": 1.2,
    "entry": 1.05,
    "text": 1.0,
    "bullet": 1.0,
}
# Space above a line, relative to the size of the body text.
GAPS: Mapping[Style, float] = {
    "name": 0,
    "headline": 0.3,
    "contact": 0.2,
    "heading": 1.4,
    "entry": 0.7,
    "text": 0.15,
    "bullet": 0.15,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A part of a line in one font. `url` makes the part a link."""

    text: str
    bold: bool = False
    italic: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line or a paragraph, which a producer wraps.

    `right` stands at the right margin, at the height of the first line. `left` stands in a narrow column to the left.
    """

    style: Style
    runs: tuple[Run, ...] = ()
    right: Run | None = None
    left: str = ""
    is_centered: bool = False
    is_letter_spaced: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The values that a page shows, in the shape of the records of a resume corpus."""

    name: str
    email: str
    phone: str
    links: tuple[str, ...]
    positions: tuple[Mapping[str, Any], ...]
    education: tuple[Mapping[str, Any], ...]
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A resume: a header over one column, or over a main column with a sidebar.

    `side_width` is a share of the text width. `has_side_painted_last` puts the sidebar behind the main column in the
    file. `left_width` is the width of the column for `Line.left`, relative to the size of the body text.
    """

    language: str
    truth: Truth
    header: tuple[Line, ...]
    main: tuple[Line, ...]
    side: tuple[Line, ...] = ()
    side_position: Literal["left", "right"] = "left"
    side_width: float = 0.3
    has_side_painted_last: bool = False
    left_width: float = 9
    has_rules: bool = False
    is_serif: bool = False
    is_justified: bool = False
