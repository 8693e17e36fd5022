"""Extract a PDF's text layer with pypdf. Run only inside `extract_worker`: see `sandbox`."""

import io

from pypdf import Configuration, PageObject, PdfReader, apply_configuration
from pypdf.errors import LimitReachedError

from accounts.resumes.files.sandbox import FileRejected

MAX_PAGES = 60
MAX_LINKS = 50
# Maximum decompressed size of one stream. A page of dense text has about 20 kB, an embedded font about 500 kB.
_MAX_STREAM_BYTES = 10_000_000
_LIMITS = Configuration(
    zlib_maximum_output_length=_MAX_STREAM_BYTES,
    lzw_maximum_output_length=_MAX_STREAM_BYTES,
    run_length_maximum_output_length=_MAX_STREAM_BYTES,
    brotli_maximum_output_length=_MAX_STREAM_BYTES,
    array_based_stream_maximum_output_length=_MAX_STREAM_BYTES,
    page_tree_maximum_entries=10 * MAX_PAGES,
    # Without a binary, pypdf does not start the external JBIG2 decoder.
    jbig2dec_binary=None,
)


def extract_pdf(data: bytes, *, max_characters: int) -> tuple[str, list[str]]:
    """Return the text, page by page, and the link targets.

    Raises:
        FileRejected: The file is encrypted or exceeds a limit. A damaged file can raise any exception.
    """
    try:
        with apply_configuration(_LIMITS):
            return _extract(data, max_characters)
    except LimitReachedError as error:
        raise FileRejected("too_complex") from error


def _extract(data: bytes, max_characters: int) -> tuple[str, list[str]]:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise FileRejected("encrypted")
    if len(reader.pages) > MAX_PAGES:
        raise FileRejected("too_complex")
    texts: list[str] = []
    links: list[str] = []
    for page in reader.pages:
        texts.append(page.extract_text())
        if sum(map(len, texts)) > max_characters:
            raise FileRejected("too_complex")
        links += _list_links(page)
    return "\n\n".join(texts), links[:MAX_LINKS]


def _list_links(page: PageObject) -> list[str]:
    links = []
    for reference in (page.annotations or [])[:MAX_LINKS]:
        action = reference.get_object().get("/A")
        url = action.get_object().get("/URI") if action is not None else None
        if isinstance(url, str):
            links.append(url)
    return links
