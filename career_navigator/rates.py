"""How often something may happen: "10/minute". Pure."""

import re
from dataclasses import dataclass

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 24 * 3600}
_WRITTEN = re.compile(r"([1-9]\d{0,8})/(" + "|".join(_SECONDS) + r")")


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` times in each window of `seconds`."""

    count: int
    seconds: int


def parse_rate(text: str) -> Rate | None:
    """ "10/minute" as a rate; None for "off". Raises ValueError with what is accepted."""
    written = text.strip().lower()
    if written == "off":
        return None
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError("accepted is a count and a time such as 10/minute (second, minute, hour, day), or off")
    return Rate(int(found[1]), _SECONDS[found[2]])
