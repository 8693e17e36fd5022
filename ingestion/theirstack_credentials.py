"""The key, which travels in one header and is shown nowhere: in no log, no exception, no repr, no crash report."""

import re
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from ingestion.theirstack_errors import TheirStackConfigurationError


class Unshown(str):
    """Text that a traceback with local variables, or a dump of an object, does not give away."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class BearerKey(AuthBase):
    """Sets the header as `auth`, so that a netrc entry for the host cannot take the header's place."""

    def __init__(self, *, api_key: str) -> None:
        self._header = Unshown(f"Bearer {api_key}")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


def forget_request(error: requests.RequestException) -> None:
    """Keep what the libraries say and drop what they hold: the request, and the frames it was sent from.

    Both have the key in them, where a crash report that lists local variables would find it.
    """
    error.request = error.response = None
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is not None and link.__traceback__ is not None:  # None: this link was met before
            link.__traceback__ = None
            chain += [link.__cause__, link.__context__]


def checked_base_url(base_url: str) -> str:
    """The address without a final slash; TheirStackConfigurationError when it cannot be one or holds a secret."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise TheirStackConfigurationError(
            "bad_base_url", "THEIR_STACK_BASE_URL has to be an http or https address without user and query."
        )
    return base_url.rstrip("/")


def checked_key(api_key: str) -> str:
    """The key; TheirStackConfigurationError when there is none or no header could carry it."""
    if not api_key:
        raise TheirStackConfigurationError("no_api_key", "THEIR_STACK_API_KEY is not set.")
    # What is checked here cannot end up in an exception of the libraries below, which show a header they refuse.
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise TheirStackConfigurationError(
            "bad_api_key", "THEIR_STACK_API_KEY has white space or characters in it that no key has."
        )
    return api_key
