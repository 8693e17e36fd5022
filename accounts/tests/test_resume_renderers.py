"""Rendering of resumes: the same text in every format, for any input."""

import hashlib
import os
import re
import subprocess
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import docx
import orjson
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from accounts.resumes.renderers.layout import LayoutLink, build_layout
from accounts.tests.rendered_text import CONTENT, RENDERERS, extract_rendered_text, read_html, render

WORDS = (
    *("Žofia Αλεξίου Кузнецова", "Backend Developer", "zofia@example.org", "+49 30 1234567", "Berlin, DE"),
    *("zofia.example.org", "github.com/zofia", "IRC: zo", "Measures before she optimises.", "Python, PostgreSQL"),
    *("Git, Make", "Developer", "Payments GmbH, Berlin", "Mar 2021 – present", "Keeps the ledger", "2019 – Sep 2020"),
    *("Ticket Hall", "Nov 2025", "M.Sc., Informatik", "TU Dresden", "German (fluent), Polish"),
)


SPECIAL_TEXTS = (
    "<script>alert(1)</script>",
    "</style><b>bold</b>",
    "*stars* _lines_ `code` [link](javascript:alert(1)) ![x](y)",
    "# heading",
    "- list",
    "1. one",
    "{{ 7|add:7 }} {% now %}",
    "<para><font size=99>&amp; &lt;",
    "a\x00b\x0bc\x1bd\ufffee",
    '" onmouseover="alert(1)',
    "مرحبا שלום 你好 😀",
)


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


PROJECT_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file_format", RENDERERS)
def test_renders_the_same_text_in_every_format(file_format):
    text = extract_rendered_text(file_format, render(file_format, CONTENT))

    assert [words for words in WORDS if words not in text] == []


def test_orders_the_sections_and_omits_empty_ones():
    layout = build_layout(CONTENT | {"awards": [], "volunteer": [{}], "certificates": [{"name": " "}]})

    assert [section.heading for section in layout.sections] == [
        *("Skills", "Experience", "Projects", "Education", "Languages")
    ]


@pytest.mark.parametrize("file_format", RENDERERS)
@pytest.mark.parametrize("content", [{}, {"basics": {}}, {"work": [{}], "skills": [{"name": ""}]}])
def test_renders_an_empty_resume(file_format, content):
    assert extract_rendered_text(file_format, render(file_format, content)).startswith("Resume")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"startDate": "2021-03", "endDate": "2022-01-31"}, "Mar 2021 – Jan 2022"),
        ({"startDate": "2021"}, "2021 – present"),
        ({"endDate": "2021"}, "2021"),
        ({"startDate": "2021-05", "endDate": "2021-05"}, "May 2021"),
        ({"position": "x"}, ""),
    ],
)
def test_renders_the_dates_of_a_position(part, expected):
    assert build_layout({"work": [{"name": "x"} | part]}).sections[0].entries[0].dates == expected


def test_keeps_the_paragraphs_of_free_text():
    layout = build_layout({"basics": {"summary": "One\nline.\n\nTwo\r\n- first\n- second\n"}})

    assert layout.summary == ("One", "line.", "Two", "- first", "- second")


def test_links_contact_details():
    assert [link for link in build_layout(CONTENT).contact if link.url] == [
        LayoutLink("zofia@example.org", "mailto:zofia@example.org"),
        LayoutLink("+49 30 1234567", "tel:+49301234567"),
        LayoutLink("zofia.example.org", "https://www.zofia.example.org/"),
        LayoutLink("github.com/zofia", "https://github.com/zofia"),
    ]


def build_content(text):
    line = text[:300]
    return {
        "basics": {"name": line, "label": line, "summary": text, "location": {"city": line}, "phone": line},
        "skills": [{"name": line}, {"name": line, "keywords": [line]}],
        "work": [{"name": line, "position": line, "summary": text, "highlights": [text], "startDate": "2020"}],
        "projects": [{"name": line, "keywords": [line], "url": 'https://x.example/"><b>(\\)<i>'}],
    }


# The PDF font lacks some characters of the last text.
@pytest.mark.parametrize(
    ("file_format", "text"),
    [
        (file_format, text)
        for file_format in RENDERERS
        for text in SPECIAL_TEXTS
        if (file_format, text) != ("pdf", SPECIAL_TEXTS[-1])
    ],
)
def test_renders_special_characters_literally(file_format, text):
    content = build_content(text)

    rendered_text = extract_rendered_text(file_format, render(file_format, content))

    expected = " ".join(re.sub("[\x00-\x1f\ufffe]", " ", text).split())
    assert expected in rendered_text


@pytest.mark.parametrize("text", SPECIAL_TEXTS)
def test_escapes_markup(text):
    html = read_html(render("html", build_content(text)))
    markdown = read_html(MarkdownIt("commonmark").render(render("md", build_content(text)).decode()).encode())

    assert not html.tags & {"script", "b", "img", "iframe", "font"}
    assert markdown.tags <= {"h1", "h2", "h3", "p", "strong", "em", "a", "ul", "li"}
    for link in html.links + markdown.links:
        assert link.startswith(("https://x.example/", "tel:"))


@given(text=st.text(max_size=80))
def test_renders_any_text(text):
    content = build_content(text)

    for file_format in RENDERERS:
        assert render(file_format, content)
    rendered_text = extract_rendered_text("md", render("md", content))
    assert all(line in rendered_text for line in build_layout(content).summary)


@pytest.mark.parametrize("file_format", RENDERERS)
def test_renders_words_wider_and_texts_longer_than_a_page(file_format):
    long = {"name": "W" * 300, "position": "V" * 300, "summary": "U" * 10_000, "highlights": ["word " * 2_000]}

    rendered = render(file_format, {"basics": {"name": "N" * 300}, "work": [long] * 3})

    assert extract_rendered_text(file_format, rendered).replace(" ", "").count("V" * 90) >= 3
    if file_format == "pdf":
        pages = pypdf.PdfReader(BytesIO(rendered)).pages
        assert pages[1].extract_text().split()[-1] == "2" or pages[1].extract_text().split()[0] == "2"


def test_runs_nothing_and_fetches_nothing():
    page = render("html", CONTENT).decode()

    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[0].replace("&#x27;", "'")
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]
    digest = hashlib.sha256(style.encode()).digest()
    assert f"style-src 'sha256-{b64encode(digest).decode()}'" in policy
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)


def test_embeds_fonts_and_character_maps_in_the_pdf():
    page: Any = pypdf.PdfReader(BytesIO(render("pdf", CONTENT))).pages[0]

    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    descriptors = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert ["FiraSans" in font["/BaseFont"] for font in fonts] == [True, True]
    assert all("/ToUnicode" in font for font in fonts)
    assert all("/FontFile2" in descriptor for descriptor in descriptors)


@pytest.mark.parametrize("file_format", RENDERERS)
def test_rendering_is_deterministic(file_format):
    other = {"basics": {"name": "Ünal Ősz"}, "work": CONTENT["work"]}

    first = render(file_format, CONTENT)
    render(file_format, other)
    with ThreadPoolExecutor(4) as threads:
        concurrent_results = list(threads.map(lambda content: render(file_format, content), [CONTENT, other] * 4))

    assert set(concurrent_results[::2]) == {first}
    assert len(set(concurrent_results)) == 2


def test_rendering_is_deterministic_across_processes():
    script = (
        "import hashlib, json, sys, django\n"
        "from django.conf import settings\n"
        "engine = {'BACKEND': 'django.template.backends.django.DjangoTemplates', 'DIRS': ['accounts/templates']}\n"
        "settings.configure(TEMPLATES=[engine])\n"
        "django.setup()\n"
        "from accounts.resumes.renderers import docx, html, layout, markdown, pdf\n"
        "resume_layout = layout.build_layout(json.load(sys.stdin))\n"
        "renderers = {'pdf': pdf.render_pdf, 'docx': docx.render_docx,"
        " 'html': html.render_html, 'md': markdown.render_markdown}\n"
        "print({name: hashlib.sha256(render(resume_layout)).hexdigest() for name, render in renderers.items()})"
    )
    options: dict[str, Any] = {
        "input": orjson.dumps(CONTENT),
        "env": os.environ | {"PYTHONHASHSEED": "7"},
        "cwd": PROJECT_ROOT,
    }

    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, **options)

    expected = {file_format: hashlib.sha256(render(file_format, CONTENT)).hexdigest() for file_format in RENDERERS}
    assert completed.stdout.decode().strip() == str(expected)


def test_a_word_document_contains_no_creation_time():
    document = render("docx", CONTENT)

    assert {entry.date_time[0] for entry in ZipFile(BytesIO(document)).infolist()} == {1980}
    properties = docx.Document(BytesIO(document)).core_properties
    assert (properties.author, properties.title) == (
        "Žofia Αλεξίου Кузнецова",
        "Žofia Αλεξίου Кузнецова, Backend Developer",
    )
    assert properties.created.year == properties.modified.year == 2000
