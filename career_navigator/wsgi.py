"""The application that a WSGI server runs."""

import os
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from career_navigator.front import Front

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")


def _application() -> "Front":
    django = get_wsgi_application()
    # Its modules read the settings, so they come after Django is set up.
    from career_navigator.declarations import load_declared
    from career_navigator.front import Front
    from career_navigator.observability.middleware import Request

    load_declared()
    django.request_class = Request
    return Front(django)


application = _application()
