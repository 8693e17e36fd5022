"""Auth services for views: registration, login and profile changes, each with its rate limits."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from bson import ObjectId
from celery import Task
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, AuthenticationFailed, Throttled, ValidationError
from rest_framework.request import Request

from accounts.authentication import TokenPair, start_session
from accounts.documents import User
from accounts.profile_parsing import normalize_email
from accounts.selectors import get_collection_queued_key
from accounts.services import EmailTaken, LoginRejected, ProfileChange, authenticate, change_profile, register_user
from accounts.tasks import send_confirmation_message
from career_navigator.api.exceptions import QueueUnavailable
from career_navigator.api.permissions import CurrentUser
from career_navigator.api.versions import check_if_match
from career_navigator.cache.client import execute
from career_navigator.celery import enqueue
from career_navigator.observability.middleware import with_fresh_deadline
from career_navigator.throttling import (
    Busy,
    LoginLimits,
    check_limits,
    get_client_ip,
    hit_limits,
    rate_limited,
    record_hits,
)

logger = logging.getLogger(__name__)

# The HTML pages load no resources, and their URLs contain tokens, so they must not be cached.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'",
    "Cache-Control": "no-store",
}
# TTL of the "collection queued" marker. A worker takes a queued task well within this time.
_QUEUED_MARKER_TTL = 600
# Tokens are secrets and must not be stored in any cache, including the client's.
NO_STORE = {"Cache-Control": "private, no-store"}


class Conflict(APIException):
    """A 409 response, by default for a concurrent change of the account."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The account was changed by another request. Load it again and repeat your change."
    default_code = "concurrent_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(TokenPair):
    """The logged-in user with the tokens of the new session."""

    user: User


def register(request: Request, fields: Mapping[str, Any], *, email_field: str) -> User:
    """Create an account. `email_field` is the name of the email field in the request body.

    Raises:
        Throttled: the limit per client IP or per address is reached.
        ValidationError: the address is already registered.
    """
    limits = ("register_address", get_client_ip(request)), ("register_account", fields["email"])
    check_limits(*limits)
    try:
        change = register_user(**fields, now=timezone.now())
    except EmailTaken as error:
        record_hits(*limits)
        raise ValidationError({email_field: ["This field is already registered."]}, "already_registered") from error
    record_hits(*limits)
    # Hashing the password used up part of the deadline, and the role table may be read from MongoDB.
    with_fresh_deadline(lambda: queue_collection(change))
    try:
        queue_confirmation(user_id=change.user.pk)
    except QueueUnavailable:
        logger.warning("the queue is unavailable: user %s must request the confirmation message again", change.user.pk)
    return change.user


def queue_confirmation(*, user_id: ObjectId) -> None:
    """Queue the confirmation message to a user.

    Raises:
        QueueUnavailable: the task could not be queued.
    """
    queue_message(send_confirmation_message, str(user_id))


def queue_message(task: "Task[[str], None]", argument: str) -> None:
    """Queue a task that sends a message.

    Raises:
        QueueUnavailable: the task could not be queued.
    """
    if not enqueue(task, argument):
        raise QueueUnavailable("Messages cannot be sent at the moment. Try again shortly.")


def queue_limited_confirmation(*, user_id: ObjectId) -> None:
    """Queue the confirmation message within the user's rate limit.

    Raises:
        QueueUnavailable: the task could not be queued.
        Throttled: the user has requested too many messages.
    """
    with rate_limited(("confirmation", str(user_id))):
        queue_confirmation(user_id=user_id)


def offer_confirmation(request: Request) -> None:
    """Queue the confirmation message when a user turns on digests and has not confirmed the address yet.

    If the queue is unavailable or the rate limit is reached, log a warning and send nothing.
    """
    profile = _current_user(request)
    if profile.fields["email_confirmed"]:
        return
    try:
        queue_limited_confirmation(user_id=profile.pk)
    except (Throttled, QueueUnavailable) as error:
        logger.warning("the confirmation message to user %s was not queued: %s", profile.id, error)


def log_in(request: Request, *, email: str, password: str) -> Login:
    """Check the password and start a session.

    Raises:
        Throttled: there were too many failed logins for the account or from the client IP.
        AuthenticationFailed: the address or the password is wrong.
    """
    limits = LoginLimits(scope="login", account=normalize_email(email), client_ip=get_client_ip(request))
    limits.check()
    try:
        user = authenticate(email=email, password=password)
    except Busy:
        limits.undo()
        raise
    except LoginRejected as error:
        limits.count_failure()
        raise AuthenticationFailed("The email address or the password is wrong.", "wrong_credentials") from error
    limits.remember_client_ip()
    pair = begin_session(user)
    return Login(user=user, access_token=pair.access_token, refresh_token=pair.refresh_token)


def begin_session(user: User) -> TokenPair:
    """Start a session and return its tokens. The deadline is renewed, because hashing the password used part of it."""
    user_id, version = user.pk, user.token_version
    return with_fresh_deadline(lambda: start_session(user_id=user_id, token_version=version, now=timezone.now()))


def change_own_profile(request: Request, fields: Mapping[str, Any], *, first_role: str | None = None) -> User:
    """Update profile fields of the current user and queue the collection of new target roles.

    `first_role` is the argument of `change_profile`. Call this from an OwnAccountViewSet, which maps ConcurrentChange
    and DoesNotExist to responses.

    Raises:
        StaleVersion: the `If-Match` header does not match the stored profile.
        ConcurrentChange: the profile was changed by another request.
        ValidationError: the `If-Match` header is malformed.
        DoesNotExist: there is no such active user.
    """
    user_id = _current_user(request).pk
    seen_at = check_if_match(request, _current_user(request).updated_at)
    change = change_profile(user_id=user_id, fields=fields, first_role=first_role, seen_at=seen_at, now=timezone.now())
    queue_collection(change)
    return change.user


def _current_user(request: Request) -> CurrentUser:
    return cast(CurrentUser, request.user)


def accepts_html(request: Request) -> bool:
    """Return whether the client is a browser. Other clients send `Accept: */*` and receive JSON errors."""
    return "text/html" in request.headers.get("Accept", "")


def queue_collection(change: ProfileChange) -> None:
    """Queue the collection of postings for new target roles within the rate limits.

    Roles beyond the limits are collected by the daily collection.
    """
    roles = _hit_collection_limits(change)
    if len(roles) < len(change.new_roles):
        deferred = len(change.new_roles) - len(roles)
        logger.warning("rate limit: %d new roles of user %s wait for the daily collection", deferred, change.user.pk)
    if not roles:
        return
    if not enqueue("ingestion.tasks.collect_for_user", str(change.user.pk), roles):
        logger.warning("new roles of user %s wait for the daily collection", change.user.pk)
        return
    # No collection run exists until the task starts, so mark the roles as queued.
    execute(*(("SET", get_collection_queued_key(role), 1, "EX", _QUEUED_MARKER_TTL) for role in roles))


def _hit_collection_limits(change: ProfileChange) -> list[str]:
    """Count the new roles against the rate limits, since collections cost credits, and return the roles within them.

    A profile change counts as one POST /jobs/fetch_jobs of the user.
    """
    if not change.new_roles:
        return []
    try:
        hit_limits(("fetch_jobs", str(change.user.pk)))
    except Throttled:
        return []
    allowed: list[str] = []
    for role in change.new_roles:
        try:
            # The limit is shared by all users, because anyone can register any number of accounts for free.
            hit_limits(("target_roles", "everybody"))
        except Throttled:
            break
        allowed.append(role)
    return allowed
