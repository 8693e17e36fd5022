"""Writing what can be learnt: seeding resources, following a merge of two skills, checking links."""

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
    """Bring the stored resources up to the entries of the seed file; safe to repeat, and what curators edited is kept.

    Raises InvalidEntry, before anything is written, when an entry cannot be a resource.
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
    """Rename the skill. Of two resources with one address that of the skill that stays is kept; of two progresses of
    one user the further one."""
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
_TRY_AGAIN = frozenset({500, 502, 503, 504})
# A site that turns robots away, or wants a login, is there all the same.
_REJECTED = frozenset({401, 403, 406, 429, 451, 999})
# Once a host failed to answer so often in a row, its other addresses are not asked.
_MAX_HOST_FAILURES = 3
# When none of so many hosts answers, it is our own network that is down.
_MIN_HOSTS = 10
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; CareerNavigator-LinkCheck/1.0)", "Accept": "*/*"}


class NetworkDown(RuntimeError):
    """No host answered at all; nothing was marked."""


class LinkOutcome(Enum):
    ANSWERS = "answers"
    GONE = "gone"  # the host says that there is no such page
    FAILS = "fails"  # no answer, or an error, however often it was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLink:
    """What came of one address; `because` is a status or what went wrong."""

    url: str
    outcome: LinkOutcome
    because: str


@dataclass(slots=True, kw_only=True)
class LinkReport:
    """What a check found, by address; `repaired` were broken before and answer now."""

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
    """Ask every address, mark those that do not answer as broken, and clear the mark of those that do again.

    So many hosts are asked at once, each one address after the other. `begin` is told how many addresses there are,
    `advance`, from several threads, each time one is done; what either raises ends the check, and nothing is marked.
    Raises NetworkDown.
    """
    stored = database().learning_resources
    broken_before = set(stored.distinct("url", {"broken_since": {"$ne": None}}))
    by_host: dict[str, list[str]] = {}
    for url in sorted(stored.distinct("url")):
        by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)
    begin(sum(map(len, by_host.values())))
    results: list[CheckedLink] = []
    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="links") as pool:
        # The largest hosts first, since each is one thread's work.
        hosts = sorted(by_host.values(), key=len, reverse=True)
        futures = [pool.submit(_check_host, urls, timeout_seconds, advance) for urls in hosts]
        try:
            for future in as_completed(futures):
                results += future.result()
        except BaseException:
            # Hosts that were not asked yet would each be asked once before the pool ends.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if len(by_host) >= _MIN_HOSTS and all(each.outcome is LinkOutcome.FAILS for each in results):
        raise NetworkDown(f"none of {len(by_host)} hosts answered")
    results.sort(key=lambda each: each.url)
    return _record(results, broken_before, now)


def _check_host(urls: Iterable[str], timeout_seconds: float, advance: Callable[[], object]) -> list[CheckedLink]:
    results: list[CheckedLink] = []
    failures = 0
    with _session() as session:
        for url in urls:
            if failures < _MAX_HOST_FAILURES:
                result = _check(session, url, timeout_seconds)
                failures = failures + 1 if result.outcome is LinkOutcome.FAILS else 0
            else:
                result = CheckedLink(url=url, outcome=LinkOutcome.FAILS, because="the host did not answer before")
            results.append(result)
            advance()
    return results


def _session() -> requests.Session:
    session = requests.Session()
    session.headers.update(_HEADERS)
    # Only the addresses count, not what the environment says of proxies' passwords or .netrc.
    session.auth = _anonymous
    retry = Retry(
        total=RETRIES,
        backoff_factor=_BACKOFF_SECONDS,
        status_forcelist=_TRY_AGAIN,
        allowed_methods=None,
        raise_on_status=False,
        # A host may ask for hours of patience; the next check comes in a week anyway.
        respect_retry_after_header=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _check(session: requests.Session, url: str, timeout_seconds: float) -> CheckedLink:
    """Ask by HEAD, and by GET where that does not get a good answer: many servers answer HEAD wrongly."""
    result = _ask(session, "HEAD", url, timeout_seconds)
    return result if result.outcome is LinkOutcome.ANSWERS else _ask(session, "GET", url, timeout_seconds)


def _ask(session: requests.Session, method: str, url: str, timeout_seconds: float) -> CheckedLink:
    try:
        # The body is not read.
        with session.request(method, url, timeout=timeout_seconds, allow_redirects=True, stream=True) as answer:
            status = answer.status_code
    except (requests.RequestException, ValueError) as error:  # ValueError: what a redirect names is no address
        return CheckedLink(url=url, outcome=LinkOutcome.FAILS, because=type(error).__name__)
    if status < 400 or status in _REJECTED:
        outcome = LinkOutcome.ANSWERS
    else:
        outcome = LinkOutcome.FAILS if status >= 500 else LinkOutcome.GONE
    return CheckedLink(url=url, outcome=outcome, because=str(status))


def _record(results: list[CheckedLink], broken_before: set[str], now: datetime) -> LinkReport:
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
            # The day it was first found broken stands.
            writes.append(UpdateMany({"url": result.url, "broken_since": None}, {"$set": {"broken_since": now}}))
            if result.url not in broken_before:
                report.newly_broken.append(result.url)
        writes.append(UpdateMany({"url": result.url}, change))
    if writes:
        database().learning_resources.bulk_write(writes, ordered=False)
    if report.newly_broken or report.repaired:
        replace_version(CATALOGUE)
    return report
