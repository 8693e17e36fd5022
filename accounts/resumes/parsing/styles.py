"""The typography of the lines of a resume. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """The typography of one line of text.

    `size` is the line's font size divided by the body size, which is the most frequent size of the document. `indent`
    is the distance in em from the left edge of the line's column. `gap` is the space above the line in line heights.
    `page` starts at 0.
    """

    size: float = 1.0
    bold: bool = False
    indent: float = 0.0
    gap: float = 0.0
    page: int = 0
