"""The value that every part of the parser returns. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundValue:
    """A value from the text, and the confidence that it was interpreted correctly."""

    value: str
    confidence: float
