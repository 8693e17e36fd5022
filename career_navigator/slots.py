"""Bound how many requests hold a thread for long, so that two threads of a web process stay free for the others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from rest_framework.exceptions import APIException

FREE_THREADS = 2
_BUSY_RETRY_AFTER_SECONDS = 1

_slots = settings.WEB_THREADS - FREE_THREADS
# Of the slots, those for requests that only wait: for an upload to be read, for a first page of postings.
MAX_WAITING = _slots // 2
# The others are for hashing a password, which takes a processor half a second.
MAX_HASHING = _slots - MAX_WAITING
_waiting = threading.BoundedSemaphore(MAX_WAITING)
_hashing = threading.BoundedSemaphore(MAX_HASHING)


class Busy(APIException):
    """As many passwords are being hashed as may be at once."""

    status_code = 503
    default_detail = "Too many people are logging in at once; try again shortly."
    default_code = "busy"
    wait = _BUSY_RETRY_AFTER_SECONDS  # answered as Retry-After


@contextmanager
def waiting_slot() -> Iterator[bool]:
    """Hold a slot for the block; False where none is free, and the block must not wait."""
    is_free = _waiting.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _waiting.release()


class PasswordHasher(PBKDF2PasswordHasher):
    """Django's, for users and staff alike, no more than MAX_HASHING at once. Raises Busy."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        if not _hashing.acquire(blocking=False):
            raise Busy
        try:
            return super().encode(*args, **kwargs)
        finally:
            _hashing.release()
