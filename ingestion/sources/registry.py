"""Registry of the installed and the enabled board sources."""

from functools import cache
from importlib import import_module

from django.conf import settings

from ingestion.sources.base import BoardAddress, BoardSource


class UnknownSource(LookupError):
    """No installed source has this name."""


@cache
def get_board_source(name: str) -> BoardSource:
    """Return the source of boards with this name. Raises `UnknownSource`."""
    if name not in settings.INSTALLED_SOURCES:
        names = ", ".join(settings.INSTALLED_SOURCES)
        raise UnknownSource(f"There is no source of boards {name!r}. The sources are {names}.")
    source: BoardSource = import_module(f"ingestion.sources.{name}").SOURCE
    return source


def list_enabled_sources() -> list[BoardSource]:
    """Return the sources of boards in the setting SOURCES."""
    return [get_board_source(name) for name in settings.SOURCES if name in settings.INSTALLED_SOURCES]


def build_base_url(*, source: BoardSource, address: BoardAddress) -> str:
    """Return the URL at which a board's source is reached.

    SOURCE_BASE_URL replaces the scheme and host of all sources. The source and the board's host then follow as path.

    Raises:
        InvalidBoardName: The board's name or host cannot be part of a URL.
    """
    address.check()
    host = address.host or source.default_host.format(board=address.quoted_name)
    if settings.SOURCE_BASE_URL:
        return "/".join(part for part in (settings.SOURCE_BASE_URL, source.name, host) if part)
    return source.base_url.format(host=host)
