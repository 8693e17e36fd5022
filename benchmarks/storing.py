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
BARE = "bare_postings"
_NOT_OPTIONS = {"v", "key", "ns", "textIndexVersion", "partialFilterExpression"}
SMALL_RUN, LARGE_RUN = 2_000, 20_000


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


def compare_writing(report: Report, held: int) -> None:
    """Store new and unchanged postings in an empty collection and in one with `held` postings."""
    from django.utils import timezone

    from benchmarks.posting_set import generate_postings, store_generated_postings
    from career_navigator.db.connection import database

    use_database("storing")
    now = timezone.now()
    # Load the vocabulary and spaCy, as a worker does once.
    compare_batches(list(generate_postings(count=1_000, now=now, seed=1)), now)
    empty()
    compare_state(report, "an empty collection", list(generate_postings(count=BATCHES * 1_000, now=now, seed=2)), now)
    empty()
    store_generated_postings(count=held, now=now)
    database().job_postings.aggregate([{"$out": BARE}])
    index_like_postings()
    batches = list(generate_postings(count=BATCHES * 1_000, now=now, seed=3))
    compare_state(report, f"a collection of {held:,}", batches, now)


def empty() -> None:
    """Delete all postings and their markers."""
    from career_navigator.db.connection import database

    for name in ("job_postings", BARE, "dirty_days"):
        database()[name].delete_many({})


def compare_state(report: Report, state: str, batches: Sequence[Any], now: Any) -> None:
    """Store the batches twice, and report the rates for new and for unchanged postings."""
    from market.services import store_postings

    stored, bare = compare_batches(batches, now)
    again = Times()
    for batch in batches:
        outcome = again.measure(lambda batch=batch: store_postings(postings=batch, now=now))
        if outcome.unchanged != len(batch):
            raise RuntimeError(f"stored again, a batch gave {outcome}")
    rate, bare_rate, again_rate = (1_000 / times.median for times in (stored, bare, again))
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
        again_rate / rate,
        3,
        measured=f"{again_rate:,.0f}/s = {again_rate / rate:.1f} x new",
        target_text=">= 3 x",
    )


def compare_batches(batches: Sequence[Any], now: Any) -> tuple[Times, Times]:
    """Store each batch, then write the resulting documents by plain upserts, so that noise affects both."""
    from career_navigator.db.connection import database
    from market.services import store_postings

    index_like_postings()
    stored, bare = Times(), Times()
    for batch in batches:
        outcome = stored.measure(lambda batch=batch: store_postings(postings=batch, now=now))
        if outcome.collected != len(batch):
            raise RuntimeError(f"a batch of new postings gave {outcome}")
        query = {"source": batch[0].source, "job_id": {"$in": [posting.job_id for posting in batch]}}
        documents = list(database().job_postings.find(query, {"_id": 0}))
        bare.measure(lambda documents=documents: upsert(documents))
    return stored, bare


def upsert(documents: Sequence[dict[str, Any]]) -> None:
    """Write the documents by bulk upserts."""
    from career_navigator.db.connection import database

    writes = [
        UpdateOne({"source": document["source"], "job_id": document["job_id"]}, {"$set": document}, upsert=True)
        for document in documents
    ]
    database()[BARE].bulk_write(writes, ordered=False)


def index_like_postings() -> None:
    """Give the plain collection the indexes of postings without their partial filters.

    A plain lookup by source and id could not use an index with a partial filter. Every upsert would read the whole
    collection, which would be an unfair baseline.
    """
    from career_navigator.db.connection import database

    for name, index in database().job_postings.index_information().items():
        options = {key: value for key, value in index.items() if key not in _NOT_OPTIONS}
        keys = index["key"]
        if "weights" in options:
            keys = [(field, "text") for field in options.pop("weights")]
        if name != "_id_":
            database()[BARE].create_index(keys, name=name, **options)


def compare_memory(report: Report, directory: Path) -> None:
    """Report the peak memory of a worker after a small and a large run."""
    from benchmarks.worker_memory import PAGE, measure_peak, serve_theirstack

    with serve_theirstack(log=directory / "theirstack.log") as source:
        peaks = {
            count: measure_peak(
                postings=count, database=f"run_{count}", source=source, log=directory / f"worker-{count}.log"
            )
            for count in (SMALL_RUN, LARGE_RUN)
        }
    (small, _), (large, together) = peaks[SMALL_RUN], peaks[LARGE_RUN]
    report.add_value(f"a worker's process collecting {SMALL_RUN:,} in pages of {PAGE}, peak", format_megabytes(small))
    report.require_at_most(
        f"  {LARGE_RUN:,}", large, 250e6, measured=f"{format_megabytes(large)}", target_text="<= 250 MB"
    )
    report.require_at_most(
        "  growth with the run", large / small, 1.1, measured=f"x {large / small:.2f}", target_text="<= x 1.1"
    )
    report.add_value(
        "  all processes of that worker together at the end, shared pages once", format_megabytes(together)
    )


def format_megabytes(count: int) -> str:
    """Format bytes as megabytes."""
    return f"{count / 1e6:,.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
