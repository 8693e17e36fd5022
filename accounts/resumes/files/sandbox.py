"""Extract the text of an uploaded file in a subprocess with limits on time and memory (see `extract_worker`)."""

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

from accounts.resumes.files.formats import MAX_BYTES, READY, REASONS, TEXT, FileRejected, FileText, detect_file_type
from accounts.resumes.files.text import read_text
from accounts.resumes.parsing.styles import LineStyle

__all__ = ["MAX_BYTES", "REASONS", "ExtractionFailed", "FileRejected", "FileText", "extract_text", "sanitize_file_name"]

_MAX_NAME_LENGTH = 200

# The worker loads in 0.2 s and reads a resume in another 0.2 s. The limit is well below a client's timeout.
WALL_SECONDS = 4.5
_WORKER_MODULE = "accounts.resumes.files.extract_worker"
_ROOT = Path(__file__).resolve().parents[3]


class ExtractionFailed(RuntimeError):
    """Raised when the worker process did not start in time or at all. The file is not the cause."""


def sanitize_file_name(name: str) -> str:
    """Return a file name that is safe to display: no folders, no control characters, at most 200 characters."""
    base_name = re.split(r"[/\\]", name)[-1]
    printable = "".join(c for c in base_name if unicodedata.category(c)[0] != "C")
    return " ".join(printable.split()).lstrip(".")[:_MAX_NAME_LENGTH] or "resume"


def run_worker(media_type: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    """Read a file in a worker process, and return the finished process.

    Raises:
        FileRejected: The worker exceeded the time limit.
        ExtractionFailed: The worker was not ready within the time limit.
    """
    try:
        # The environment is empty because this process's environment contains secrets.
        return subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-m", _WORKER_MODULE, media_type],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={},
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        if not (error.stdout or b"").startswith(READY):
            # The machine is overloaded, and the worker has not touched the file.
            raise ExtractionFailed(f"{_WORKER_MODULE} was not ready within {WALL_SECONDS} s") from error
        raise FileRejected("too_complex") from error


def extract_text(data: bytes) -> FileText:
    """Return the text of a file, or raise, within five seconds.

    Raises:
        FileRejected: The file cannot be read.
        ExtractionFailed: The worker process did not start. Try again later.
    """
    media_type = detect_file_type(data)
    if media_type == TEXT:
        return read_text(data)
    return convert_result(run_worker(media_type, data))


def convert_result(completed: subprocess.CompletedProcess[bytes]) -> FileText:
    """Return the text or content that a finished worker printed.

    Raises:
        FileRejected: The worker rejected the file or was ended by it.
        ExtractionFailed: The worker ended before it was ready.
    """
    if not completed.stdout.startswith(READY):
        raise ExtractionFailed(f"{_WORKER_MODULE} exited with {completed.returncode} before it was ready")
    if completed.returncode:
        # A negative code is a signal: the CPU limit, or a library that crashed without memory.
        raise FileRejected("too_complex" if completed.returncode < 0 else "malformed")
    result = json.loads(completed.stdout.removeprefix(READY))
    if "rejection" in result:
        raise FileRejected(result["rejection"])
    if "content" in result:
        return FileText(text="", content=result["content"], unread=tuple(result["unread"]))
    styles = result.get("styles")
    return FileText(
        text=result["text"],
        links=tuple(result["links"]),
        styles=tuple(LineStyle(**style) for style in styles) if styles is not None else None,
        layout_features=tuple(result["layout_features"]),
    )
