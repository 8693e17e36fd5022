"""The text of a PDF's text layer, by pypdf. Runs in a process of its own alone: see `reading`."""

import io

from pypdf import Configuration, PageObject, PdfReader, apply_configuration
from pypdf.errors import LimitReachedError

from accounts.resumes.files.sandbox import FileRejected

MAX_PAGES = 60
MAX_LINKS = 50
# What one stream may unpack to: a page of dense text has some 20 kB, an embedded font some 500 kB.
_MAX_UNPACKED = 10_000_000
_LIMITS = Configuration(
    zlib_maximum_output_length=_MAX_UNPACKED,
    lzw_maximum_output_length=_MAX_UNPACKED,
    run_length_maximum_output_length=_MAX_UNPACKED,
    brotli_maximum_output_length=_MAX_UNPACKED,
    array_based_stream_maximum_output_length=_MAX_UNPACKED,
    page_tree_maximum_entries=10 * MAX_PAGES,
    # No other program is started.
    jbig2dec_binary=None,
)


def extract_pdf(data: bytes, *, most_characters: int) -> tuple[str, list[str]]:
    """The text, page by page, and the addresses that it links to.

    Raises FileRejected, and for a damaged file anything.
    """
    try:
        with apply_configuration(_LIMITS):
            return _read(data, most_characters)
    except LimitReachedError as error:
        raise FileRejected("too_complex") from error


def _read(data: bytes, most_characters: int) -> tuple[str, list[str]]:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise FileRejected("encrypted")
    if len(reader.pages) > MAX_PAGES:
        raise FileRejected("too_complex")
    texts: list[str] = []
    links: list[str] = []
    for page in reader.pages:
        texts.append(page.extract_text())
        if sum(map(len, texts)) > most_characters:
            raise FileRejected("too_complex")
        links += _links(page)
    return "\n\n".join(texts), links[:MAX_LINKS]


def _links(page: PageObject) -> list[str]:
    links = []
    for reference in (page.annotations or [])[:MAX_LINKS]:
        action = reference.get_object().get("/A")
        address = action.get_object().get("/URI") if action is not None else None
        if isinstance(address, str):
            links.append(address)
    return links
