"""Reading an uploaded file in a process of its own, which is ended when it takes more than a resume would."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from accounts.resumes.files.kinds import TEXT, decode_text, tell_kind
from accounts.resumes.files.refusals import FileRefused

# The child loads in 0.2 s, reads a resume in as much, and is out of time long before a client expects its answer.
WALL_SECONDS = 4.5
_CHILD = "accounts.resumes.files.child"
_READY = b"ready\n"
_ROOT = Path(__file__).resolve().parents[3]


class ReaderBroken(RuntimeError):
    """The reading process did not even begin, or not in time, whatever the file."""

    reason = "reader_broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """What a file says: its text, and the addresses that it links to without showing them."""

    text: str
    links: tuple[str, ...] = ()


def read_file(data: bytes) -> FileText:
    """The text of a text file, a PDF or a DOCX. Raises FileRefused within five seconds, and ReaderBroken."""
    kind = tell_kind(data)
    if kind == TEXT:
        return FileText(text=decode_text(data))
    try:
        # No environment: it holds this project's secrets.
        ended = subprocess.run(
            [sys.executable, "-E", "-s", "-B", "-m", _CHILD, kind],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={},
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        if not (error.stdout or b"").startswith(_READY):
            # So busy is the machine: it is not the file's doing.
            raise ReaderBroken(f"{_CHILD} was not ready within {WALL_SECONDS} s") from error
        raise FileRefused("too_complex") from error
    if not ended.stdout.startswith(_READY):
        raise ReaderBroken(f"{_CHILD} ended with {ended.returncode} before it read anything")
    if ended.returncode:
        # By a signal: the limit of time, or a library that ran out of memory.
        raise FileRefused("too_complex" if ended.returncode < 0 else "malformed")
    answer = json.loads(ended.stdout.removeprefix(_READY))
    if "refusal" in answer:
        raise FileRefused(answer["refusal"])
    return FileText(text=answer["text"], links=tuple(answer["links"]))
