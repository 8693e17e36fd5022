"""Storing postings compared with PyMongo's bulk upserts of the same documents, and a worker's memory.

python -m benchmarks.storing [--postings N]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import UpdateOne

from benchmarks.report import Report, Times
from benchmarks.servers import start_servers, use_database

BATCHES = 20
BARE_COLLECTION = "bare_postings"
_IGNORED_INDEX_KEYS = {"v", "key", "ns", "textIndexVersion", "partialFilterExpression"}
SMALL_RUN_POSTINGS, LARGE_RUN_POSTINGS = 2_000, 20_000


def main() -> int:
    """Run the benchmark, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postings", type=int, default=200_000, help="postings already stored (default: %(default)s)")
    arguments = parser.parse_args()
    report = Report("Storing postings in batches of 1,000, compared with plain bulk upserts of the same documents")
    with start_servers(cache_gb=1.0) as directory:
        compare_writing(report, arguments.postings)
        compare_memory(report, directory)
    return report.show()


def compare_writing(report: Report, stored_count: int) -> None:
    """Store new and unchanged postings in an empty collection and in one with `held` postings."""
    from django.utils import timezone

    from benchmarks.posting_set import generate_postings, store_generated_postings
    from career_navigator.db.connection import database

    use_database("storing")
    now = timezone.now()
    # Load the vocabulary and spaCy, as a worker does once.
    compare_batches(list(generate_postings(count=1_000, now=now, seed=1)), now)
    delete_postings()
    compare_state(report, "an empty collection", list(generate_postings(count=BATCHES * 1_000, now=now, seed=2)), now)
    delete_postings()
    store_generated_postings(count=stored_count, now=now)
    database().job_postings.aggregate([{"$out": BARE_COLLECTION}])
    create_bare_indexes()
    batches = list(generate_postings(count=BATCHES * 1_000, now=now, seed=3))
    compare_state(report, f"a collection of {stored_count:,}", batches, now)


def delete_postings() -> None:
    """Delete all postings and their markers."""
    from career_navigator.db.connection import database

    for name in ("job_postings", BARE_COLLECTION, "dirty_days"):
        database()[name].delete_many({})


def compare_state(report: Report, state: str, batches: Sequence[Any], now: Any) -> None:
    """Store the batches twice, and report the rates for new and for unchanged postings."""
    from market.services import store_postings

    stored_times, bare_times = compare_batches(batches, now)
    repeated_times = Times()
    for batch in batches:
        outcome = repeated_times.measure(lambda batch=batch: store_postings(postings=batch, now=now))
        if outcome.unchanged != len(batch):
            raise RuntimeError(f"stored again, a batch gave {outcome}")
    rate, bare_rate, repeated_rate = (1_000 / times.median for times in (stored_times, bare_times, repeated_times))
    report.add_value(f"bare bulk upsert into {state}", f"{bare_rate:,.0f}/s")
    report.require_at_least(
        "  store_postings, new postings",
        rate / bare_rate,
        0.7,
        measured=f"{rate:,.0f}/s = {rate / bare_rate:.2f} x bare",
        target_text=">= 0.7 x",
    )
    report.require_at_least(
        "  store_postings, unchanged postings",
        repeated_rate / rate,
        3,
        measured=f"{repeated_rate:,.0f}/s = {repeated_rate / rate:.1f} x new",
        target_text=">= 3 x",
    )


def compare_batches(batches: Sequence[Any], now: Any) -> tuple[Times, Times]:
    """Store each batch, then write the resulting documents by plain upserts, so that noise affects both."""
    from career_navigator.db.connection import database
    from market.services import store_postings

    create_bare_indexes()
    stored_times, bare_times = Times(), Times()
    for batch in batches:
        outcome = stored_times.measure(lambda batch=batch: store_postings(postings=batch, now=now))
        if outcome.collected != len(batch):
            raise RuntimeError(f"a batch of new postings gave {outcome}")
        query = {"source": batch[0].source, "job_id": {"$in": [posting.job_id for posting in batch]}}
        documents = list(database().job_postings.find(query, {"_id": 0}))
        bare_times.measure(lambda documents=documents: upsert_documents(documents))
    return stored_times, bare_times


def upsert_documents(documents: Sequence[dict[str, Any]]) -> None:
    """Write the documents by bulk upserts."""
    from career_navigator.db.connection import database

    writes = [
        UpdateOne({"source": document["source"], "job_id": document["job_id"]}, {"$set": document}, upsert=True)
        for document in documents
    ]
    database()[BARE_COLLECTION].bulk_write(writes, ordered=False)


def create_bare_indexes() -> None:
    """Give the plain collection the indexes of postings without their partial filters.

    A plain lookup by source and id could not use an index with a partial filter. Every upsert would read the whole
    collection, which would be an unfair baseline.
    """
    from career_navigator.db.connection import database

    for name, index in database().job_postings.index_information().items():
        options = {key: value for key, value in index.items() if key not in _IGNORED_INDEX_KEYS}
        keys = index["key"]
        if "weights" in options:
            keys = [(field, "text") for field in options.pop("weights")]
        if name != "_id_":
            database()[BARE_COLLECTION].create_index(keys, name=name, **options)


def compare_memory(report: Report, directory: Path) -> None:
    """Report the peak memory of a worker after a small and a large run."""
    from benchmarks.worker_memory import PAGE_SIZE, measure_peak, serve_theirstack

    with serve_theirstack(log=directory / "theirstack.log") as source_url:
        peaks = {
            count: measure_peak(
                postings=count, database=f"run_{count}", source_url=source_url, log=directory / f"worker-{count}.log"
            )
            for count in (SMALL_RUN_POSTINGS, LARGE_RUN_POSTINGS)
        }
    (small, _), (large, total_memory) = peaks[SMALL_RUN_POSTINGS], peaks[LARGE_RUN_POSTINGS]
    report.add_value(
        f"a worker's process collecting {SMALL_RUN_POSTINGS:,} in pages of {PAGE_SIZE}, peak", format_megabytes(small)
    )
    report.require_at_most(
        f"  {LARGE_RUN_POSTINGS:,}", large, 250e6, measured=f"{format_megabytes(large)}", target_text="<= 250 MB"
    )
    report.require_at_most(
        "  growth with the run", large / small, 1.1, measured=f"x {large / small:.2f}", target_text="<= x 1.1"
    )
    report.add_value(
        "  all processes of that worker together at the end, shared pages once", format_megabytes(total_memory)
    )


def format_megabytes(count: int) -> str:
    """Format bytes as megabytes."""
    return f"{count / 1e6:,.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
