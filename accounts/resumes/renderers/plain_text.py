"""Render a resume as plain text, in the lines that an applicant-tracking system reads from a file. Pure."""

from collections.abc import Iterator

from accounts.resumes.renderers.layout import LayoutEntry, ResumeLayout


def render_plain_text(layout: ResumeLayout) -> str:
    """Return the resume as lines of text. A tab separates a title from its dates."""
    lines = [layout.name, layout.label, " | ".join(link.text for link in layout.contact), *layout.summary]
    for section in layout.sections:
        lines += ["", section.heading]
        lines += [f"{label}: {text}" if label else text for label, text in section.lines]
        for entry in section.entries:
            lines += _list_entry_lines(entry)
    return "\n".join(lines)


def _list_entry_lines(entry: LayoutEntry) -> Iterator[str]:
    yield "\t".join(filter(None, (entry.title, entry.dates)))
    yield from filter(None, (entry.subtitle, entry.link.text if entry.link else ""))
    yield from entry.paragraphs
    yield from (f"• {point}" for point in entry.points)
    if entry.keywords:
        yield entry.keywords
