"""Auth services: registering, logging in and changing one's profile, each within its rate limits."""

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
from accounts.services import Change, EmailTaken, LoginRejected, authenticate, change_profile, register_user
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

# A page needs nothing from anywhere, and nobody may keep it.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'",
    "Cache-Control": "no-store",
}
# Longer than a task waits that a worker takes at all.
_QUEUED_SECONDS = 600
# Tokens are secrets: not even the client's own cache keeps them.
NO_STORE = {"Cache-Control": "private, no-store"}


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = "The account was changed at the same time; read it again, then repeat the change."
    default_code = "concurrent_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login(TokenPair):
    """Who has logged in, with the tokens of the session that began."""

    user: User


def register(request: Request, given: Mapping[str, Any], *, email_field: str) -> User:
    """Add an account; `address_field` is what the body calls the address. Raises Throttled and ValidationError."""
    limits = ("register_address", get_client_ip(request)), ("register_account", given["email"])
    check_limits(*limits)
    try:
        change = register_user(**given, now=timezone.now())
    except EmailTaken as error:
        record_hits(*limits)
        raise ValidationError({email_field: ["This field is already registered."]}, "already_registered") from error
    record_hits(*limits)
    queue_collection(change)
    try:
        queue_confirmation(user_id=change.user.pk)
    except QueueUnavailable:
        logger.warning(
            "the queue is unavailable: user %s has to ask for the message that confirms the address", change.user.pk
        )
    return change.user


def queue_confirmation(*, user_id: ObjectId) -> None:
    """Have a message sent that confirms the user's address. Raises QueueUnavailable."""
    queue_message(send_confirmation_message, str(user_id))


def queue_message(task: "Task[[str], None]", argument: str) -> None:
    """Queue a task that sends a message. Raises QueueUnavailable."""
    if not enqueue(task, argument):
        raise QueueUnavailable("Messages cannot be sent just now; try again shortly.")


def queue_limited_confirmation(*, user_id: ObjectId) -> None:
    """Have the message sent as often as a user may ask for it. Raises QueueUnavailable and Throttled."""
    with rate_limited(("confirmation", str(user_id))):
        queue_confirmation(user_id=user_id)


def offer_confirmation(request: Request) -> None:
    """Have the message sent to a user who asks for digests at an address that is not confirmed, within the limit."""
    profile = _current_user(request)
    if profile.fields["email_confirmed"]:
        return
    try:
        queue_limited_confirmation(user_id=profile.pk)
    except (Throttled, QueueUnavailable) as error:
        logger.warning("user %s is sent no message that confirms the address: %s", profile.id, error)


def log_in(request: Request, *, email: str, password: str) -> Login:
    """Begin a session. Raises Throttled and AuthenticationFailed."""
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
    """Return the tokens of a new session, after the time that hashing a password has taken."""
    user_id, version = user.pk, user.token_version
    return with_fresh_deadline(lambda: start_session(user_id=user_id, token_version=version, now=timezone.now()))


def change_own_profile(request: Request, fields: Mapping[str, Any], *, first_role: str | None = None) -> User:
    """Store profile fields of the current user, in an OwnAccountViewSet; `first_role` as in `change_profile`.

    Raises StaleVersion, ConcurrentChange, ValidationError, and DoesNotExist when the user is gone.
    """
    user_id = _current_user(request).pk
    seen_at = check_if_match(request, _current_user(request).updated_at)
    change = change_profile(user_id=user_id, fields=fields, first_role=first_role, seen_at=seen_at, now=timezone.now())
    queue_collection(change)
    return change.user


def _current_user(request: Request) -> CurrentUser:
    return cast(CurrentUser, request.user)


def asks_for_a_page(request: Request) -> bool:
    """Whether a person looks at the answer, in a browser; programs take anything, and get JSON."""
    return "text/html" in request.headers.get("Accept", "")


def queue_collection(change: Change) -> None:
    """Have postings of new target roles collected, within the limits. The rest waits for the daily collection."""
    roles = _roles_within_limits(change)
    if len(roles) < len(change.new_roles):
        waiting = len(change.new_roles) - len(roles)
        logger.warning("%d new roles of user %s wait for the daily collection: too many", waiting, change.user.pk)
    if not roles:
        return
    if not enqueue("ingestion.tasks.collect_for_user", str(change.user.pk), roles):
        logger.warning("new roles of user %s wait for the daily collection", change.user.pk)
        return
    # Until the task has begun there is no run that would say so.
    execute(*(("SET", get_collection_queued_key(role), 1, "EX", _QUEUED_SECONDS) for role in roles))


def _roles_within_limits(change: Change) -> list[str]:
    """Count the new roles; each collection is paid for. A change counts as a POST /jobs/fetch_jobs of its user does."""
    if not change.new_roles:
        return []
    try:
        hit_limits(("fetch_jobs", str(change.user.pk)))
    except Throttled:
        return []
    within: list[str] = []
    for role in change.new_roles:
        try:
            # Of all users together, since accounts cost nothing.
            hit_limits(("target_roles", "everybody"))
        except Throttled:
            break
        within.append(role)
    return within
