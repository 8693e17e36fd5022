"""What staff do beyond editing: asked for by POST, allowed by a permission of its own, kept in the admin's log."""

import logging
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest

from career_navigator.queueing import enqueue

logger = logging.getLogger(__name__)


def demand(request: HttpRequest, permission: str) -> User:
    """The staff member, who has the permission and sent a POST. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission) or request.method != "POST":
        raise PermissionDenied
    return user


def log_act(user: User, obj: models.Model, message: str, *, flag: int = CHANGE) -> None:
    """Write an act into the admin's log and into the process's."""
    logger.info("%s by %s: %s %s", message, user.get_username(), obj._meta.label, obj.pk)
    LogEntry.objects.log_actions(user.pk, [obj], flag, message, single_object=True)


def enqueue_or_tell(request: HttpRequest, task: Any, *args: Any, otherwise: str, **options: Any) -> bool:
    """Queue a task; where the broker is unavailable show a message that says so, and what happens then."""
    is_queued = enqueue(task, *args, **options)
    if not is_queued:
        messages.error(request, f"The queue does not answer. {otherwise}")
    return is_queued
