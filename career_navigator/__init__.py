"""The shared package: settings, API base classes, caches, background tasks and the admin."""

import gc

# Imports create about a hundred thousand objects and almost no garbage. With the default threshold of 700, garbage
# collection takes a fifth of each process's startup time. Set the threshold before the first import.
gc.set_threshold(50_000, *gc.get_threshold()[1:])

__version__ = "1.0.0"

from career_navigator.celery import app as celery_app  # noqa: E402

__all__ = ["__version__", "celery_app"]
