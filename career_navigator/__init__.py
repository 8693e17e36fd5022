import gc

# Importing makes some hundred thousand objects and hardly any garbage. Python looks for some after every 700 by itself,
# which is a fifth of the time that each process takes to start; so this stands before the first import.
gc.set_threshold(50_000, *gc.get_threshold()[1:])

__version__ = "1.0.0"

from career_navigator.celery import app as celery_app  # noqa: E402

__all__ = ["__version__", "celery_app"]
