"""Damage generated files and check that reading them stays within the limits of time and memory."""

import random
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from zipfile import ZIP_DEFLATED, ZipFile

from benchmarks.report import Report
from benchmarks.resumes.reading import read_file

_MAX_SECONDS = 5.0
_MAX_BYTES = 200_000_000
_DEPTH = 20_000
_HUGE_BYTES = 60_000_000


def mutate(data: bytes, chooser: random.Random) -> tuple[str, bytes]:
    """Return the name of a mutation and the mutated file."""
    mutation = chooser.choice(_MUTATIONS)
    return mutation.__name__.lstrip("_"), mutation(data, chooser)


def _truncate(data: bytes, chooser: random.Random) -> bytes:
    return data[: chooser.randrange(len(data))]


def _flip_bits(data: bytes, chooser: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chooser.randint(1, 60)):
        changed[chooser.randrange(len(changed))] ^= 1 << chooser.randrange(8)
    return bytes(changed)


def _zero_range(data: bytes, chooser: random.Random) -> bytes:
    start = chooser.randrange(len(data))
    length = min(chooser.randint(1, 2_000), len(data) - start)
    return data[:start] + bytes(length) + data[start + length :]


def _repeat_range(data: bytes, chooser: random.Random) -> bytes:
    start = chooser.randrange(len(data))
    return data[:start] + data[start : start + chooser.randint(1, 500)] * chooser.randint(2, 200) + data[start:]


def _swap_ranges(data: bytes, chooser: random.Random) -> bytes:
    first, second, third = sorted(chooser.sample(range(len(data)), 3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def _change_numbers(data: bytes, chooser: random.Random) -> bytes:
    """Replace digits outside of compressed streams most of the time: lengths, offsets and references."""
    changed = bytearray(data)
    digits = [index for index, value in enumerate(changed) if 48 <= value <= 57]
    for index in chooser.sample(digits, min(len(digits), chooser.randint(1, 40))):
        changed[index] = chooser.randint(48, 57)
    return bytes(changed)


def _nest(data: bytes, chooser: random.Random) -> bytes:
    """Nest arrays in a PDF, or elements in a DOCX."""
    if data.startswith(b"PK"):
        return _replace_document(data, b"<w:r>" * _DEPTH + b"</w:r>" * _DEPTH)
    nested = chooser.choice(((b"[", b"]"), (b"<</A", b">>"), (b"(", b")")))
    return data.replace(b"/Type /Page\n", b"/X " + nested[0] * _DEPTH + nested[1] * _DEPTH + b"/Type /Page\n").replace(
        b"/Type /Catalog", b"/X " + nested[0] * _DEPTH + nested[1] * _DEPTH + b" /Type /Catalog"
    )


def _inflate(data: bytes, chooser: random.Random) -> bytes:
    """Add much content: a page stream that decompresses to many bytes, or a large part of a DOCX."""
    if data.startswith(b"PK"):
        return _replace_document(data, b"<w:p><w:r><w:t>text</w:t></w:r></w:p>" * (_HUGE_BYTES // 400))
    unit = chooser.choice((b"q ", b"BT (a) Tj ET\n", b"[", b"0 0 m 1 1 l S\n"))
    stream = zlib.compress(unit * (_HUGE_BYTES // len(unit)), 1)
    return (
        b"%%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 "
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>\nendobj\n"
        b"4 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream\nendobj\n"
        b"trailer << /Root 1 0 R >>\n%%%%EOF\n" % (len(stream), stream)
    )


_MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_truncate, _flip_bits, _flip_bits, _flip_bits, _zero_range, _repeat_range, _swap_ranges),
    *(_change_numbers, _change_numbers, _nest, _inflate),
)


def _replace_document(data: bytes, body: bytes) -> bytes:
    output = BytesIO()
    with ZipFile(BytesIO(data)) as archive, ZipFile(output, "w", ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            part = archive.read(name)
            if name == "word/document.xml":
                part = part.replace(b"<w:body>", b"<w:body>" + body)
            copy.writestr(name, part)
    return output.getvalue()


def _read(data: bytes) -> tuple[str, float, int]:
    """Return the outcome, the seconds and the peak of memory. An exception of the parser is an outcome."""
    try:
        reading = read_file(data)
    except Exception as error:  # the benchmark counts crashes
        return f"crash: {type(error).__name__}: {error}", 0.0, 0
    return reading.rejection or "read", reading.extraction_seconds + reading.parsing_seconds, reading.peak_bytes


def add_mutated_files(report: Report, files: Sequence[bytes], *, count: int, seed: int) -> None:
    """Read mutated copies of the files, and add the outcomes, the slowest and the largest reading to the report."""
    chooser = random.Random(seed)
    mutated = [mutate(chooser.choice(files), chooser) for _ in range(count)]
    # One process: two sandboxes at a time on two busy cores would double the measured time.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(_read, [data for _, data in mutated], chunksize=4))
    outcomes = Counter(outcome for outcome, _, _ in results)
    for outcome, number in outcomes.most_common():
        report.add_value(f"mutated files: {outcome}", f"{number:,} of {count:,}")
    crashes = sum(number for outcome, number in outcomes.items() if outcome.startswith("crash"))
    report.require_at_most("mutated files that crash the parser", crashes, 0, measured=str(crashes), target_text="none")
    (slowest, name), peak = max((r[1], m[0]) for r, m in zip(results, mutated, strict=True)), max(r[2] for r in results)
    report.require_at_most(
        "slowest mutated file",
        slowest,
        _MAX_SECONDS,
        measured=f"{slowest:.1f} s ({name})",
        target_text=f"at most {_MAX_SECONDS:.0f} s",
    )
    report.require_at_most(
        "memory of the sandbox for mutated files, peak",
        peak,
        _MAX_BYTES,
        measured=f"{peak / 1e6:.0f} MB",
        target_text=f"at most {_MAX_BYTES / 1e6:.0f} MB",
    )
