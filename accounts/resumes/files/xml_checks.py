"""Check XML before a parser builds its tree. Pure."""

from xml.parsers import expat

from accounts.resumes.files.formats import FileRejected

MAX_ELEMENTS = 200_000
# The XML parser fails at a depth of 256.
MAX_XML_DEPTH = 200


def check_xml(xml: bytes) -> None:
    """Reject XML with too large a tree, and any DTD. Resume files have none, but entity attacks need one."""
    depth = count = 0

    def start_element(*_: object) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MAX_XML_DEPTH or count > MAX_ELEMENTS:
            raise FileRejected("too_complex")

    def end_element(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def reject_doctype(*_: object) -> None:
        raise FileRejected("malformed")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.StartDoctypeDeclHandler = reject_doctype
    parser.Parse(xml, True)
