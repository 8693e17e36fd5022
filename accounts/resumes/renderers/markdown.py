"""A resume as Markdown. Pure."""

import re
from collections.abc import Iterator

from accounts.resumes.renderers.layout import LayoutEntry, LayoutLink, LayoutSection, ResumeLayout

# Signs that mean something anywhere, and those that do at a line's beginning alone.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")
_BEGINNING = re.compile(r"^(?:([-+=:])|(\d{1,9})([.)]))")


def render_markdown(page: ResumeLayout) -> bytes:
    """The page in CommonMark; whatever people wrote shows as they wrote it."""
    lines = [f"# {_text(page.name or page.title)}", ""]
    if page.label:
        lines += [f"**{_text(page.label)}**", ""]
    if page.contact:
        lines += [_line(" · ".join(map(_link, page.contact))), ""]
    for paragraph in page.summary:
        lines += [_line(_text(paragraph)), ""]
    for section in page.sections:
        lines += [f"## {section.heading}", "", *_build_lines(section)]
    return ("\n".join(lines).rstrip("\n") + "\n").encode()


def _build_lines(section: LayoutSection) -> Iterator[str]:
    for label, text in section.lines:
        yield f"**{_text(label)}:** {_text(text)}" if label else _line(_text(text))
        yield ""
    for entry in section.entries:
        yield from _entry(entry)


def _entry(entry: LayoutEntry) -> Iterator[str]:
    if entry.title:
        yield from (f"### {_text(entry.title)}", "")
    facts = [_text(fact) for fact in (entry.subtitle, entry.dates) if fact]
    if entry.link:
        facts.append(_link(entry.link))
    if facts:
        yield from (_line(" · ".join(facts)), "")
    for paragraph in entry.paragraphs:
        yield from (_line(_text(paragraph)), "")
    if entry.points:
        yield from (f"- {_line(_text(point))}" for point in entry.points)
        yield ""
    if entry.keywords:
        yield from (f"*{_text(entry.keywords)}*", "")


def _link(link: LayoutLink) -> str:
    if link.address is None:
        return _text(link.text)
    return f"[{_text(link.text)}](<{link.address}>)"


def _text(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)


def _line(text: str) -> str:
    """Text that begins a line, and begins no list, no number of one, no underline with it."""
    return _BEGINNING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)
