"""The WSGI application."""

import os

from django.core.cache import close_caches
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")


def _build_application() -> WSGIHandler:
    django = get_wsgi_application()
    from career_navigator.apps import load_declared  # noqa: PLC0415 - needs the Django setup
    from career_navigator.observability.middleware import Request  # noqa: PLC0415 - needs the Django setup

    load_declared()
    django.request_class = Request
    # Both receivers do nothing here, because the clients of MongoDB and Redis are pools that Django never closes. But
    # they would take a tenth of the CPU time of a small request.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    return django


application = _build_application()
