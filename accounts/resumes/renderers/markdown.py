"""Render a resume as Markdown. Pure."""

import re
from collections.abc import Iterator

from accounts.resumes.renderers.layout import LayoutEntry, LayoutLink, LayoutSection, ResumeLayout

# Characters that have a meaning anywhere in Markdown, and those that have one only at the start of a line.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")
_SPECIAL_AT_START = re.compile(r"^(?:([-+=:])|(\d{1,9})([.)]))")


def render_markdown(layout: ResumeLayout) -> bytes:
    """Return the resume in CommonMark. Special characters in the user's text are escaped."""
    lines = [f"# {_escape(layout.name or layout.title)}", ""]
    if layout.label:
        lines += [f"**{_escape(layout.label)}**", ""]
    if layout.contact:
        lines += [_escape_start(" · ".join(map(_render_link, layout.contact))), ""]
    for paragraph in layout.summary:
        lines += [_escape_start(_escape(paragraph)), ""]
    for section in layout.sections:
        lines += [f"## {section.heading}", "", *_render_section(section)]
    return ("\n".join(lines).rstrip("\n") + "\n").encode()


def _render_section(section: LayoutSection) -> Iterator[str]:
    for label, text in section.lines:
        yield f"**{_escape(label)}:** {_escape(text)}" if label else _escape_start(_escape(text))
        yield ""
    for entry in section.entries:
        yield from _render_entry(entry)


def _render_entry(entry: LayoutEntry) -> Iterator[str]:
    if entry.title:
        yield from (f"### {_escape(entry.title)}", "")
    facts = [_escape(fact) for fact in (entry.subtitle, entry.dates) if fact]
    if entry.link:
        facts.append(_render_link(entry.link))
    if facts:
        yield from (_escape_start(" · ".join(facts)), "")
    for paragraph in entry.paragraphs:
        yield from (_escape_start(_escape(paragraph)), "")
    if entry.points:
        yield from (f"- {_escape_start(_escape(point))}" for point in entry.points)
        yield ""
    if entry.keywords:
        yield from (f"*{_escape(entry.keywords)}*", "")


def _render_link(link: LayoutLink) -> str:
    if link.url is None:
        return _escape(link.text)
    return f"[{_escape(link.text)}](<{link.url}>)"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _escape_start(text: str) -> str:
    """Escape the start of a line, so that it does not begin a list item or underline the text above it."""
    return _SPECIAL_AT_START.sub(lambda match: f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}", text)
