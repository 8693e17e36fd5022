"""Services that write learning data: seed resources, apply skill merges and check links."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import mongoengine
import requests
from pymongo import UpdateMany
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from career_navigator.cache.versioned import replace_version
from career_navigator.db.catalogues import InvalidEntry, SeedSummary, seed_entries
from career_navigator.db.connection import database
from learning.documents import SKILL_PROGRESS, STATUSES, LearningResourceDocument
from learning.resources import CATALOGUE
from skills.services import get_merged_skills


def seed_resources(*, entries: Iterable[Mapping[str, Any]], now: datetime) -> SeedSummary:
    """Update the stored resources from the entries of the seed file.

    Seeding is idempotent and leaves resources that a curator edited unchanged.

    Raises:
        InvalidEntry: An entry is not a valid resource. Nothing has been written.
    """
    contents = []
    merged = get_merged_skills()
    for entry in entries:
        try:
            document = LearningResourceDocument(**entry)
            document.skill = merged.get(document.skill, document.skill)
            document.validate(clean=True)
        except (mongoengine.ValidationError, mongoengine.FieldDoesNotExist) as error:
            raise InvalidEntry(f"{entry.get('skill')}, {entry.get('url')}: {error}") from error
        contents.append({name: getattr(document, name) for name in LearningResourceDocument.SEEDED_FIELDS})
    return seed_entries(document=LearningResourceDocument, key=("skill", "url"), entries=contents, now=now)


def on_skill_merged(source: str, target: str, now: datetime) -> None:
    """Move the resources and progress of the skill `source` to `target`.

    If both skills have a resource with the same URL, the resource of `target` is kept. If a user has progress with both
    skills, the more advanced progress is kept.
    """
    resources, progress = database().learning_resources, database().learning_progress
    for row in resources.find({"skill": source}, {"url": 1}):
        if resources.count_documents({"skill": target, "url": row["url"]}, limit=1):
            resources.delete_one({"_id": row["_id"]})
        else:
            resources.update_one({"_id": row["_id"]}, {"$set": {"skill": target, "updated_at": now}})
    replace_version(CATALOGUE)
    for row in progress.find({"skill": source}):
        with SKILL_PROGRESS.invalidate(user_id=row["user"]):
            other = progress.find_one({"user": row["user"], "skill": target})
            if other is not None and STATUSES.index(other["status"]) >= STATUSES.index(row["status"]):
                progress.delete_one({"_id": row["_id"]})
                continue
            if other is not None:
                progress.delete_one({"_id": other["_id"]})
            progress.update_one({"_id": row["_id"]}, {"$set": {"skill": target}})


DEFAULT_CONCURRENCY = 8
DEFAULT_TIMEOUT_SECONDS = 10.0
RETRIES = 2
_BACKOFF_SECONDS = 0.5
_RETRY_STATUSES = frozenset({500, 502, 503, 504})
# Statuses of pages that exist but block robots or require a login. These links count as working.
_BLOCKED_STATUSES = frozenset({401, 403, 406, 429, 451, 999})
# After this many consecutive failures of a host, its remaining URLs are not requested.
_MAX_HOST_FAILURES = 3
# If at least this many hosts were requested and all failed, assume that the local network is down.
_MIN_HOSTS = 10
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; CareerNavigator-LinkCheck/1.0)", "Accept": "*/*"}


class NetworkDown(RuntimeError):
    """Raised when no host responds. No link has been marked as broken."""


class LinkOutcome(Enum):
    """The result of requesting a URL."""

    ANSWERS = "answers"
    GONE = "gone"  # client error, such as 404
    FAILS = "fails"  # no response or a server error, after all retries


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLink:
    """The result of checking one URL. `because` is the HTTP status or the name of the exception."""

    url: str
    outcome: LinkOutcome
    because: str


@dataclass(slots=True, kw_only=True)
class LinkReport:
    """The result of a link check. `repaired` lists URLs that were marked as broken before the check and work now."""

    checked: int = 0
    answering: int = 0
    broken: list[CheckedLink] = field(default_factory=list)
    newly_broken: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)


def check_links(
    *,
    now: datetime,
    concurrency: int = DEFAULT_CONCURRENCY,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    begin: Callable[[int], object] = bool,
    advance: Callable[[], object] = bool,
) -> LinkReport:
    """Request the URL of every resource, mark broken links and clear the mark of links that work again.

    A check that is cancelled or that raises an error writes nothing.

    Args:
        now: The time to store for the check.
        concurrency: Number of hosts requested concurrently. The URLs of one host are requested sequentially.
        timeout_seconds: Timeout per request.
        begin: Called once with the number of URLs. An exception it raises cancels the check.
        advance: Called from several threads after each URL. An exception it raises cancels the check.

    Raises:
        NetworkDown: No host responded.
    """
    stored = database().learning_resources
    broken_before = set(stored.distinct("url", {"broken_since": {"$ne": None}}))
    by_host: dict[str, list[str]] = {}
    for url in sorted(stored.distinct("url")):
        by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)
    begin(sum(map(len, by_host.values())))
    results: list[CheckedLink] = []
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="links") as pool:
        # Start with the hosts that have the most URLs, because one thread handles each host.
        hosts = sorted(by_host.values(), key=len, reverse=True)
        futures = [pool.submit(_check_host, urls, timeout_seconds, advance) for urls in hosts]
        try:
            for future in as_completed(futures):
                results += future.result()
        except BaseException:
            # Leaving the `with` block would otherwise wait until every queued host has been requested.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if len(by_host) >= _MIN_HOSTS and all(link.outcome is LinkOutcome.FAILS for link in results):
        raise NetworkDown(f"none of {len(by_host)} hosts responded")
    results.sort(key=lambda link: link.url)
    return _store_results(results, broken_before, now)


def _check_host(urls: Iterable[str], timeout_seconds: float, advance: Callable[[], object]) -> list[CheckedLink]:
    results: list[CheckedLink] = []
    failures = 0
    with _create_session() as session:
        for url in urls:
            if failures < _MAX_HOST_FAILURES:
                result = _check_url(session, url, timeout_seconds)
                failures = failures + 1 if result.outcome is LinkOutcome.FAILS else 0
            else:
                result = CheckedLink(url=url, outcome=LinkOutcome.FAILS, because="earlier requests to the host failed")
            results.append(result)
            advance()
    return results


def _create_session() -> requests.Session:
    session = requests.Session()
    session.headers.update(_HEADERS)
    # Without an explicit auth callable, requests would send credentials from .netrc.
    session.auth = _send_no_credentials
    retry = Retry(
        total=RETRIES,
        backoff_factor=_BACKOFF_SECONDS,
        status_forcelist=_RETRY_STATUSES,
        allowed_methods=None,
        raise_on_status=False,
        # A host can request a delay of hours. The next check runs within a week anyway.
        respect_retry_after_header=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _send_no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _check_url(session: requests.Session, url: str, timeout_seconds: float) -> CheckedLink:
    """Send a HEAD request and, if it fails, a GET request, because many servers do not support HEAD correctly."""
    result = _request(session, "HEAD", url, timeout_seconds)
    return result if result.outcome is LinkOutcome.ANSWERS else _request(session, "GET", url, timeout_seconds)


def _request(session: requests.Session, method: str, url: str, timeout_seconds: float) -> CheckedLink:
    try:
        # With `stream`, the body is not downloaded.
        with session.request(method, url, timeout=timeout_seconds, allow_redirects=True, stream=True) as response:
            status = response.status_code
    except (requests.RequestException, ValueError) as error:  # ValueError: a redirect to an invalid URL
        return CheckedLink(url=url, outcome=LinkOutcome.FAILS, because=type(error).__name__)
    if status < 400 or status in _BLOCKED_STATUSES:
        outcome = LinkOutcome.ANSWERS
    else:
        outcome = LinkOutcome.FAILS if status >= 500 else LinkOutcome.GONE
    return CheckedLink(url=url, outcome=outcome, because=str(status))


def _store_results(results: list[CheckedLink], broken_before: set[str], now: datetime) -> LinkReport:
    report = LinkReport(checked=len(results))
    writes = []
    for result in results:
        change: dict[str, object] = {"$set": {"checked_at": now}}
        if result.outcome is LinkOutcome.ANSWERS:
            report.answering += 1
            change["$unset"] = {"broken_since": ""}
            if result.url in broken_before:
                report.repaired.append(result.url)
        else:
            report.broken.append(result)
            # Keep the time at which the link was first found broken.
            writes.append(UpdateMany({"url": result.url, "broken_since": None}, {"$set": {"broken_since": now}}))
            if result.url not in broken_before:
                report.newly_broken.append(result.url)
        writes.append(UpdateMany({"url": result.url}, change))
    if writes:
        database().learning_resources.bulk_write(writes, ordered=False)
    if report.newly_broken or report.repaired:
        replace_version(CATALOGUE)
    return report
