"""Changes of stored data that a release needs once, numbered and recorded in the collection `data_migrations`."""

import logging
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from career_navigator.connection import database

logger = logging.getLogger(__name__)


def apply_data_migrations(*, now: datetime) -> list[str]:
    """Run the migrations of `DATA_MIGRATIONS` that are not recorded, in order; return their names.

    Each is safe to repeat, to break off and to run twice at once. One that raises ends this, and is run the next time.
    """
    applied = set(database().data_migrations.distinct("_id"))
    missing = {name: path for name, path in settings.DATA_MIGRATIONS.items() if name not in applied}
    for name, path in missing.items():
        import_string(path)(now=now)
        database().data_migrations.update_one({"_id": name}, {"$setOnInsert": {"applied_at": now}}, upsert=True)
        logger.info("applied the data migration %s", name)
    return list(missing)
