"""Job URLs as keys: one for all spellings of the same address. Pure."""

import re
from urllib.parse import unquote_plus, urlsplit

_TRACKING = re.compile(
    r"utm_.*|g(?:clid|clsrc|braid|h_src)|wbraid|dclid|fbclid|msclkid|yclid|twclid|ttclid|li_fat_id|igsh(?:id)?"
    r"|mc_[ce]id|_ga|_gl|_hs(?:enc|mi)|mkt_tok|oly_(?:anon|enc)_id|vero_id|trk|trackingid|lever-(?:source|origin)(?:\[\])?",
    re.IGNORECASE,
)
# Single-page applications name the job in the fragment.
_ROUTES = ("/", "!")


def url_key(url: str) -> str:
    """Return the URL without what does not tell two adverts apart.

    http counts as https, and the host is in lower case. Default ports, tracking parameters, a slash at the end and
    fragments go, except fragments that begin with `#/` or `#!`. A URL that cannot be read is its own key.
    """
    try:
        # Older releases stored URLs with HTML entities.
        parts = urlsplit(url.replace("&amp;", "&"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if not host or parts.scheme not in ("http", "https"):
        return url
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    shown_port = f":{port}" if port not in (None, 80, 443) else ""
    host = f"[{host}]" if ":" in host else host.rstrip(".")
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _tracks(pair))
    fragment = parts.fragment.rstrip("/") if parts.fragment.startswith(_ROUTES) else ""
    return "".join(
        (
            f"https://{user}{host}{shown_port}{parts.path.rstrip('/')}",
            f"?{query}" if query else "",
            f"#{fragment}" if fragment else "",
        )
    )


def _tracks(pair: str) -> bool:
    return _TRACKING.fullmatch(unquote_plus(pair.partition("=")[0])) is not None
