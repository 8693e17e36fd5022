"""Find the links of a resume. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from accounts.resumes.parsing.values import FoundValue

_MAX_LINKS = 20
_MAX_LENGTH = 500
_NETWORKS = {
    "linkedin.com": "LinkedIn",
    "github.com": "GitHub",
    "gitlab.com": "GitLab",
    "bitbucket.org": "Bitbucket",
    "stackoverflow.com": "Stack Overflow",
    "x.com": "X",
    "twitter.com": "X",
    "kaggle.com": "Kaggle",
    "medium.com": "Medium",
    "xing.com": "XING",
    "behance.net": "Behance",
    "dribbble.com": "Dribbble",
    "dev.to": "DEV Community",
    "leetcode.com": "LeetCode",
    "hackerrank.com": "HackerRank",
    "orcid.org": "ORCID",
    "researchgate.net": "ResearchGate",
    "youtube.com": "YouTube",
    "instagram.com": "Instagram",
    "huggingface.co": "Hugging Face",
    "codepen.io": "CodePen",
    "npmjs.com": "npm",
}
_TAIL_CHARACTER = r"[^\s<>\[\]\"'|,;\u2022·]"
_TAIL = rf"{_TAIL_CHARACTER}{{1,500}}"
_HOSTS = "|".join(re.escape(host) for host in _NETWORKS)
_LINK = re.compile(
    rf"(?<![\w@./-])(?:https?://{_TAIL}|www\.{_TAIL}|(?:[a-z]{{2,3}}\.)?(?:{_HOSTS})/{_TAIL})", re.IGNORECASE
)
# Without a scheme, only names with usual endings are links: "Node.js" and "e.g." are none.
_DOMAIN = re.compile(
    r"(?<![\w@./+-])(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.){1,3}"
    r"(?:com|org|net|io|dev|me|ai|app|co|info|edu|eu|xyz|tech|design|page|site|online|blog|studio|cloud|works|codes"
    r"|engineer"
    r"|de|fr|es|pt|br|uk|us|ca|ch|at|nl|be|it|pl|se|no|dk|fi|in|au|nz|ie|cz|to|sh|so|name|pro|link|website|software)"
    rf"(?![\w.-]{{0,64}}@)(?:/{_TAIL_CHARACTER}{{0,500}}|(?![\w.-]))",
    re.IGNORECASE,
)
_NOT_DOMAINS = frozenset({"asp.net", "socket.io", "vb.net", "ado.net", "ml.net", "b.sc", "m.sc", "draw.io"})


def find_network(url: str) -> str | None:
    """Return the name of the professional network that a URL belongs to, if any."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return next((name for domain, name in _NETWORKS.items() if host == domain or host.endswith(f".{domain}")), None)


def find_links(text: str, *, head: str, targets: Iterable[str]) -> tuple[FoundValue, ...]:
    """Return the links of a resume, each once.

    Names of sites without a scheme count only in `head`, the lines with the contact details. `targets` are the link
    targets of the file.
    """
    visible = [_clean(match[0]) for match in _LINK.finditer(text)]
    domains = [_clean(match[0]) for match in _DOMAIN.finditer(head)]
    urls = [link if "://" in link else f"https://{link}" for link in visible]
    bare = [f"https://{domain}" for domain in domains if domain.casefold() not in _NOT_DOMAINS]
    found: dict[str, FoundValue] = {}
    rated = [*((url, 0.9) for url in urls), *((url, 0.85) for url in targets), *((url, 0.8) for url in bare)]
    for url, confidence in rated:
        if len(url) <= _MAX_LENGTH and _is_web_url(url):
            key = url.split("://", 1)[1].removeprefix("www.").rstrip("/").casefold()
            found.setdefault(key, FoundValue(url, confidence))
    return tuple(value for key, value in found.items() if not _is_cut_off(key, found))[:_MAX_LINKS]


def _is_cut_off(key: str, keys: Iterable[str]) -> bool:
    """Return whether a link is only the beginning of another, because a line break divides that one."""
    longer = [other for other in keys if other != key and other.startswith(key)]
    is_bare = key in _NETWORKS or key.removesuffix("/in") in _NETWORKS
    return bool(longer) and (is_bare or all(other[len(key)] != "/" for other in longer))


def _clean(link: str) -> str:
    """Return a link without punctuation and brackets that belong to the text around it."""
    link = link.rstrip(".:/*_`-‐")
    while link and link[-1] in ")]}" and link.count(link[-1]) > link.count({")": "(", "]": "[", "}": "{"}[link[-1]]):
        link = link[:-1].rstrip(".:/")
    return link


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    # `isprintable` rejects control characters, lone surrogates and every space except U+0020.
    return parts.scheme in {"http", "https"} and "." in (host or "") and url.isprintable() and " " not in url
