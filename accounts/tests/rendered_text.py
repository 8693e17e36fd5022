"""A sample resume, and helpers that extract the text of its rendered files."""

from html.parser import HTMLParser
from io import BytesIO

import docx
import pypdf
from markdown_it import MarkdownIt

from accounts.resumes.renderers.docx import render_docx
from accounts.resumes.renderers.html import render_html
from accounts.resumes.renderers.layout import build_layout
from accounts.resumes.renderers.markdown import render_markdown
from accounts.resumes.renderers.pdf import render_pdf

CONTENT = {
    "basics": {
        "name": "Žofia Αλεξίου Кузнецова",
        "label": "Backend Developer",
        "email": "zofia@example.org",
        "phone": "+49 30 1234567",
        "url": "https://www.zofia.example.org/",
        "summary": "Likes services that stay up at night.\n\nMeasures before she optimises.",
        "location": {"city": "Berlin", "countryCode": "DE"},
        "profiles": [{"network": "GitHub", "url": "https://github.com/zofia"}, {"network": "IRC", "username": "zo"}],
    },
    "skills": [{"name": "Python"}, {"name": "PostgreSQL"}, {"name": "Tools", "keywords": ["Git", "Make"]}],
    "work": [
        {
            "name": "Payments GmbH",
            "position": "Developer",
            "location": "Berlin",
            "startDate": "2021-03",
            "highlights": ["Keeps the ledger", "Found a lost cent"],
        },
        {"name": "Stadtwerke", "position": "Intern", "startDate": "2019", "endDate": "2020-09-30"},
    ],
    "projects": [{"name": "Ticket Hall", "description": "Sells seats.", "keywords": ["Python"], "endDate": "2025-11"}],
    "education": [{"institution": "TU Dresden", "studyType": "M.Sc.", "area": "Informatik", "endDate": "2019"}],
    "languages": [{"language": "German", "fluency": "fluent"}, {"language": "Polish"}],
    "meta": {"version": "1"},
}


RENDERERS = {"pdf": render_pdf, "docx": render_docx, "html": render_html, "md": render_markdown}


def render(file_format, content):
    return RENDERERS[file_format](build_layout(content))


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.links = set(), [], []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in {"href", "src"}]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, data):
        self.texts.append(data)


def read_html(page):
    reader = _Text()
    reader.feed(page.decode())
    return reader


def extract_rendered_text(file_format, rendered):
    """Return the visible text of a rendered file in one line."""
    if file_format == "pdf":
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(rendered)).pages)
    elif file_format == "docx":
        # `paragraph.text` includes the text of links, which `paragraph.runs` omits.
        text = "\n".join(paragraph.text for paragraph in docx.Document(BytesIO(rendered)).paragraphs)
    elif file_format == "html":
        text = "".join(read_html(rendered).texts)
    else:
        text = "".join(read_html(MarkdownIt("commonmark").render(rendered.decode()).encode()).texts)
    return " ".join(text.split())
