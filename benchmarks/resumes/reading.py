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

from accounts.resumes.files import sandbox
from accounts.resumes.parsing.resume import build_json_resume, parse_resume, serialize_resume
from career_navigator.plain_text import make_plain
from skills.extraction import SkillExtractor
from skills.vocabulary import Skill, Vocabulary

_ROOT = Path(__file__).resolve().parents[2]
# Dates of the corpus end in October 2025 at the latest.
_TODAY = date(2026, 11, 1)
_MAX_ATTEMPTS = 5
_PATIENT_SECONDS = 60
_RSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the parser read from one file. `parsed` and `content` are empty if it rejected the file.

    `extraction_seconds` is the elapsed time from file to text, `processor_seconds` the processor time of the sandbox,
    and `parsing_seconds` the elapsed time from text to values. `peak_bytes` is the largest resident size of any sandbox
    so far.
    """

    parsed: dict[str, Any]
    content: dict[str, Any]
    rejection: str | None
    extraction_seconds: float
    processor_seconds: float
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
    for attempt in range(_MAX_ATTEMPTS):
        started, used = time.perf_counter(), _get_processor_seconds()
        try:
            file = sandbox.extract_text(data)
        except sandbox.FileRejected as error:
            return Reading(
                parsed={},
                content={},
                rejection=error.reason,
                extraction_seconds=time.perf_counter() - started,
                processor_seconds=_get_processor_seconds() - used,
                parsing_seconds=0,
                peak_bytes=_get_peak_bytes(),
            )
        except sandbox.ExtractionFailed:
            # The machine is overloaded. A worker tries again too.
            if attempt == _MAX_ATTEMPTS - 1:
                raise
        else:
            break
    extracted, used = time.perf_counter(), _get_processor_seconds() - used
    text = make_plain(file.text).text
    spans = extractor.find_spans(text)
    parsed = parse_resume(text=text, links=file.links, styles=file.styles, spans=spans, now=_TODAY)
    names = {skill.name: entry.display_name for skill in parsed.skills if (entry := vocabulary.get(skill.name))}
    return Reading(
        parsed=serialize_resume(parsed, display_names=names),
        content=build_json_resume(parsed, display_names=names),
        rejection=None,
        extraction_seconds=extracted - started,
        processor_seconds=used,
        parsing_seconds=time.perf_counter() - extracted,
        peak_bytes=_get_peak_bytes(),
    )


def read_files(files: Iterable[bytes], *, workers: int) -> Iterator[Reading]:
    """Yield the reading of each file, in order, with a time limit that a busy machine does not exceed."""
    # The processes are new, so their only children are the sandboxes, and the peak is that of a sandbox.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_extend_time_limit) as pool:
        yield from pool.map(read_file, files, chunksize=4)


def _extend_time_limit() -> None:
    """Let the sandbox wait longer. Its limit of processor time stays."""
    sandbox.WALL_SECONDS = _PATIENT_SECONDS


def _get_processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _get_peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _RSS_BYTES
