"""Files that are rejected, each with a reason, and the sandbox that reads files."""

import json
import subprocess
import sys
import zipfile

import pytest

from accounts.resumes.files import sandbox
from accounts.resumes.files.sandbox import MAX_BYTES, ExtractionFailed, FileRejected, extract_text, sanitize_file_name
from accounts.tests import resume_files as files

WORDS = "Ada Lovelace writes programs for an engine"

REJECTED_FILES = {
    "encrypted PDF": (files.encrypted_pdf, "encrypted"),
    "encrypted Office file": (files.encrypted_office, "encrypted"),
    "PDF of an image": (files.scanned_pdf, "no_text"),
    "empty file": (lambda: b"", "no_text"),
    "truncated PDF": (lambda: files.make_pdf()[:-300], "malformed"),
    "junk with a PDF header": (lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40, "malformed"),
    "endless page tree": (files.page_tree_without_end, "malformed"),
    "PDF nested deep": (files.nested_pdf, "malformed"),
    "truncated DOCX": (lambda: files.make_docx()[:-40], "malformed"),
    "DOCX with an external entity": (files.external_entity_docx, "malformed"),
    "DOCX with entities of entities": (files.laughing_docx, "malformed"),
    "DOCX nested deep": (files.nested_docx, "too_complex"),
    "five megabytes and a byte": (lambda: b"a" * (MAX_BYTES + 1), "too_large"),
    "PDF with a flate bomb": (files.flate_bomb, "too_complex"),
    "PDF of a billion pages": (files.billion_pages, "too_complex"),
    "PDF of 61 pages": (lambda: files.make_pdf(WORDS, pages=61), "too_complex"),
    "DOCX with a zip bomb": (lambda: files.changed_docx(media=bytes(41_000_000)), "too_complex"),
    "DOCX with a part that understates its size": (files.understating_docx, "malformed"),
    "DOCX packed by bzip2": (lambda: files.docx_packed_by(zipfile.ZIP_BZIP2), "malformed"),
    "DOCX packed by LZMA": (lambda: files.docx_packed_by(zipfile.ZIP_LZMA), "malformed"),
    "DOCX with a bomb of XML": (lambda: files.endless_docx(2_000_000), "too_complex"),
    "DOCX of 300,000 paragraphs": (lambda: files.endless_docx(300_000), "too_complex"),
    "text of 100,001 characters": (lambda: b"a" * 100_001, "too_complex"),
    "ZIP that is not a DOCX": (lambda: files.changed_docx(types=b"<Types/>"), "unknown_type"),
    "bytes": (lambda: bytes(range(256)), "unknown_type"),
    "truncated JSON": (lambda: json.dumps({"basics": {"name": WORDS}}, indent=1).encode()[:-3], "malformed"),
    "JSON nested deep": (lambda: b"[" * 40_000 + b"]" * 40_000, "too_complex"),
    "list of JSON objects": (lambda: json.dumps([{"basics": {"name": WORDS}}]).encode(), "unknown_type"),
    "rich text": (lambda: b"{\\rtf1 " + WORDS.encode() + b"}", "unknown_type"),
}


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


@pytest.mark.parametrize(("make", "reason"), REJECTED_FILES.values(), ids=REJECTED_FILES)
def test_rejects_a_file_with_its_reason(make, reason):
    with pytest.raises(FileRejected) as error:
        extract_text(make())

    assert error.value.reason == reason


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not support a limit on the address space")
def test_limits_the_reading_process():
    """A malicious file could make a parsing library use memory, time, files, the network or other programs."""
    program = """
import json, resource, socket, subprocess, os
from accounts.resumes.files import extract_worker
extract_worker.apply_limits()
def get_error(action):
    try:
        action()
    except (MemoryError, PermissionError, OSError) as error:
        return type(error).__name__
print(json.dumps({
    "memory": resource.getrlimit(resource.RLIMIT_AS), "time": resource.getrlimit(resource.RLIMIT_CPU),
    "file size": resource.getrlimit(resource.RLIMIT_FSIZE), "200 MB": get_error(lambda: bytearray(200_000_000)),
    "file": get_error(lambda: open("/tmp/written", "wb")), "network": get_error(socket.socket),
    "program": get_error(lambda: subprocess.run(["true"])), "shell": get_error(lambda: os.system("true")),
    "fork": get_error(os.fork),
}))
"""
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env={})

    assert json.loads(completed.stdout) == {
        "memory": [200_000_000, 200_000_000],
        "time": [4, 4],
        "file size": [0, 0],
        "200 MB": "MemoryError",
        "file": "PermissionError",
        "network": "PermissionError",
        "program": "PermissionError",
        "shell": "PermissionError",
        "fork": "PermissionError",
    }


def test_stops_reading_after_the_time_limit(monkeypatch):
    def run(command, *, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout, output=b"ready\n")

    monkeypatch.setattr(subprocess, "run", run)

    with pytest.raises(FileRejected) as error:
        extract_text(files.make_pdf())

    assert error.value.reason == "too_complex"


@pytest.mark.parametrize(
    ("name", "value"), [("WALL_SECONDS", 0.001), ("_WORKER_MODULE", "accounts.resumes.files.missing")]
)
def test_does_not_reject_a_file_if_the_reader_times_out_or_fails(monkeypatch, name, value):
    monkeypatch.setattr(sandbox, name, value)

    with pytest.raises(ExtractionFailed):
        extract_text(files.make_pdf())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (files.make_pdf(WORDS), WORDS),
        (files.make_docx(WORDS), WORDS),
        (b"\xef\xbb\xbf" + WORDS.encode(), WORDS),
        (WORDS.encode("utf-16"), WORDS),
        (f"{WORDS} café".encode("cp1252"), f"{WORDS} café"),
        (WORDS.replace(" for", "\r\nfor").encode(), WORDS.replace(" for", "\nfor")),
        (files.make_docx(WORDS, header="Head of page", cell="In a table"), f"Head of page\n{WORDS}\nIn a table"),
    ],
    ids=["PDF", "DOCX", "UTF-8", "UTF-16", "Latin", "line ends", "header and table"],
)
def test_reads_supported_files(data, expected):
    assert extract_text(data).text.strip() == expected


@pytest.mark.parametrize("declared_by", ["name", "extension"])
def test_checks_the_main_part_under_any_name(declared_by):
    assert WORDS not in extract_text(files.renamed_docx(files.document_xml(), declared_by=declared_by)).text

    for document, reason in (
        (files.doctype_document(), "malformed"),
        (files.document_xml(within_body=b"<w:p/>" * 300_000), "too_complex"),
        (files.document_xml(within_body=b"<w:tbl>" * 300 + b"</w:tbl>" * 300), "too_complex"),
    ):
        with pytest.raises(FileRejected) as error:
            extract_text(files.renamed_docx(document, declared_by=declared_by))
        assert error.value.reason == reason


def test_truncates_long_links():
    url = "https://example.com/" + "a" * 1_000_000

    links = [
        *extract_text(files.linked_docx(*(f"{url}{number}" for number in range(5)))).links,
        *extract_text(files.make_pdf(WORDS, link=url[:1_000])).links,
    ]

    assert links == [url[:500]] * 6


def test_reads_the_links_of_a_pdf():
    data = files.make_pdf(WORDS, link="https://github.com/ada")

    assert extract_text(data).links == ("https://github.com/ada",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resume.pdf", "resume.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\cv.docx", "cv.docx"),
        ("..", "resume"),
        ("/", "resume"),
        ("a\x00b\n\u202egnp.exe", "abgnp.exe"),
        ("x" * 300, "x" * 200),
    ],
)
def test_removes_the_path_of_a_file_name(name, expected):
    assert sanitize_file_name(name) == expected
