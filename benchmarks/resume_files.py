"""Read 1,000 damaged resume files of all formats, and time the reading of intact ones.

python -m benchmarks.resume_files [--files 1000] [--seed 1]

Each file is an intact one that was truncated, or of which bits, ranges or numbers were changed, or into which nested or
huge content was inserted. None may take longer than 5 s or more than 200 MB, or make the reading fail with an error
other than a named rejection.
"""

import argparse
import io
import json
import random
import resource
import signal
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from time import perf_counter

import docx
from reportlab.pdfgen import canvas

from accounts.resumes.files import sandbox
from accounts.resumes.files.formats import DOCX, HTML, JSON, PDF, TEXT, XML, ZIP, FileRejected, detect_file_type
from benchmarks.report import Report, Times, format_milliseconds

MAX_SECONDS = 5.0
MAX_MEGABYTES = 200
PAGE_SECONDS = 0.3
REPETITIONS = 15
_DEPTH = 20_000
_HUGE_BYTES = 30_000_000

LINES = [
    *(
        "Ada Lovelace",
        "ada@example.org | +44 20 7946 0958",
        "",
        "Experience",
        "Engineer, Analytical Engines Ltd, 2019 - 2021",
    ),
    *(f"- Built part {number} of an engine that computes tables of polynomials in Python" for number in range(40)),
    *("", "Education", "BSc Mathematics, University of London, 2009 - 2012", "", "Skills", "Python, Docker, SQL"),
]
CONTENT = {
    "basics": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "work": [
        {"name": "Analytical Engines Ltd", "position": "Engineer", "startDate": "2019", "highlights": LINES[5:45]},
    ],
    "skills": [{"name": "Python"}],
}


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1_000, help="number of damaged files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the damage (default: %(default)s)")
    arguments = parser.parse_args()
    report = Report("Resume files: intact ones, and damaged ones of all formats")
    files = make_files()
    measure_intact(report, files)
    measure_damaged(report, files, count=arguments.files, seed=arguments.seed)
    return report.show()


def measure_intact(report: Report, files: dict[str, bytes]) -> None:
    """Add the processor time and the wall time of reading one page of each format.

    The limit on the wall time is raised, so that a busy machine makes the reading slow rather than fail.
    """
    limit, sandbox.WALL_SECONDS = sandbox.WALL_SECONDS, 60.0
    for media_type, data in files.items():
        wall, processor = Times(), []
        for _ in range(REPETITIONS):
            before = read_processor_seconds()
            wall.measure(lambda data=data: sandbox.extract_text(data))
            processor.append(read_processor_seconds() - before)
        lowest = min(processor)
        report.require_at_most(
            f"one page, {name_type(media_type)}, processor time",
            lowest,
            PAGE_SECONDS,
            measured=format_milliseconds(lowest),
            target_text=f"at most {format_milliseconds(PAGE_SECONDS)}",
        )
        report.add_value(f"one page, {name_type(media_type)}, wall time", format_milliseconds(min(wall.seconds)))
    sandbox.WALL_SECONDS = limit


def measure_damaged(report: Report, files: dict[str, bytes], *, count: int, seed: int) -> None:
    """Add the outcomes of damaged files, the slowest of them, and the memory of the largest worker."""
    chooser = random.Random(seed)
    outcomes: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    failures: list[str] = []
    slowest, slowest_damage = 0.0, ""
    for number in range(count):
        damage = chooser.choice(DAMAGES)
        data = damage(files[chooser.choice(sorted(files))], chooser)
        started = perf_counter()
        try:
            ended_by = read(data)
            outcomes["read" if not ended_by else "rejected: too_complex"] += 1
            if ended_by:
                signals[ended_by] += 1
        except FileRejected as error:
            outcomes[f"rejected: {error.reason}"] += 1
        except Exception as error:  # the benchmark counts errors
            failures.append(f"file {number}, {damage.__name__}: {error!r}")
        seconds = perf_counter() - started
        if seconds > slowest:
            slowest, slowest_damage = seconds, damage.__name__
    for outcome, number in outcomes.most_common():
        report.add_value(f"damaged files, {outcome}", f"{number:,} of {count:,}")
    for name, number in signals.most_common():
        report.add_value(f"damaged files, worker ended by {name}", f"{number:,} of {count:,}")
    report.require_at_most("damaged files, errors", len(failures), 0, measured=f"{len(failures)}", target_text="none")
    report.require_at_most(
        f"slowest damaged file ({slowest_damage})",
        slowest,
        MAX_SECONDS,
        measured=f"{slowest:.1f} s",
        target_text=f"at most {MAX_SECONDS:.0f} s",
    )
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    report.require_at_most(
        "largest worker",
        megabytes,
        MAX_MEGABYTES,
        measured=f"{megabytes:.0f} MB",
        target_text=f"at most {MAX_MEGABYTES} MB",
    )
    for failure in failures:
        print(failure, file=sys.stderr)


def read(data: bytes) -> str:
    """Read a file, and return the name of the signal that ended its worker, if any."""
    media_type = detect_file_type(data)
    if media_type == TEXT:
        sandbox.extract_text(data)
        return ""
    try:
        completed = sandbox.run_worker(media_type, data)
    except sandbox.ExtractionFailed:
        # The machine is busy, and the worker has not touched the file. The service tries again too.
        completed = sandbox.run_worker(media_type, data)
    if completed.returncode < 0:
        return signal.Signals(-completed.returncode).name
    sandbox.convert_result(completed)
    return ""


def read_processor_seconds() -> float:
    """Return the processor time of all finished workers."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def name_type(media_type: str) -> str:
    """Return a short name of a format."""
    names = {
        PDF: "PDF",
        DOCX: "DOCX",
        HTML: "HTML",
        JSON: "JSON Resume",
        XML: "Europass",
        ZIP: "LinkedIn",
        TEXT: "text",
    }
    return names[media_type]


def make_files() -> dict[str, bytes]:
    """Return a resume of one page in each format."""
    html = "".join(f"<p>{line}</p>" for line in LINES)
    experience = "".join(f"&lt;li&gt;{line}&lt;/li&gt;" for line in LINES[5:45])
    europass = (
        "<Candidate><CandidatePerson><PersonName><GivenName>Ada</GivenName></PersonName>"
        "</CandidatePerson><CandidateProfile><EmploymentHistory><EmployerHistory><OrganizationName>Analytical Engines"
        "</OrganizationName><PositionHistory><PositionTitle>Engineer</PositionTitle><Description>&lt;ul&gt;"
        f"{experience}&lt;/ul&gt;</Description></PositionHistory></EmployerHistory></EmploymentHistory></CandidateProfile>"
        "</Candidate>"
    )
    return {
        PDF: make_pdf(),
        DOCX: make_docx(),
        HTML: f"<!DOCTYPE html><html><body>{html}</body></html>".encode(),
        JSON: json.dumps(CONTENT, indent=1).encode(),
        XML: europass.encode(),
        ZIP: make_zip(),
        TEXT: "\n".join(LINES).encode(),
    }


def make_pdf() -> bytes:
    """Return a PDF of one page."""
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for number, line in enumerate(LINES):
        page.drawString(60, 800 - 14 * number, line)
    page.save()
    return out.getvalue()


def make_docx() -> bytes:
    """Return a Word document of one page."""
    document = docx.Document()
    for line in LINES:
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def make_zip() -> bytes:
    """Return an archive like LinkedIn's export."""
    description = "\n".join(LINES[5:45])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Profile.csv", "First Name,Last Name\r\nAda,Lovelace\r\n")
        archive.writestr("Positions.csv", f'Company Name,Title,Description\r\nEngines Ltd,Engineer,"{description}"\r\n')
        archive.writestr("Skills.csv", "Name\r\nPython\r\n")
    return out.getvalue()


def truncate(data: bytes, chooser: random.Random) -> bytes:
    """Cut the file off."""
    return data[: chooser.randrange(len(data))]


def flip_bits(data: bytes, chooser: random.Random) -> bytes:
    """Flip up to 60 bits."""
    changed = bytearray(data)
    for _ in range(chooser.randint(1, 60)):
        changed[chooser.randrange(len(changed))] ^= 1 << chooser.randrange(8)
    return bytes(changed)


def change_numbers(data: bytes, chooser: random.Random) -> bytes:
    """Change digits, which are lengths, offsets and references in a PDF."""
    changed = bytearray(data)
    digits = [index for index, value in enumerate(changed) if 0x30 <= value <= 0x39]
    for index in chooser.sample(digits, min(len(digits), chooser.randint(1, 40))):
        changed[index] = chooser.randint(0x30, 0x39)
    return bytes(changed)


def repeat_range(data: bytes, chooser: random.Random) -> bytes:
    """Repeat a range up to 2,000 times."""
    start = chooser.randrange(len(data))
    piece = data[start : start + chooser.randint(1, 1_000)]
    return (data[:start] + piece * chooser.randint(2, 2_000) + data[start:])[:5_000_000]


def swap_ranges(data: bytes, chooser: random.Random) -> bytes:
    """Swap two neighboring ranges."""
    first, second, third = sorted(chooser.sample(range(len(data)), 3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def insert_nested(data: bytes, chooser: random.Random) -> bytes:
    """Insert content that is nested 20,000 levels deep."""
    opening, closing = chooser.choice(
        [
            (b"[", b"]"),
            (b"<</A", b">>"),
            (b"(", b")"),
            (b"<w:tbl>", b"</w:tbl>"),
            (b"<div>", b"</div>"),
            (b'{"a":', b"}"),
        ]
    )
    nested = opening * _DEPTH + closing * _DEPTH
    if data.startswith(b"PK"):
        return replace_parts(data, lambda part: part.replace(b"<w:body>", b"<w:body>" + nested))
    places = [
        place for mark in (b"/Type /Page", b"<body>", b"<CandidateProfile>", b"[\n") if (place := data.find(mark)) >= 0
    ]
    place = places[0] if places else chooser.randrange(len(data))
    return data[:place] + nested + data[place:]


def insert_huge(data: bytes, chooser: random.Random) -> bytes:
    """Insert content that unpacks to 30 MB, or is 4 MB long in formats that are not packed."""
    unit = chooser.choice(
        [b"<w:p><w:r><w:t>text</w:t></w:r></w:p>", b"q ", b"BT (a) Tj ET\n", b"0 0 m 1 1 l S\n", b"a,b\r\n"]
    )
    if data.startswith(b"PK"):
        huge = unit * (_HUGE_BYTES // len(unit))
        return replace_parts(
            data, lambda part: part.replace(b"<w:body>", b"<w:body>" + huge) if part[:1] == b"<" else part + huge
        )
    if data.startswith(b"%PDF"):
        return make_huge_pdf(unit * (chooser.choice([9_000_000, _HUGE_BYTES]) // len(unit)))
    place = chooser.randrange(len(data))
    return data[:place] + unit * (4_000_000 // len(unit)) + data[place:]


def make_huge_pdf(content: bytes) -> bytes:
    """Return a PDF of one page with the content, packed."""
    stream = zlib.compress(content, 9)
    return (
        b"%%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Count 1 /Kids [3 0 R] >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 "
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>\nendobj\n"
        b"4 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream\nendobj\n"
        b"trailer << /Root 1 0 R >>\n%%%%EOF\n" % (len(stream), stream)
    )


def replace_parts(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the archive with each part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            copy.writestr(name, change(archive.read(name)))
    return out.getvalue()


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(truncate, flip_bits, flip_bits, change_numbers, repeat_range, swap_ranges, insert_nested, insert_huge),
)


if __name__ == "__main__":
    sys.exit(main())
