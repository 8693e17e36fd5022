"""A common form of XML and JSON documents: an object maps a name to a text, an object or a list of these."""

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from accounts.resumes.imports.values import clean_text

Node = Any


def parse_xml(xml: bytes) -> tuple[str, Node]:
    """Return the name and the content of the root element. Names have no namespace, and attributes are also content.

    The XML must have no document type (see `check_xml`).
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(xml, parser)
    return _get_name(root.tag), _convert(root)


def _convert(element: Any) -> Node:
    result: dict[str, Any] = {_get_name(name): value for name, value in element.attrib.items()}
    for child in element:
        name, value = _get_name(child.tag), _convert(child)
        if name not in result or (isinstance(result[name], str) and name in element.attrib):
            result[name] = value
        elif isinstance(result[name], list):
            result[name].append(value)
        else:
            result[name] = [result[name], value]
    text = (element.text or "").strip()
    if not result or (text and len(element) == 0):
        return text
    return result


def _get_name(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def find(node: Node, *names: str) -> Node:
    """Return the first part of a document at a path of names, or None."""
    for name in names:
        node = node[0] if isinstance(node, list) and node else node
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node


def get_text(node: Node, *names: str) -> str:
    """Return the text at a path of names, or an empty text."""
    value = find(node, *names)
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean_text(str(value))


def iterate(node: Node, *names: str) -> Iterator[Node]:
    """Yield the parts at a path of names, of which each may be a list, also in a wrapper named "...List"."""
    if not names:
        yield from node if isinstance(node, list) else () if node in (None, "") else (node,)
        return
    for part in node if isinstance(node, list) else (node,):
        if isinstance(part, Mapping):
            if names[0] in part:
                yield from iterate(part[names[0]], *names[1:])
            elif f"{names[0]}List" in part:
                yield from iterate(part[f"{names[0]}List"], *names)
