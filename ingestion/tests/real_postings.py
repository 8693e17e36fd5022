"""The file of real postings, which is not part of the project: a clone of it alone has none."""

from pathlib import Path

import pytest

REAL_POSTINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "postings.jsonl.gz"

needs_real_postings = pytest.mark.skipif(
    not REAL_POSTINGS.exists(), reason="the file of real postings is not part of the project"
)
