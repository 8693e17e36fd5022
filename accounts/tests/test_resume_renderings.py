"""How resumes look as files: the same words in every form, whatever people have written into them."""

import hashlib
import os
import re
import subprocess
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import docx
import orjson
import pypdf
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from accounts.resumes.documents import Resume
from accounts.resumes.renderings.docx import write_docx
from accounts.resumes.renderings.html import write_html
from accounts.resumes.renderings.markdown import write_markdown
from accounts.resumes.renderings.page import Link, lay_out
from accounts.resumes.renderings.pdf import write_pdf
from accounts.resumes.services import store_resume

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
WORDS = (
    *("Žofia Αλεξίου Кузнецова", "Backend Developer", "zofia@example.org", "+49 30 1234567", "Berlin, DE"),
    *("zofia.example.org", "github.com/zofia", "IRC: zo", "Measures before she optimises.", "Python, PostgreSQL"),
    *("Git, Make", "Developer", "Payments GmbH, Berlin", "Mar 2021 – present", "Keeps the ledger", "2019 – Sep 2020"),
    *("Ticket Hall", "Nov 2025", "M.Sc., Informatik", "TU Dresden", "German (fluent), Polish"),
)
FORMS = {"pdf": write_pdf, "docx": write_docx, "html": write_html, "md": write_markdown}
NASTY = (
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
ROOT = Path(__file__).parents[2]


def render(form, content):
    return FORMS[form](lay_out(content))


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


@pytest.fixture(autouse=True)
def _servers():
    """Most here asks no server, so none is emptied before each test."""


@pytest.fixture
def ada(mongo, redis, register):
    return register()


def text_of(form, rendered):
    """What a reader of the file sees, in one line."""
    if form == "pdf":
        text = "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(rendered)).pages)
    elif form == "docx":
        # With the texts of links, which python-docx leaves out of a paragraph's runs alone.
        text = "\n".join(paragraph.text for paragraph in docx.Document(BytesIO(rendered)).paragraphs)
    elif form == "html":
        text = "".join(read_html(rendered).texts)
    else:
        text = "".join(read_html(MarkdownIt("commonmark").render(rendered.decode()).encode()).texts)
    return " ".join(text.split())


# The words


@pytest.mark.parametrize("form", FORMS)
def test_says_the_same_in_every_form(form):
    text = text_of(form, render(form, CONTENT))

    assert [words for words in WORDS if words not in text] == []


def test_orders_the_sections_and_leaves_empty_ones_out():
    page = lay_out(CONTENT | {"awards": [], "volunteer": [{}], "certificates": [{"name": " "}]})

    assert [section.heading for section in page.sections] == [
        *("Skills", "Experience", "Projects", "Education", "Languages")
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", [{}, {"basics": {}}, {"work": [{}], "skills": [{"name": ""}]}])
def test_shows_a_resume_that_says_nothing(form, content):
    assert text_of(form, render(form, content)).startswith("Resume")


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
def test_tells_when_somebody_worked_somewhere(part, expected):
    assert lay_out({"work": [{"name": "x"} | part]}).sections[0].entries[0].dates == expected


def test_parts_free_text_where_its_writer_did():
    page = lay_out({"basics": {"summary": "One\nline.\n\nTwo\r\n- first\n- second\n"}})

    assert page.summary == ("One", "line.", "Two", "- first", "- second")


def test_links_to_where_people_can_be_reached():
    assert [link for link in lay_out(CONTENT).contact if link.address] == [
        Link("zofia@example.org", "mailto:zofia@example.org"),
        Link("+49 30 1234567", "tel:+49301234567"),
        Link("zofia.example.org", "https://www.zofia.example.org/"),
        Link("github.com/zofia", "https://github.com/zofia"),
    ]


# Whatever people write


def nasty(text):
    line = text[:300]
    return {
        "basics": {"name": line, "label": line, "summary": text, "location": {"city": line}, "phone": line},
        "skills": [{"name": line}, {"name": line, "keywords": [line]}],
        "work": [{"name": line, "position": line, "summary": text, "highlights": [text], "startDate": "2020"}],
        "projects": [{"name": line, "keywords": [line], "url": 'https://x.example/"><b>(\\)<i>'}],
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", NASTY)
def test_shows_what_people_wrote_as_they_wrote_it(form, text):
    content = nasty(text)

    shown = text_of(form, render(form, content))

    expected = " ".join(re.sub("[\x00-\x1f\ufffe]", " ", text).split())
    if form == "pdf" and "😀" in expected:
        return  # letters that the font has not
    assert expected in shown


@pytest.mark.parametrize("text", NASTY)
def test_lets_nobody_write_markup(text):
    html = read_html(render("html", nasty(text)))
    markdown = read_html(MarkdownIt("commonmark").render(render("md", nasty(text)).decode()).encode())

    assert not html.tags & {"script", "b", "img", "iframe", "font"}
    assert markdown.tags <= {"h1", "h2", "h3", "p", "strong", "em", "a", "ul", "li"}
    for link in html.links + markdown.links:
        assert link.startswith(("https://x.example/", "tel:"))


@given(text=st.text(max_size=80))
def test_renders_any_text(text):
    content = nasty(text)

    for form in FORMS:
        assert render(form, content)
    shown = text_of("md", render("md", content))
    assert all(line in shown for line in lay_out(content).summary)


@pytest.mark.parametrize("form", FORMS)
def test_renders_words_longer_than_a_page_is_wide_and_texts_longer_than_a_page(form):
    long = {"name": "W" * 300, "position": "V" * 300, "summary": "U" * 10_000, "highlights": ["word " * 2_000]}

    rendered = render(form, {"basics": {"name": "N" * 300}, "work": [long] * 3})

    assert text_of(form, rendered).replace(" ", "").count("V" * 90) >= 3
    if form == "pdf":
        pages = pypdf.PdfReader(BytesIO(rendered)).pages
        assert pages[1].extract_text().split()[-1] == "2" or pages[1].extract_text().split()[0] == "2"


def test_runs_nothing_and_fetches_nothing():
    page = render("html", CONTENT).decode()

    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#x27;", "'")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = hashlib.sha256(style.encode()).digest()
    assert f"style-src 'sha256-{b64encode(digest).decode()}'" in policy
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)


def test_embeds_the_letters_and_their_meaning_in_the_pdf():
    page = pypdf.PdfReader(BytesIO(render("pdf", CONTENT))).pages[0]

    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    used = [font for font in fonts if "FiraSans" in font["/BaseFont"]]
    assert len(used) >= 2
    assert all("/ToUnicode" in font and "/FontFile2" in font["/FontDescriptor"] for font in used)


# The same bytes


@pytest.mark.parametrize("form", FORMS)
def test_the_same_resume_gives_the_same_bytes(form):
    other = {"basics": {"name": "Ünal Ősz"}, "work": CONTENT["work"]}

    first = render(form, CONTENT)
    render(form, other)
    with ThreadPoolExecutor(4) as threads:
        more = list(threads.map(lambda content: render(form, content), [CONTENT, other] * 4))

    assert set(more[::2]) == {first}
    assert len(set(more)) == 2


def test_the_same_resume_gives_the_same_bytes_in_another_process():
    script = (
        "import hashlib, json, sys, django\n"
        "from django.conf import settings\n"
        "engine = {'BACKEND': 'django.template.backends.django.DjangoTemplates', 'DIRS': ['accounts/templates']}\n"
        "settings.configure(TEMPLATES=[engine])\n"
        "django.setup()\n"
        "from accounts.resumes.renderings import docx, html, markdown, page, pdf\n"
        "shown = page.lay_out(json.load(sys.stdin))\n"
        "forms = {'pdf': pdf.write_pdf, 'docx': docx.write_docx,"
        " 'html': html.write_html, 'md': markdown.write_markdown}\n"
        "print({form: hashlib.sha256(write(shown)).hexdigest() for form, write in forms.items()})"
    )
    told = {
        "input": orjson.dumps(CONTENT),
        "env": os.environ | {"PYTHONHASHSEED": "7"},
        "cwd": ROOT,
    }

    elsewhere = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, **told)

    here = {form: hashlib.sha256(render(form, CONTENT)).hexdigest() for form in FORMS}
    assert elsewhere.stdout.decode().strip() == str(here)


def test_nothing_in_a_word_document_tells_when_it_was_made():
    document = render("docx", CONTENT)

    assert {entry.date_time[0] for entry in ZipFile(BytesIO(document)).infolist()} == {1980}
    properties = docx.Document(BytesIO(document)).core_properties
    assert (properties.author, properties.title) == (
        "Žofia Αλεξίου Кузнецова",
        "Žofia Αλεξίου Кузнецова, Backend Developer",
    )
    assert properties.created.year == properties.modified.year == 2000


# The endpoints

ENDINGS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}


@pytest.fixture
def stored(ada, now):
    """Store a resume of Ada's; what is passed replaces the usual."""

    def store(**changes):
        usual = {"source": "generated", "job_id": None, "status": "ready", "content": CONTENT}
        return store_resume(user_id=ObjectId(ada.id), now=now, **(usual | changes))

    return store


@pytest.mark.parametrize("source", ["generated", "upload"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_hands_a_resume_out_as_a_private_file(ada, stored, ending, source):
    resume = stored(source=source)

    answer = ada.get(f"/resumes/{resume.pk}.{ending}")

    assert answer.status_code == 200
    assert answer["Content-Type"] == ENDINGS[ending]
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%C5%BDofia-")
    assert answer["Content-Disposition"].endswith(f"-resume-v1.{ending}")
    if ending == "json":
        assert orjson.loads(answer.content) == CONTENT
    else:
        assert answer.content == render(ending, CONTENT)
    assert ada.get(f"/resumes/{resume.pk}.{ending}/").content == answer.content


def test_the_page_has_the_policy_that_it_names(ada, stored):
    policy = ada.get(f"/resumes/{stored().pk}.html")["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-")
    assert policy.endswith("frame-ancestors 'none'")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", 'attachment; filename="etc-passwd-resume-v1.pdf"'),
        ('a"; filename="x.exe', 'attachment; filename="a-filename-x-exe-resume-v1.pdf"'),
        ("a\r\nSet-Cookie: b", 'attachment; filename="a-Set-Cookie-b-resume-v1.pdf"'),
        ("N" * 300, f'attachment; filename="{"N" * 60}-resume-v1.pdf"'),
        ("...", 'attachment; filename="resume-v1.pdf"'),
        (None, 'attachment; filename="resume-v1.pdf"'),
    ],
)
def test_names_the_file_by_words_alone(ada, stored, name, expected):
    resume = stored(content={"basics": {"name": name} if name else {}})

    assert ada.get(f"/resumes/{resume.pk}.pdf")["Content-Disposition"] == expected


def test_a_resume_of_somebody_else_is_not_there(ada, stored, register, api):
    resume = stored()
    paths = [f"/resumes/{resume.pk}.{ending}" for ending in ENDINGS]
    other = register(email="bob@example.org")

    assert {other.get(path).status_code for path in paths} == {404}
    assert {api.get(path).status_code for path in paths} == {401}


def test_no_resume_is_not_there(ada):
    ids = ["65f000000000000000000001", "x", "65f00000000000000000000g", "a.pdf", "%00", "é"]

    answers = [ada.get(f"/resumes/{resume_id}.{ending}") for resume_id in ids for ending in [*ENDINGS, "exe"]]

    assert {answer.status_code for answer in answers} == {404}
    assert all(answer.json() == {"detail": "Not found."} for answer in answers)


@pytest.mark.parametrize(("status", "sentence"), [("processing", "still being read"), ("refused", "could not be read")])
def test_what_was_not_read_cannot_be_shown(ada, stored, now, status, sentence):
    resume = stored(source="upload", status=status, content={}, refusal="encrypted", expires_at=now + timedelta(days=1))

    answers = [ada.get(f"/resumes/{resume.pk}.{ending}") for ending in ENDINGS]

    assert {answer.status_code for answer in answers} == {409}
    assert all(sentence in answer.json()["detail"] for answer in answers)


def test_keeps_the_order_in_which_content_was_stored(ada, stored):
    resume = stored()

    again = Resume.objects.get(id=resume.pk)
    assert list(again.content) == list(CONTENT)
    assert render("pdf", again.content) == render("pdf", CONTENT)


def test_shows_an_uploaded_text_as_a_resume(ada):
    text = "Ada Lovelace\nada@example.org\n\nExperience\nAnalyst, Babbage & Sons\nJan 1990 - Mar 1993\n- Wrote Note G\n"
    uploaded = ada.post("/resumes/generate", {"user_id": ada.id, "source": "upload", "content": text})

    shown = text_of("pdf", ada.get(f"/resumes/{uploaded.json()['resume_id']}.pdf").content)

    assert "Ada Lovelace" in shown
    assert "Jan 1990 – Mar 1993" in shown
    assert "Wrote Note G" in shown
