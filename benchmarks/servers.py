"""A MongoDB and a Valkey for a benchmark, and Django configured to use them. No other server is used."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from career_navigator.devserver.embedded import start_mongodb, start_valkey

# Override settings in the shell or a `.env` file that would affect the measurement.
_NEUTRAL_SETTINGS = {
    "DEBUG": "True",
    "HTTPS_ONLY": "False",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "plain",
    "METRICS_TOKEN": "",
    "MAX_JOBS_PER_SEARCH": "100",
    "THEIR_STACK_API_KEY": "",
    "THEIR_STACK_CREDIT_BUDGET": "",
}


@contextmanager
def start_servers(*, keep: Path | None = None, cache_gb: float = 0.5) -> Iterator[Path]:
    """Start both servers and set up Django. Yield the data directory: `keep`, or a temporary one.

    `cache_gb` is the size of MongoDB's cache. Use this once per process, before any Django module is imported.
    """
    with ExitStack() as stack:
        if keep is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="career-navigator-benchmark-")))
        else:
            directory = keep.resolve()
        mongodb = start_mongodb(directory=directory / "mongodb", cache_gb=cache_gb)
        stack.callback(mongodb.stop, timeout_seconds=60)
        valkey = start_valkey(directory=directory / "valkey")
        stack.callback(valkey.stop)
        set_up_django(mongodb_uri=f"{mongodb.uri}benchmark", redis_url=f"{valkey.uri}0", var_dir=directory / "var")
        _discard_log_lines(stack.enter_context(open(os.devnull, "w")))
        yield directory


def set_up_django(*, mongodb_uri: str, redis_url: str, var_dir: Path, **variables: str) -> None:
    """Set the environment of this process and its children, then set up Django.

    Use this once per process, before any Django module is imported.
    """
    servers = {"MONGODB_URI": mongodb_uri, "REDIS_URL": redis_url, "VAR_DIR": str(var_dir)}
    os.environ.update(_NEUTRAL_SETTINGS | servers | variables | {"DJANGO_SETTINGS_MODULE": "career_navigator.settings"})
    import django

    django.setup()


def use_database(name: str) -> None:
    """Switch this process to another database of its MongoDB, with indexes and the seeded vocabulary."""
    import mongoengine
    from django.conf import settings
    from django.core.management import call_command

    from career_navigator.cache import reset_caches
    from career_navigator.db.bootstrap import create_indexes
    from career_navigator.db.connection import register_connection

    mongoengine.disconnect()
    # MongoEngine takes the database name from the end of the URI.
    settings.MONGODB_URI = f"{settings.MONGODB_URI.rpartition('/')[0]}/{name}"
    settings.MONGODB_DATABASE = name
    register_connection()
    create_indexes()
    with open(os.devnull, "w") as null_file:
        call_command("seed", stdout=null_file)
    reset_caches()


def _discard_log_lines(null_file: object) -> None:
    """Format log lines and discard them. Logging then costs as much as when serving, but the table stays readable."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(null_file)
