"""The sandboxed program that reads one file: bytes on stdin, the text or a rejection reason as JSON on stdout.

Before reading, the process limits its own memory and CPU time and forbids writing files, opening sockets and starting
programs. An error of the parsing library ends the process; its traceback goes to stderr, which the parent discards.
"""

import json
import resource
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import NoReturn

from accounts.resumes.files.features import find_layout_features
from accounts.resumes.files.formats import HTML, MAX_CHARACTERS, PDF, READY, STRUCTURED, FileRejected, check_text
from accounts.resumes.files.lines import Line

MEMORY_BYTES = 200_000_000
CPU_SECONDS = 4
# The parent process parses the output without a memory limit, so this process keeps the output small.
MAX_LINK_LENGTH = 500
_MAX_OPEN_FILES = 16
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "ctypes.")


def main(media_type: str) -> None:
    """Read the file on stdin and write READY, then the result as JSON, to stdout."""
    extract = _load_extractor(media_type)
    apply_limits()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    try:
        result = extract(sys.stdin.buffer.read())
    except FileRejected as error:
        result = {"rejection": error.reason}
    except (MemoryError, RecursionError):
        result = {"rejection": "too_complex"}
    sys.stdout.buffer.write(json.dumps(result).encode())


def _load_extractor(media_type: str) -> Callable[[bytes], dict[str, object]]:
    """Import only the libraries that the file needs, which takes half as long as importing all."""
    if media_type in STRUCTURED:
        from accounts.resumes.imports.reader import read_structured  # noqa: PLC0415 - only the needed library

        return lambda data: asdict(read_structured(media_type, data))
    if media_type == PDF:
        from accounts.resumes.files.pdf import extract_pdf as extract  # noqa: PLC0415 - only the needed library
    elif media_type == HTML:
        from accounts.resumes.files.web_page import extract_html as extract  # noqa: PLC0415 - only the needed library
    else:
        from accounts.resumes.files.word import extract_docx as extract  # noqa: PLC0415 - only the needed library

    def build_result(data: bytes) -> dict[str, object]:
        lines, links = extract(data, max_characters=MAX_CHARACTERS)
        return _build_result(lines, links) | {"layout_features": find_layout_features(media_type, data, lines)}

    return build_result


def _build_result(lines: Sequence[Line], links: Sequence[str]) -> dict[str, object]:
    return {
        "text": check_text("\n".join(_clean_line(line.text) for line in lines)),
        "links": [link[:MAX_LINK_LENGTH] for link in links],
        "styles": [asdict(line.style) for line in lines],
    }


def apply_limits() -> None:
    """Limit this process permanently, and forbid writing files, opening sockets and starting processes."""
    limits = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _MAX_OPEN_FILES,
    }
    # macOS does not support a limit on the address space.
    if sys.platform != "darwin":
        limits[resource.RLIMIT_AS] = MEMORY_BYTES
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        _forbid(event)
    # Opening for reading stays allowed because libraries import their own modules lazily.
    if event == "open" and isinstance(arguments[1], str) and arguments[1].strip("rbtU"):
        _forbid(event)


def _forbid(event: str) -> NoReturn:
    raise PermissionError(f"{event} is forbidden while a file is read")


def _clean_line(text: str) -> str:
    """Remove unprintable characters and line breaks, and normalize bullets."""
    return "".join(map(_clean_character, text))


def _clean_character(character: str) -> str:
    # Symbol fonts encode bullets in the private use area; PDF encodings use the otherwise unused code 127.
    if character == "\x7f" or unicodedata.category(character) == "Co":
        return "•"
    if character == "\t" or character.isprintable():
        return character
    return " " if character.isspace() else ""


if __name__ == "__main__":
    main(sys.argv[1])
