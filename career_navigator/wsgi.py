"""The application that a WSGI server runs."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")


def _application() -> WSGIHandler:
    django = get_wsgi_application()
    # Its modules read the settings, so they come after Django is set up.
    from career_navigator.apps import load_declared
    from career_navigator.observability.middleware import Request

    load_declared()
    django.request_class = Request
    return django


application = _application()
