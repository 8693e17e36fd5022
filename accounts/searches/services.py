"""Keeping searches, mailing what they newly find, each posting at most once, and the link that ends the mails.

What might fail before anything is claimed is tried first: the mail server is connected to. Then the day is claimed for
the search, then each posting, and only then the mail is sent. So a task that runs twice, at once or again, finds the
claims and sends nothing; a crash between claim and sending errs on the side of silence: no mail will ever report those
postings, while GET /jobs/searches/{id}/new still does.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from bson import ObjectId
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from mongoengine import NotUniqueError, QuerySet
from pymongo.errors import BulkWriteError
from rest_framework.exceptions import ValidationError

from accounts.documents import User
from accounts.mails import DIGEST, record_mail, recorded_mail
from accounts.searches.documents import DIGESTS, MAX_SEARCHES, NotifiedPosting, SavedSearch
from accounts.searches.selectors import (
    MAX_COUNTED,
    build_filter,
    find_postings_to_mail,
    get_local_day,
    get_monday,
    matching_postings,
)
from career_navigator.db.connection import database, find_duplicate_key_indexes
from career_navigator.documents import StaleVersion, build_idempotency_key, find_repeated
from market.jobs.filters import JobFilter
from market.jobs.listings import JobListing
from market.jobs.selectors import Row

# MongoDB keeps times to the millisecond.
_TICK = timedelta(milliseconds=1)


class TooManySearches(RuntimeError):
    """The user has as many saved searches as there can be."""


def save_search(
    *, user_id: ObjectId, name: str, job_filter: JobFilter, digest: str | None, now: datetime
) -> SavedSearch:
    """Keep a search; it begins now. Raises TooManySearches.

    The same search, saved again within minutes and not changed in between, is the one that is stored already.
    """
    key = build_idempotency_key(name, job_filter.as_body(), digest)
    search = SavedSearch(
        user=user_id,
        name=name,
        filter=job_filter.as_body(),
        digest=digest,
        digest_day=_get_digest_day(digest, now),
        since=now,
        mailed_since=now,
        created_at=now,
        updated_at=now,
        idempotency_key=key,
    )
    # A write that fails was overtaken by another search, for which there was room, or by this very one.
    while True:
        stored: SavedSearch | None = find_repeated(SavedSearch.objects, user_id=user_id, key=key, now=now)
        if stored is not None:
            return stored
        taken = list(SavedSearch.objects(user=user_id).scalar("number"))
        # Not by the numbers alone: an older release gave some searches the same one or none, so there may be more.
        if len(taken) >= MAX_SEARCHES:
            raise TooManySearches(f"there can be no more than {MAX_SEARCHES}")
        search.number = next(number for number in range(MAX_SEARCHES) if number not in taken)
        try:
            search.save(force_insert=True)
        except NotUniqueError:
            continue
        saved: SavedSearch = search.reload()  # MongoDB keeps times to the millisecond
        return saved


def change_search(
    *, search: SavedSearch, fields: dict[str, Any], seen_at: datetime | None = None, now: datetime
) -> SavedSearch:
    """Change the fields that are given of `name`, `job_filter` and `digest`.

    Another filter begins again now; so do mails that are turned on. With `seen_at`, raises StaleVersion where the
    stored search is not of that time.
    """
    # No two versions share it.
    change: dict[str, Any] = {"updated_at": max(now, search.updated_at + _TICK)}
    if "name" in fields:
        change["name"] = fields["name"]
    if "job_filter" in fields and fields["job_filter"].as_body() != search.filter:
        change |= {"filter": fields["job_filter"].as_body(), "since": now}
    if "digest" in fields and fields["digest"] != search.digest:
        change["digest"] = fields["digest"]
        if fields["digest"] is not None:
            change["digest_day"] = max(search.digest_day, _get_digest_day(fields["digest"], now))
        if search.digest is None:
            change["mailed_since"] = now
    changes = {f"set__{name}": value for name, value in change.items()}
    # It is not what was asked for any more.
    if not _find_version(search, seen_at).update_one(**changes, unset__idempotency_key=True) and seen_at is not None:
        raise StaleVersion("the search was changed since it was seen")
    changed: SavedSearch = search.reload()
    return changed


def delete_search(*, search: SavedSearch, seen_at: datetime | None = None) -> None:
    """Delete a search. With `seen_at`, raises StaleVersion where the stored search is not of that time."""
    if not _find_version(search, seen_at).delete() and seen_at is not None:
        raise StaleVersion("the search was changed since it was seen")
    NotifiedPosting.objects(search=search.pk).delete()


def _find_version(search: SavedSearch, seen_at: datetime | None) -> QuerySet:
    found: QuerySet = SavedSearch.objects(id=search.pk)
    return found if seen_at is None else found.filter(updated_at=seen_at)


def end_digest(*, search_id: ObjectId, now: datetime) -> None:
    """Send no more mails of a search. Harmless when done again, or when the search is gone."""
    ending = SavedSearch.objects(id=search_id, digest__ne=None)
    ending.update_one(set__digest=None, set__updated_at=now, unset__idempotency_key=True)


def mark_notified(*, search: SavedSearch, job_ids: Iterable[ObjectId], now: datetime) -> None:
    """What was shown is not new any more, and no mail reports it."""
    ids = list(job_ids)
    reserve_postings(search_id=search.pk, job_ids=ids, now=now)
    NotifiedPosting.objects(search=search.pk, job__in=ids, told_at=None).update(set__told_at=now)


def reserve_postings(*, search_id: ObjectId, job_ids: Iterable[ObjectId], now: datetime) -> set[ObjectId]:
    """Those of the postings that nobody has claimed for the search before; from now on they are claimed."""
    ids = list(job_ids)
    if not ids:
        return set()
    rows = [{"search": search_id, "job": job_id, "claimed_at": now} for job_id in ids]
    try:
        database().told_postings.insert_many(rows, ordered=False)
    except BulkWriteError as error:
        taken = find_duplicate_key_indexes(error)
        return {job_id for index, job_id in enumerate(ids) if index not in taken}
    return set(ids)


def delete_stale_notifications(*, search: SavedSearch) -> None:
    """Forget the told postings that are stored no longer: they cannot come again."""
    notified = set(NotifiedPosting.objects(search=search.pk).scalar("job"))
    stored = {row["_id"] for row in database().job_postings.find({"_id": {"$in": list(notified)}}, {"_id": 1})}
    NotifiedPosting.objects(search=search.pk, job__in=list(notified - stored)).delete()


def _get_digest_day(digest: str | None, now: datetime) -> str:
    """A weekly digest begins with the next Monday, a daily one with the next time that digests are sent."""
    return get_monday(get_local_day(now)).isoformat() if digest == "weekly" else ""


def erase_searches(user_id: ObjectId) -> None:
    ids = list(SavedSearch.objects(user=user_id).scalar("id"))
    NotifiedPosting.objects(search__in=ids).delete()
    SavedSearch.objects(user=user_id).delete()


logger = logging.getLogger(__name__)

MAX_MAILED = 20

UNSUBSCRIBE_PATH = "/jobs/searches/unsubscribe"
_signer = Signer(salt="accounts.searches.unsubscribe")


# Why no mail is sent, and what to do about it.
UNSENT_REASONS = {
    "account_deactivated": "The account is deactivated.",
    "digest_off": "The search sends no mails; set its digest to daily or weekly.",
    "email_not_confirmed": "The address is not confirmed; POST /auth/email/send mails a link that confirms it.",
    "no_mail_server": "This service sends no mail, since EMAIL_HOST is not set.",
    "nothing_new": "The search finds nothing that is new, so no mail is sent.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPreview:
    """A digest as it would be mailed now, or an example of one, and why none would be (one of `UNSENT_REASONS`)."""

    reason: str | None
    is_example: bool
    to: str
    subject: str
    text: str
    html: str
    jobs: int
    total: int

    @property
    def detail(self) -> str | None:
        return UNSENT_REASONS[self.reason] if self.reason is not None else None


def preview_digest(*, search: SavedSearch, now: datetime) -> DigestPreview:
    """Return the mail that would be sent now, and send and change nothing.

    Where nothing is new the newest postings of the search serve as an example. Raises ValidationError where the filter
    is not accepted any more.
    """
    user = User.objects.get(id=search.user)
    postings = find_postings_to_mail(search=search, now=now)
    rows, total = postings[:MAX_MAILED], postings.count()
    reason = _find_reason(search, user) or (None if rows else "nothing_new")
    message = _message(
        search, user, rows or matching_postings(search=search, now=now)[:MAX_MAILED], total=total, now=now
    )
    return DigestPreview(
        reason=reason,
        is_example=not rows,
        to=user.email,
        subject=str(message.subject),
        text=str(message.body),
        html=str(message.alternatives[0][0]),
        jobs=len(rows),
        total=total,
    )


def _find_reason(search: SavedSearch, user: User) -> str | None:
    if search.digest is None:
        return "digest_off"
    if not user.is_active:
        return "account_deactivated"
    if user.email_confirmed is False:
        return "email_not_confirmed"
    return None if _can_send() else "no_mail_server"


def send_digest(*, search_id: ObjectId, day: date, is_again: bool = False, now: datetime) -> int:
    """Mail what the search newly finds, once a day at most; how many postings the mail reports, 0 for no mail.

    `day` is the digest's, in TIME_ZONE; with `is_again` it is sent also where that day's was begun. Nothing is sent to
    users who are deactivated or whose address is not confirmed, and nothing where no mail server is set. Raises
    SMTPException or OSError when the mail server is unavailable; nothing is claimed then.
    """
    search = _open_digests(search_id, day, is_again).first()
    owner = User.objects(id=search.user, is_active=True, email_confirmed__ne=False) if search is not None else None
    user = owner.first() if owner is not None else None
    if search is None or user is None:
        return 0
    if not _can_send():
        record_mail(user_id=user.pk, kind=DIGEST, error="EMAIL_HOST is not set", now=now)
        return 0
    try:
        postings = find_postings_to_mail(search=search, now=now)
    except ValidationError as error:
        logger.error("the filter of saved search %s is not accepted any more: %s", search_id, error)
        return 0
    found, total = postings[:MAX_MAILED], postings.count()
    if not found:
        _begin(search, day, is_again)
        return 0
    with _connect(user.pk, now) as connection:
        if not _begin(search, day, is_again):
            return 0
        claimed = reserve_postings(search_id=search.pk, job_ids=[row["_id"] for row in found], now=now)
        rows = [row for row in found if row["_id"] in claimed]
        if not rows:
            return 0
        message = _message(search, user, rows, total=total, now=now)
        message.connection = connection
        try:
            with recorded_mail(user_id=user.pk, kind=DIGEST, now=now):
                message.send()
        except (SMTPException, OSError) as error:
            # It may have been sent all the same, so it is not tried again.
            logger.error("the digest of saved search %s may not have been sent: %s", search_id, type(error).__name__)
            return 0
        NotifiedPosting.objects(search=search.pk, job__in=list(claimed)).update(set__told_at=now)
    delete_stale_notifications(search=search)
    return len(rows)


@contextmanager
def _connect(user_id: ObjectId, now: datetime) -> Iterator[Any]:
    """Connect to the mail server; where that fails, the mail is recorded as not sent."""
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        record_mail(user_id=user_id, kind=DIGEST, error=f"{type(error).__name__}: {error}", now=now)
        raise
    with closing(connection):
        yield connection


def _can_send() -> bool:
    if "dummy" in settings.EMAIL_BACKEND:
        logger.error("EMAIL_HOST is not set: no digests of saved searches are sent")
        return False
    return True


def _open_digests(search_id: ObjectId, day: date, is_again: bool) -> QuerySet:
    searches = SavedSearch.objects(id=search_id, digest__ne=None)
    return searches if is_again else searches.filter(digest_day__lt=day.isoformat())


def _begin(search: SavedSearch, day: date, is_again: bool) -> bool:
    """Whether the day's digest is this task's; not where another has begun it, or mails were turned off meanwhile."""
    # A weekly search may be done until a later day already.
    return bool(_open_digests(search.pk, day, is_again).update_one(max__digest_day=day.isoformat()))


def _message(search: SavedSearch, user: User, rows: list[Row], *, total: int, now: datetime) -> EmailMultiAlternatives:
    """Return the mail that reports the rows, of `total` that are new."""
    more = max(0, total - len(rows))
    job_filter = build_filter(search=search)
    jobs = [_describe_job(JobListing(row, now=now, job_filter=job_filter)) for row in rows]
    unsubscribe, name = get_unsubscribe_url(search_id=search.pk), _line(search.name)
    context = {
        "app_name": settings.APP_NAME,
        "full_name": _line(user.full_name),
        "name": name,
        "digest": search.digest or DIGESTS[0],
        "jobs": jobs,
        "more": more,
        "more_is_exact": more + len(jobs) < MAX_COUNTED,
        "unsubscribe": unsubscribe,
    }
    count = f"{len(jobs)} new {'job' if len(jobs) == 1 else 'jobs'}"
    message = EmailMultiAlternatives(
        subject=f"{settings.APP_NAME}: {count} for {name}",
        body=render_to_string("accounts/digest.txt", context),
        to=[user.email],
        headers={
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    message.attach_alternative(render_to_string("accounts/digest.html", context), "text/html")
    return message


def _describe_job(listing: JobListing) -> dict[str, Any]:
    """What the mail says of a posting; its address only where a browser takes it for a page."""
    url = listing.url or ""
    facts = (listing.company, listing.location, *listing.key_info)
    return {
        "title": _line(listing.title),
        "facts": " · ".join(dict.fromkeys(_line(fact) for fact in facts if fact)),
        "url": url if urlsplit(url).scheme in ("http", "https") else "",
    }


def _line(text: str) -> str:
    return " ".join(text.split())


class InvalidToken(ValueError):
    """A token that was not signed here, or by a key that is no longer used."""


def get_unsubscribe_url(*, search_id: ObjectId) -> str:
    query = urlencode({"token": make_token(search_id=search_id)})
    return f"{settings.PUBLIC_URL}{UNSUBSCRIBE_PATH}?{query}"


def make_token(*, search_id: ObjectId) -> str:
    return _signer.sign(str(search_id))


def parse_token(token: str) -> ObjectId:
    """The search whose token it is. Raises InvalidToken."""
    try:
        return ObjectId(_signer.unsign(token))
    except BadSignature as error:
        raise InvalidToken("the token was not signed here") from error
