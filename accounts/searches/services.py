"""Services for saved searches, their email digests and unsubscribing. A digest reports a posting at most once.

`send_digest` first connects to the mail server, since that can fail without side effects. It then acquires the day's
digest for the search, reserves each posting, and sends the email last. A task that runs twice finds the reservations
and sends nothing. After a crash between reservation and sending, no email ever reports those postings, but
GET /jobs/searches/{id}/new still lists them.
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
    find_matching_postings,
    find_postings_to_mail,
    get_local_day,
    get_monday,
)
from career_navigator.db.connection import database, find_duplicate_key_indexes
from career_navigator.documents import StaleVersion, build_idempotency_key, find_repeated
from market.jobs.filters import JobFilter
from market.jobs.listings import JobListing
from market.jobs.selectors import Row

# MongoDB stores times with millisecond precision.
_TICK = timedelta(milliseconds=1)


class TooManySearches(RuntimeError):
    """Raised when the user already has the maximum number of saved searches."""


def save_search(
    *, user_id: ObjectId, name: str, job_filter: JobFilter, digest: str | None, now: datetime
) -> SavedSearch:
    """Store a search. Postings collected from now on are new.

    Idempotent: if the same search was saved within the last minutes and not changed since, return that search.

    Raises:
        TooManySearches: the user has `MAX_SEARCHES` searches.
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
    # The insert fails if a concurrent request took the number or saved the same search. Try again in either case.
    while True:
        stored: SavedSearch | None = find_repeated(SavedSearch.objects, user_id=user_id, key=key, now=now)
        if stored is not None:
            return stored
        taken = list(SavedSearch.objects(user=user_id).scalar("number"))
        # Count the searches and not the distinct numbers: older releases stored duplicate or missing numbers.
        if len(taken) >= MAX_SEARCHES:
            raise TooManySearches(f"the user already has {MAX_SEARCHES} saved searches")
        search.number = next(number for number in range(MAX_SEARCHES) if number not in taken)
        try:
            search.save(force_insert=True)
        except NotUniqueError:
            continue
        saved: SavedSearch = search.reload()  # because MongoDB truncates times to milliseconds
        return saved


def change_search(
    *, search: SavedSearch, fields: dict[str, Any], seen_at: datetime | None = None, now: datetime
) -> SavedSearch:
    """Change `name`, `job_filter` or `digest`, whichever `fields` contains.

    A new filter resets `since` to `now`. Turning on emails sets `mailed_since` to `now`. `seen_at` is the `updated_at`
    of the version that the change is based on. Raises StaleVersion if the stored search is another version.
    """
    # `updated_at` identifies the version, so it must increase.
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
    # Remove the idempotency key, because the stored search no longer equals the one originally requested.
    if not _query_version(search, seen_at).update_one(**changes, unset__idempotency_key=True) and seen_at is not None:
        raise StaleVersion("the search has changed since the given version")
    changed: SavedSearch = search.reload()
    return changed


def delete_search(*, search: SavedSearch, seen_at: datetime | None = None) -> None:
    """Delete a search and its notified postings. Raises StaleVersion if `seen_at` is not the stored version."""
    if not _query_version(search, seen_at).delete() and seen_at is not None:
        raise StaleVersion("the search has changed since the given version")
    NotifiedPosting.objects(search=search.pk).delete()


def _query_version(search: SavedSearch, seen_at: datetime | None) -> QuerySet:
    searches: QuerySet = SavedSearch.objects(id=search.pk)
    return searches if seen_at is None else searches.filter(updated_at=seen_at)


def end_digest(*, search_id: ObjectId, now: datetime) -> None:
    """Turn off the emails of a search. Idempotent. A deleted search is ignored."""
    subscribed = SavedSearch.objects(id=search_id, digest__ne=None)
    subscribed.update_one(set__digest=None, set__updated_at=now, unset__idempotency_key=True)


def mark_notified(*, search: SavedSearch, job_ids: Iterable[ObjectId], now: datetime) -> None:
    """Mark postings as notified, so that they are no longer new and no email reports them."""
    ids = list(job_ids)
    reserve_postings(search_id=search.pk, job_ids=ids, now=now)
    NotifiedPosting.objects(search=search.pk, job__in=ids, told_at=None).update(set__told_at=now)


def reserve_postings(*, search_id: ObjectId, job_ids: Iterable[ObjectId], now: datetime) -> set[ObjectId]:
    """Reserve postings for an email of the search, and return those that were not reserved before."""
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
    """Delete the notifications of postings that are no longer stored, since those cannot become new again."""
    notified = set(NotifiedPosting.objects(search=search.pk).scalar("job"))
    stored = {row["_id"] for row in database().job_postings.find({"_id": {"$in": list(notified)}}, {"_id": 1})}
    NotifiedPosting.objects(search=search.pk, job__in=list(notified - stored)).delete()


def _get_digest_day(digest: str | None, now: datetime) -> str:
    """Return the initial `digest_day`. A weekly digest starts next Monday, a daily digest with the next daily run."""
    return get_monday(get_local_day(now)).isoformat() if digest == "weekly" else ""


def erase_searches(user_id: ObjectId) -> None:
    """Delete the user's saved searches and their notified postings."""
    ids = list(SavedSearch.objects(user=user_id).scalar("id"))
    NotifiedPosting.objects(search__in=ids).delete()
    SavedSearch.objects(user=user_id).delete()


logger = logging.getLogger(__name__)

MAX_MAILED = 20

UNSUBSCRIBE_PATH = "/jobs/searches/unsubscribe"
_signer = Signer(salt="accounts.searches.unsubscribe")


# The reasons why no email is sent, and what to do about them.
UNSENT_REASONS = {
    "account_deactivated": "The account is deactivated.",
    "digest_off": "Emails are off for this search. Set its digest to daily or weekly.",
    "email_not_confirmed": "Your address is not confirmed. Use POST /auth/email/send to receive a confirmation link.",
    "no_mail_server": "This service cannot send email, because EMAIL_HOST is not set.",
    "nothing_new": "There are no new postings for this search.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPreview:
    """The digest that would be sent now, or an example if there are no new postings.

    `reason` is a key of `UNSENT_REASONS` if no email would be sent, else None. `jobs` is the number of postings listed,
    `total` the number of new postings.
    """

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
    """Return the email that would be sent now, without sending or changing anything.

    If there are no new postings, the preview shows the newest matching postings. Raises ValidationError if the filter
    of the search is no longer valid.
    """
    user = User.objects.get(id=search.user)
    postings = find_postings_to_mail(search=search, now=now)
    rows, total = postings[:MAX_MAILED], postings.count()
    reason = _find_unsent_reason(search, user) or (None if rows else "nothing_new")
    shown_rows = rows or find_matching_postings(search=search, now=now)[:MAX_MAILED]
    message = _build_message(search, user, shown_rows, total=total, now=now)
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


def _find_unsent_reason(search: SavedSearch, user: User) -> str | None:
    if search.digest is None:
        return "digest_off"
    if not user.is_active:
        return "account_deactivated"
    if user.email_confirmed is False:
        return "email_not_confirmed"
    return None if _is_mail_configured() else "no_mail_server"


def send_digest(*, search_id: ObjectId, day: date, force: bool = False, now: datetime) -> int:
    """Email the new postings of a search, at most once per day, and return the number of postings reported.

    `day` is the day of the digest in TIME_ZONE. With `force`, the digest is sent even if that day's was already
    started. Return 0 without sending if there is nothing new, the user is deactivated, the address is not confirmed, or
    no mail server is configured.

    Raises:
        SMTPException, OSError: the mail server is unavailable. Nothing has been reserved, so the task can be retried.
    """
    search = _query_pending_digest(search_id, day, force).first()
    owner = User.objects(id=search.user, is_active=True, email_confirmed__ne=False) if search is not None else None
    user = owner.first() if owner is not None else None
    if search is None or user is None:
        return 0
    if not _is_mail_configured():
        record_mail(user_id=user.pk, kind=DIGEST, error="EMAIL_HOST is not set", now=now)
        return 0
    try:
        postings = find_postings_to_mail(search=search, now=now)
    except ValidationError as error:
        logger.error("the filter of saved search %s is no longer valid: %s", search_id, error)
        return 0
    candidates, total = postings[:MAX_MAILED], postings.count()
    if not candidates:
        _acquire_digest(search, day, force)
        return 0
    with _open_mail_connection(user.pk, now) as connection:
        if not _acquire_digest(search, day, force):
            return 0
        reserved = reserve_postings(search_id=search.pk, job_ids=[row["_id"] for row in candidates], now=now)
        rows = [row for row in candidates if row["_id"] in reserved]
        if not rows:
            return 0
        message = _build_message(search, user, rows, total=total, now=now)
        message.connection = connection
        try:
            with recorded_mail(user_id=user.pk, kind=DIGEST, now=now):
                message.send()
        except (SMTPException, OSError) as error:
            # The server may have accepted the email despite the error, so do not retry.
            logger.error("the digest of saved search %s may not have been sent: %s", search_id, type(error).__name__)
            return 0
        NotifiedPosting.objects(search=search.pk, job__in=list(reserved)).update(set__told_at=now)
    delete_stale_notifications(search=search)
    return len(rows)


@contextmanager
def _open_mail_connection(user_id: ObjectId, now: datetime) -> Iterator[Any]:
    """Connect to the mail server. If that fails, record the email as failed and re-raise the error."""
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        record_mail(user_id=user_id, kind=DIGEST, error=f"{type(error).__name__}: {error}", now=now)
        raise
    with closing(connection):
        yield connection


def _is_mail_configured() -> bool:
    if "dummy" in settings.EMAIL_BACKEND:
        logger.error("EMAIL_HOST is not set: no digests of saved searches are sent")
        return False
    return True


def _query_pending_digest(search_id: ObjectId, day: date, force: bool) -> QuerySet:
    searches = SavedSearch.objects(id=search_id, digest__ne=None)
    return searches if force else searches.filter(digest_day__lt=day.isoformat())


def _acquire_digest(search: SavedSearch, day: date, force: bool) -> bool:
    """Acquire the day's digest. Return False if another task has acquired it or emails were turned off."""
    # Use $max, because `digest_day` of a weekly search may already be later.
    return bool(_query_pending_digest(search.pk, day, force).update_one(max__digest_day=day.isoformat()))


def _build_message(
    search: SavedSearch, user: User, rows: list[Row], *, total: int, now: datetime
) -> EmailMultiAlternatives:
    """Build the email that lists the rows. `total` is the number of new postings."""
    more = max(0, total - len(rows))
    job_filter = build_filter(search=search)
    jobs = [_describe_job(JobListing(row, now=now, job_filter=job_filter)) for row in rows]
    unsubscribe, name = get_unsubscribe_url(search_id=search.pk), _collapse_whitespace(search.name)
    context = {
        "app_name": settings.APP_NAME,
        "full_name": _collapse_whitespace(user.full_name),
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
    """Return the template context for a posting. Only http and https URLs become links."""
    url = listing.url or ""
    facts = (listing.company, listing.location, *listing.key_info)
    return {
        "title": _collapse_whitespace(listing.title),
        "facts": " · ".join(dict.fromkeys(_collapse_whitespace(fact) for fact in facts if fact)),
        "url": url if urlsplit(url).scheme in ("http", "https") else "",
    }


def _collapse_whitespace(text: str) -> str:
    return " ".join(text.split())


class InvalidToken(ValueError):
    """Raised for an unsubscribe token that is not signed with a current key."""


def get_unsubscribe_url(*, search_id: ObjectId) -> str:
    """Return the signed link that turns off the emails of a search."""
    query = urlencode({"token": make_token(search_id=search_id)})
    return f"{settings.PUBLIC_URL}{UNSUBSCRIBE_PATH}?{query}"


def make_token(*, search_id: ObjectId) -> str:
    """Return the signed unsubscribe token of a search."""
    return _signer.sign(str(search_id))


def parse_token(token: str) -> ObjectId:
    """Return the id of the search that an unsubscribe token names. Raises InvalidToken for a bad signature."""
    try:
        return ObjectId(_signer.unsign(token))
    except BadSignature as error:
        raise InvalidToken("the signature of the token is not valid") from error
