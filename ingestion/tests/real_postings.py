"""Path of the file of real postings. The file is not part of the repository, so a plain clone does not have it."""

from pathlib import Path

import pytest

REAL_POSTINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "postings.jsonl.gz"

needs_real_postings = pytest.mark.skipif(
    not REAL_POSTINGS.exists(), reason="the file of real postings is not part of the repository"
)
