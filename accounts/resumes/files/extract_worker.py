"""What reads one file: a program that takes the file on its input and writes its text, or why not, to its output.

It binds itself before it reads: to memory and time, to no file, no network, no other program. A file on which a library
fails ends it with that library's error, which nobody sees.
"""

import json
import resource
import sys
import unicodedata
from collections.abc import Callable
from typing import NoReturn

from accounts.resumes.files.sandbox import MAX_CHARACTERS, PDF, READY, FileRejected, check_text

MEMORY_BYTES = 200_000_000
CPU_SECONDS = 4
# What is answered is read by a process without bounds.
MAX_LINK_LENGTH = 500
_FEW_FILES = 16
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "ctypes.")


def main(kind: str) -> None:
    read = _reader(kind)
    bind()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    try:
        text, links = read(sys.stdin.buffer.read(), most_characters=MAX_CHARACTERS)
        links = [link[:MAX_LINK_LENGTH] for link in links]
        answer: dict[str, object] = {"text": check_text(_readable(text)), "links": links}
    except FileRejected as refused:
        answer = {"refusal": refused.reason}
    except (MemoryError, RecursionError):
        answer = {"refusal": "too_complex"}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def _reader(kind: str) -> Callable[..., tuple[str, list[str]]]:
    """What reads a PDF, or a DOCX; only the library of the one is loaded, which takes half as long as both."""
    if kind == PDF:
        from accounts.resumes.files.pdf import extract_pdf

        return extract_pdf
    from accounts.resumes.files.word import extract_docx

    return extract_docx


def bind() -> None:
    """Limit this process for good."""
    limits = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _FEW_FILES,
    }
    # macOS cannot limit what a process maps.
    if sys.platform != "darwin":
        limits[resource.RLIMIT_AS] = MEMORY_BYTES
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        _forbid(event)
    # Libraries load parts of themselves when they need them, and read nothing else.
    if event == "open" and isinstance(arguments[1], str) and arguments[1].strip("rbtU"):
        _forbid(event)


def _forbid(event: str) -> NoReturn:
    raise PermissionError(f"a file's reader may do no {event}")


def _readable(text: str) -> str:
    """Without what has no meaning as text, and with every bullet."""
    return "".join(map(_readable_character, text))


def _readable_character(character: str) -> str:
    # Symbol fonts have their bullets among the letters for private use; in a PDF's encoding the unused code 127 is one.
    if character == "\x7f" or unicodedata.category(character) == "Co":
        return "•"
    return character if character.isprintable() or character.isspace() else ""


if __name__ == "__main__":
    main(sys.argv[1])
