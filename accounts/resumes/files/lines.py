"""The lines of an uploaded file, as its reader passes them on. Pure."""

from dataclasses import dataclass, field

from accounts.resumes.parsing.styles import LineStyle


@dataclass(slots=True)
class Line:
    """A line of text with its typography. `is_beside` is true if the line's column is next to another."""

    text: str
    style: LineStyle = field(default_factory=LineStyle)
    is_beside: bool = False
