"""Text, Markdown and HTML files: their encodings, marks and tags."""

import pytest

from accounts.resumes.files.formats import HTML, JSON, TEXT, XML, FileRejected, detect_file_type
from accounts.resumes.files.sandbox import extract_text
from accounts.resumes.files.web_page import extract_html

WORDS = "Mona Vale bakes bread in a harbor"


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _read_html(html):
    return extract_html(html.encode() if isinstance(html, str) else html, max_characters=100_000)


def _read_html_texts(html):
    return [line.text for line in _read_html(html)[0]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Jürgen Groß\nBäcker in Köln, 2019 – 2021 „Brot“", "cp1252"),
        ("Jürgen Groß\nBäcker in Köln", "mac_roman"),
        ("Hélène Façon\nIngénieure à Liège — 50 000 €", "cp1252"),
        ("José Muñoz\nPanadero en León y Málaga", "iso8859_15"),
        ("Zażółć Gęślą\nPiekarz, ulica Łąkowa, Gdańsk", "cp1250"),
        ("Zażółć Gęślą\nPiekarz, ulica Łąkowa, Gdańsk", "iso8859_2"),
        ("Jiří Dvořák\nPekař v Českých Budějovicích", "cp1250"),
        ("Мария Иванова\nПекарь в городе Тверь", "cp1251"),
        ("Мария Иванова\nПекарь в городе Тверь", "koi8_r"),
        ("Μαρία Παπαδοπούλου\nΑρτοποιός στην Αθήνα", "cp1253"),
        ("Çağla Şahin\nİstanbul'da fırıncı ve müdür", "cp1254"),
        ("דנה כהן\nאופה בתל אביב משנת 2019", "cp1255"),
        ("山田花子のパン屋の職務経歴書です。東京のパン工場で働きました。よろしくお願いします。", "shift_jis"),
        (WORDS, "utf-16-le"),
        (WORDS, "utf-16-be"),
        (WORDS, "utf-32"),
        (f"{WORDS} „żółw“ 東京", "utf-8"),
        (f"{WORDS} „żółw“ 東京", "utf-16"),
    ],
)
def test_detects_the_encoding_of_a_text(text, encoding):
    assert extract_text(text.encode(encoding)).text == text


def test_reads_soft_hyphens_as_dashes_or_not_at_all():
    text = "Baker, Crust Ltd, 2019 \u00ad 2021\nCo\u00adop of ba\u00ad\nkers in town"

    assert extract_text(text.encode()).text == "Baker, Crust Ltd, 2019 - 2021\nCoop of bakers\nin town"


def test_removes_the_marks_of_markdown():
    text = """Mona Vale
=========

***Baker*** | [Home](https://example.org/mona "Home") | <mona@example.org>

Work
----
> Quote, ~~old~~ `code`

| Firm | Years |
|:-----|------:|
| **Crust** Ltd | 2019 |

* Wrote 5 * 3 * 2, snake_case_name and C\\*
  + __init__ and _emphasis_ <br/> ![photo](me.png)

***
```
rye
```
"""

    file = extract_text(text.encode())

    assert [line.rstrip() for line in file.text.split("\n") if line.strip()] == [
        *(
            "# Mona Vale",
            "Baker | Home | mona@example.org",
            "## Work",
            "Quote, old code",
            "Firm\tYears",
            "Crust Ltd\t2019",
        ),
        *("- Wrote 5 * 3 * 2, snake_case_name and C*", "  - init and emphasis", "rye"),
    ]
    assert file.links == ("https://example.org/mona", "mona@example.org")


def test_removes_the_backslash_before_any_punctuation():
    text = r"# Ada Lovelace" + "\n\n" + r"Harbour \& Thistle, \$5 \= a \"price\", in C:\tools"

    assert extract_text(text.encode()).text == '# Ada Lovelace\n\nHarbour & Thistle, $5 = a "price", in C:\\tools'


@pytest.mark.parametrize("text", [f"{WORDS}\n* 5 * 3 * 2 = 30\n_x_ a_b_c <T> C# `x", f"{WORDS}\n#1 in sales | 2*3*4"])
def test_leaves_text_that_is_not_markdown_as_it_is(text):
    assert extract_text(text.encode()).text == text


@pytest.mark.parametrize("mark", [" __a", "[", "![", "<", "<!--", "`", "**", "*a ", "|-", "~~", "<a@", "\u00ad\n"])
def test_reads_many_marks_in_linear_time(mark):
    """A quadratic pattern would take minutes."""
    assert WORDS in extract_text(f"# {WORDS}\n{mark * 20_000}"[:99_000].encode()).text


HTML_PAGE = """<!DOCTYPE html>
<html><head><title>Title</title><style>p {color: red}</style><script>var x = "<p>no</p>";</script></head><body>
<h1>Mona&nbsp;Vale</h1><p>Baker<br>Oslo</p><!-- comment -->
<p hidden>Hidden</p><div style="display: none">Hidden</div><span style="font-size:0">Hidden</span>
<h2>Work</h2>
<table><tr><th>Baker</th><td><p>2019 - 2021</p></td></tr><tr><td>Crust <b>Ltd</b></td><td>Oslo</td></tr></table>
<ul><li>Baked   bread
for the <b>harbor</b></li><li><p>Sold</p></li></ul>
<p><a href="https://example.org/mona">Home</a> <a href="mailto:mona@example.org">Mail</a> <a href="#top">Top</a></p>
</body></html>"""


def test_reads_the_visible_lines_of_a_page():
    lines, links = _read_html(HTML_PAGE)

    assert [line.text for line in lines] == [
        *("Mona Vale", "Baker", "Oslo", "Work", "Baker\t2019 - 2021", "Crust Ltd\tOslo"),
        *("• Baked bread for the harbor", "• Sold", "Home Mail Top"),
    ]
    assert links == ["https://example.org/mona", "mailto:mona@example.org"]
    assert [(line.style.size, line.style.bold) for line in lines[:4]] == [
        (2, True),
        (1, False),
        (1, False),
        (1.5, True),
    ]


def test_reads_tables_used_as_columns_one_after_another():
    html = "<table><tr><td><h2>Skills</h2>Rye<br>Wheat</td><td><h2>Work</h2><p>Baker</p></td></tr></table>"

    assert _read_html_texts(html) == ["Skills", "Rye", "Wheat", "Work", "Baker"]


@pytest.mark.parametrize(
    "html",
    [
        '<meta charset="iso-8859-2"><p>Gęślą</p>'.encode("iso8859_2"),
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1250"><p>Gęślą</p>'.encode("cp1250"),
        b'<meta charset="no-such-encoding"><p>' + "Gęślą</p>".encode(),
        '<?xml version="1.0" encoding="utf-8"?><html><p>Gęślą</p></html>'.encode(),
        "<html><p>Gęślą</p></html>".encode("utf-16"),
    ],
)
def test_reads_the_encoding_that_a_page_declares(html):
    assert _read_html_texts(html) == ["Gęślą"]


@pytest.mark.parametrize(
    "html", ["<p>Unclosed <b>bold <i>text", "<div>" * 240 + "deep", "<html></html>", "<li>One<li>Two"]
)
def test_reads_pages_with_errors(html):
    assert all("<" not in text for text in _read_html_texts(html))


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        ("<!doctype html><p>x", HTML),
        ("\n<!-- note -->\n<HTML lang=en>", HTML),
        ("<p>x</p>", HTML),
        ('<?xml version="1.0"?><html/>', HTML),
        ('<?xml version="1.0"?><Candidate/>', XML),
        ("<SkillsPassport xmlns='x'>", XML),
        ('{"basics": {}}', JSON),
        ("{}", JSON),
        ("<mona@example.org> Mona", TEXT),
        ("{Mona} Vale", TEXT),
        ("Mona <p>", TEXT),
        ("Skills: <html>", TEXT),
    ],
)
def test_detects_the_type_by_the_first_characters(start, media_type):
    assert detect_file_type(start.encode()) == media_type
    assert detect_file_type(start.encode("utf-16")) == media_type


def test_reads_pages_in_the_sandbox():
    assert extract_text(HTML_PAGE.encode()).text.startswith("Mona Vale\nBaker\nOslo\nWork")
    with pytest.raises(FileRejected) as error:
        extract_text(b"<html><script>" + WORDS.encode() + b"</script></html>")
    assert error.value.reason == "no_text"
