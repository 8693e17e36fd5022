"""Read generated files with the parser, as a worker does, and measure time and memory."""

import json
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from accounts.resumes.files.sandbox import ExtractionFailed, FileRejected, extract_text
from accounts.resumes.parsing.resume import build_json_resume, parse_resume, serialize_resume
from career_navigator.plain_text import make_plain
from skills.extraction import SkillExtractor
from skills.vocabulary import Skill, Vocabulary

_ROOT = Path(__file__).resolve().parents[2]
# Dates of the corpus end in October 2025 at the latest.
_TODAY = date(2026, 11, 1)
_RSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the parser read from one file. `parsed` and `content` are empty if it rejected the file.

    `extraction_seconds` is the elapsed time from file to text, and `parsing_seconds` from text to values.
    `peak_bytes` is the largest resident size of any process that has read a file so far.
    """

    parsed: dict[str, Any]
    content: dict[str, Any]
    rejection: str | None
    extraction_seconds: float
    parsing_seconds: float
    peak_bytes: int


@cache
def load_vocabulary() -> Vocabulary:
    """Return the vocabulary of the project's fixtures."""
    entries = json.loads((_ROOT / "fixtures" / "skills.json").read_text(encoding="utf-8"))
    return Vocabulary(Skill.from_entry(entry) for entry in entries)


@cache
def _load_extractor() -> SkillExtractor:
    return SkillExtractor(load_vocabulary())


def read_file(data: bytes) -> Reading:
    """Read a file. An unexpected exception of the parser propagates."""
    extractor, vocabulary = _load_extractor(), load_vocabulary()
    started = time.perf_counter()
    try:
        file = extract_text(data)
    except FileRejected as error:
        return _build_rejection(error.reason, time.perf_counter() - started)
    except ExtractionFailed:
        return _build_rejection("extraction failed", time.perf_counter() - started)
    extracted = time.perf_counter()
    text = make_plain(file.text).text
    spans = extractor.find_spans(text)
    parsed = parse_resume(text=text, links=file.links, styles=file.styles, spans=spans, now=_TODAY)
    names = {skill.name: entry.display_name for skill in parsed.skills if (entry := vocabulary.get(skill.name))}
    return Reading(
        parsed=serialize_resume(parsed, display_names=names),
        content=build_json_resume(parsed, display_names=names),
        rejection=None,
        extraction_seconds=extracted - started,
        parsing_seconds=time.perf_counter() - extracted,
        peak_bytes=_get_peak_bytes(),
    )


def read_files(files: Iterable[bytes], *, workers: int) -> Iterator[Reading]:
    """Yield the reading of each file, in order."""
    # The processes are new, so their only children are the sandboxes, and the peak is that of a sandbox.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_load_extractor) as pool:
        yield from pool.map(read_file, files, chunksize=4)


def _build_rejection(reason: str, seconds: float) -> Reading:
    return Reading(
        parsed={},
        content={},
        rejection=reason,
        extraction_seconds=seconds,
        parsing_seconds=0,
        peak_bytes=_get_peak_bytes(),
    )


def _get_peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _RSS_BYTES
