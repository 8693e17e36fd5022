"""Resolve the typography of WordprocessingML through its styles. Pure."""

from collections.abc import Iterator
from typing import Any

# Word's default size, in half-points, if a file states none.
_DEFAULT_SIZE = 20.0
_MAX_STYLE_DEPTH = 20
_OFF = frozenset({"0", "false", "off", "none"})


def get_name(tag: Any) -> str:
    """Return a tag or attribute name without its namespace, which differs in Strict Open XML."""
    return str(tag).rpartition("}")[2]


def find_child(element: Any, *names: str) -> Any | None:
    """Return the element at a path of child names, in any namespace, or None."""
    for name in names:
        if element is None:
            return None
        element = next((child for child in element if get_name(child.tag) == name), None)
    return element


def get_value(element: Any | None, attribute: str = "val") -> str | None:
    """Return the value of an attribute, in any namespace, or None."""
    if element is None:
        return None
    return next((value for key, value in element.attrib.items() if get_name(key) == attribute), None)


def is_on(element: Any | None) -> bool | None:
    """Return the value of an on-off property, or None if the property is missing."""
    if element is None:
        return None
    return (get_value(element) or "on").casefold() not in _OFF


def parse_number(text: str | None) -> float | None:
    """Return a number, or None for anything else. Strict Open XML also has lengths with a unit."""
    if text is None:
        return None
    try:
        return float(text.removesuffix("pt")) * (20 if text.endswith("pt") else 1)
    except ValueError:
        return None


class WordStyles:
    """The styles and the numbering of a document."""

    def __init__(self, styles: Any | None, numbering: Any | None) -> None:
        self._styles: dict[str, Any] = {}
        self._defaults: list[Any] = []
        self._default_style = ""
        for element in styles if styles is not None else ():
            if get_name(element.tag) == "style":
                identifier = get_value(element, "styleId") or ""
                self._styles[identifier] = element
                if get_value(element, "type") == "paragraph" and get_value(element, "default") in ("1", "true"):
                    self._default_style = identifier
            elif get_name(element.tag) == "docDefaults":
                self._defaults.append(element)
        self._formats = _read_numbering(numbering)
        # Properties by style, container and name.
        self._cache: dict[tuple[str | None, str, str], Any | None] = {}

    def find_run_property(self, name: str, run: Any | None, paragraph: Any) -> Any | None:
        """Return a property of a run: its own, or that of its style, of its paragraph's style, or the default."""
        own = find_child(run, "rPr") if run is not None else None
        if own is not None:
            if (found := find_child(own, name)) is not None:
                return found
            if (found := self._find_in_style(get_value(find_child(own, "rStyle")), "rPr", name)) is not None:
                return found
        return self._find_inherited(paragraph, "rPr", name)

    def find_paragraph_property(self, name: str, paragraph: Any) -> Any | None:
        """Return a property of a paragraph: its own, or that of its style, or the default."""
        if (found := find_child(paragraph, "pPr", name)) is not None:
            return found
        return self._find_inherited(paragraph, "pPr", name)

    def _find_inherited(self, paragraph: Any, container: str, name: str) -> Any | None:
        style = get_value(find_child(paragraph, "pPr", "pStyle")) or self._default_style
        if (found := self._find_in_style(style, container, name)) is not None:
            return found
        defaults = (find_child(each, f"{container}Default", container, name) for each in self._defaults)
        return next((found for found in defaults if found is not None), None)

    def _find_in_style(self, style: str | None, container: str, name: str) -> Any | None:
        key = (style, container, name)
        if key not in self._cache:
            properties = (find_child(ancestor, container, name) for ancestor in self._iterate_ancestors(style))
            self._cache[key] = next((found for found in properties if found is not None), None)
        return self._cache[key]

    def get_size(self, run: Any | None, paragraph: Any) -> float:
        """Return the font size of a run in points."""
        return (parse_number(get_value(self.find_run_property("sz", run, paragraph))) or _DEFAULT_SIZE) / 2

    def is_bold(self, run: Any | None, paragraph: Any) -> bool:
        return bool(is_on(self.find_run_property("b", run, paragraph)))

    def is_list_item(self, paragraph: Any) -> bool:
        """Return whether Word draws a bullet or number, which is not part of the paragraph's text."""
        if self.is_heading(paragraph):
            return False
        numbering = self.find_paragraph_property("numPr", paragraph)
        identifier = get_value(find_child(numbering, "numId"))
        if identifier is not None:
            level = get_value(find_child(numbering, "ilvl")) or "0"
            return identifier != "0" and self._formats.get((identifier, level), "bullet") != "none"
        return any(name.casefold().startswith("list") for name in self._iterate_style_names(paragraph))

    def is_heading(self, paragraph: Any) -> bool:
        level = parse_number(get_value(self.find_paragraph_property("outlineLvl", paragraph)))
        if level is not None and level < 9:
            return True
        names = self._iterate_style_names(paragraph)
        return any(name.casefold().startswith(("heading", "title")) for name in names)

    def _iterate_style_names(self, paragraph: Any) -> Iterator[str]:
        for style in self._iterate_ancestors(get_value(find_child(paragraph, "pPr", "pStyle"))):
            yield get_value(find_child(style, "name")) or ""

    def _iterate_ancestors(self, identifier: str | None) -> Iterator[Any]:
        """Yield a style and the styles that it is based on."""
        for _ in range(_MAX_STYLE_DEPTH):
            style = self._styles.get(identifier or "")
            if style is None:
                return
            yield style
            identifier = get_value(find_child(style, "basedOn"))


def _read_numbering(numbering: Any | None) -> dict[tuple[str, str], str]:
    """Return the number format, such as "bullet" or "decimal", by list and level."""
    if numbering is None:
        return {}
    abstract: dict[str, dict[str, str]] = {}
    formats: dict[tuple[str, str], str] = {}
    for element in numbering:
        if get_name(element.tag) == "abstractNum":
            abstract[get_value(element, "abstractNumId") or ""] = {
                get_value(level, "ilvl") or "": get_value(find_child(level, "numFmt")) or ""
                for level in element
                if get_name(level.tag) == "lvl"
            }
        elif get_name(element.tag) == "num":
            levels = abstract.get(get_value(find_child(element, "abstractNumId")) or "", {})
            formats |= {(get_value(element, "numId") or "", level): form for level, form in levels.items()}
    return formats
