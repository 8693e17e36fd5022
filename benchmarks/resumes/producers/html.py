"""Set a page as HTML and CSS, and print it to PDF with WeasyPrint or Chromium."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import fontpkg

from benchmarks.resumes.pages import GAPS, SIZES, Line, Page, Run

_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_BODY_POINTS = 10
_FACES = ((400, "normal"), (400, "italic"), (700, "normal"), (700, "italic"))
_STYLE = """
@page { size: A4; margin: 16mm 17mm }
body { font: %(size)spt/1.35 %(family)s; margin: 0; hyphens: auto }
p, li { margin: 0; text-align: %(align)s }
ul { margin: 0; padding-left: 1.3em }
.row { display: flex; justify-content: space-between; gap: 1em }
.dated { display: grid; grid-template-columns: %(left_width)sem 1fr; gap: 0 0.6em }
.columns { display: grid; grid-template-columns: %(columns)s; gap: 0 2em }
.side { grid-column: %(side_column)s; grid-row: 1 }
.main { grid-column: %(main_column)s; grid-row: 1 }
.centered { text-align: center }
.spaced { letter-spacing: 0.22em }
.rule { border-bottom: 0.6pt solid #666 }
b { font-weight: 700 }
a { color: inherit; text-decoration: none }
"""


def render_html(page: Page) -> str:
    """Return a document with flex rows, grid columns and real lists."""
    is_left = page.side_position == "left"
    # The sum of the shares must be at least one: CSS grids leave the rest empty otherwise.
    side, main = f"{100 * page.side_width:.0f}fr", f"{100 * (1 - page.side_width):.0f}fr"
    style = "".join(_build_face(weight, slant) for weight, slant in _FACES) + _STYLE % {
        "size": _BODY_POINTS,
        "family": "serif" if page.is_serif else "Fira",
        "align": "justify" if page.is_justified else "left",
        "left_width": page.left_width,
        "columns": f"{side} {main}" if is_left else f"{main} {side}",
        "side_column": 1 if is_left else 2,
        "main_column": 2 if is_left else 1,
    }
    main_html = "".join(_render_lines(page.main, page))
    if page.side:
        parts = [f'<div class="side">{"".join(_render_lines(page.side, page))}</div>']
        # Chromium and WeasyPrint paint in document order, so the grid positions the columns.
        parts.insert(0 if page.has_side_painted_last else 1, f'<div class="main">{main_html}</div>')
        main_html = f'<div class="columns">{"".join(parts)}</div>'
    body = "".join(_render_lines(page.header, page)) + main_html
    return (
        f'<!doctype html><html lang="{page.language}"><meta charset="utf-8"><title>Resume</title>'
        f"<style>{style}</style><body>{body}</body></html>"
    )


def print_with_weasyprint(page: Page) -> bytes:
    """Return the page as a PDF made by WeasyPrint."""
    import weasyprint

    pdf: bytes = weasyprint.HTML(string=render_html(page)).write_pdf()
    return pdf


@contextmanager
def run_chromium() -> Iterator[Callable[[Page], bytes]]:
    """Yield a producer that prints pages with Chromium, which is closed at the end of the block."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        raise RuntimeError("Chromium is not installed. Leave it out with --producers.")
    with TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        document = Path(directory) / "resume.html"

        def print_page(page: Page) -> bytes:
            # The fonts are local files, which only a page from a local file may load.
            document.write_text(render_html(page), encoding="utf-8")
            tab = browser.new_page()
            tab.goto(document.as_uri())
            pdf = tab.pdf(prefer_css_page_size=True)
            tab.close()
            return pdf

        yield print_page
        browser.close()


def _build_face(weight: int, slant: str) -> str:
    path = Path(str(fontpkg.path("Fira Sans", weight=weight, style=slant)))
    return (
        f"@font-face {{ font-family: Fira; font-weight: {weight}; font-style: {slant}; src: url({path.as_uri()}) }}\n"
    )


def _render_lines(lines: tuple[Line, ...], page: Page) -> Iterator[str]:
    is_list_open = False
    for line in lines:
        is_item = line.style == "bullet" and not line.left
        if is_item != is_list_open:
            yield "<ul>" if is_item else "</ul>"
            is_list_open = is_item
        yield _render_line(line, page)
    if is_list_open:
        yield "</ul>"


def _render_line(line: Line, page: Page) -> str:
    classes = [
        *(["centered"] if line.is_centered else []),
        *(["spaced"] if line.is_letter_spaced else []),
        *(["rule"] if page.has_rules and line.style == "heading" else []),
    ]
    size = f"font-size:{SIZES[line.style]}em;margin-top:{GAPS[line.style] / SIZES[line.style]:.2f}em"
    text = "".join(map(_render_run, line.runs))
    tag = "h2" if line.style == "heading" else "h1" if line.style == "name" else "p"
    attributes = f'class="{" ".join(classes)}" style="{size}"'
    if tag in {"h1", "h2"}:
        attributes = attributes[:-1] + ';font-weight:400;margin-bottom:0"'
    if line.left:
        bullet = "<ul><li>" if line.style == "bullet" else "<div>"
        end = "</li></ul>" if line.style == "bullet" else "</div>"
        return f'<div class="dated" style="{size}"><div>{escape(line.left)}</div>{bullet}{text}{end}</div>'
    if line.style == "bullet":
        return f"<li {attributes}>{text}</li>"
    if line.right is not None:
        return f'<div class="row" style="{size}"><span>{text}</span><span>{_render_run(line.right)}</span></div>'
    return f"<{tag} {attributes}>{text}</{tag}>"


def _render_run(run: Run) -> str:
    html = escape(run.text)
    for tag, is_set in (("i", run.italic), ("b", run.bold)):
        html = f"<{tag}>{html}</{tag}>" if is_set else html
    return f'<a href="{escape(run.url)}">{html}</a>' if run.url else html
