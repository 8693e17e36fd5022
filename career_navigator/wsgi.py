"""The WSGI application."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")


def _build_application() -> WSGIHandler:
    django = get_wsgi_application()
    # These modules read the settings, so import them after the Django setup.
    from career_navigator.apps import load_declared
    from career_navigator.observability.middleware import Request

    load_declared()
    django.request_class = Request
    return django


application = _build_application()
