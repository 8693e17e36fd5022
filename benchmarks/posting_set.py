"""Functions that fill a database with generated postings in the same way as a collection does."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from market.posting import Posting

BATCH_SIZE = 1_000
DAYS = 400
SEED = 7


def generate_postings(*, count: int, now: datetime, seed: int = SEED) -> "Iterator[list[Posting]]":
    """Yield `count` postings from the last 400 days in batches of 1,000."""
    from benchmarks.generator.jobs import generate_jobs
    from ingestion.sources.theirstack.transform import transform_job

    batch = []
    for job in generate_jobs(count=count, seed=seed, today=now.date(), days=DAYS):
        batch.append(transform_job(job))
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def store_generated_postings(*, count: int, now: datetime) -> None:
    """Store `count` postings and register the default roles, so that the roles have stats too."""
    from career_navigator.db.bootstrap import create_indexes
    from career_navigator.db.connection import database
    from ingestion.role_searches import DEFAULT_ROLES
    from market.membership import register_role
    from market.services import store_postings

    for role in DEFAULT_ROLES:
        register_role(role=role, now=now)
    # Build the indexes that storing does not use afterwards, which is faster.
    postings = database().job_postings
    for name in postings.index_information():
        if not name.startswith(("_id_", "source_", "url_")):
            postings.drop_index(name)
    with tqdm(desc="storing", total=count, unit="posting", disable=None, leave=False) as progress:
        for batch in generate_postings(count=count, now=now):
            store_postings(postings=batch, now=now)
            progress.update(len(batch))
    create_indexes()
