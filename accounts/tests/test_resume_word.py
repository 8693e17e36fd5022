"""Lines of Word files: parts, content controls, tracked changes, fields, tables, text boxes and hidden text."""

import io
import zipfile

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.shared import Pt, RGBColor

from accounts.resumes.files.sandbox import FileRejected, extract_text
from accounts.resumes.files.word import extract_docx

WORDS = "Mona Vale bakes bread in a harbor"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
)
STRICT = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "http://purl.oclc.org/ooxml/wordprocessingml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _save(document):
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _make(*paragraphs):
    """Return a document of paragraphs, which are texts or the XML within a paragraph."""
    document = docx.Document()
    for content in paragraphs:
        if content.startswith("<"):
            document.element.body.insert(-1, parse_xml(f"<w:p {NAMESPACES}>{content}</w:p>"))
        else:
            document.add_paragraph(content)
    return _save(document)


def _replace(data, *replacements):
    """Return the file with texts replaced in all parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            for old, new in replacements:
                content = content.replace(old.encode(), new.encode())
            target.writestr(name, content)
    return out.getvalue()


def _read(data):
    return extract_docx(data, max_characters=100_000)


def _read_texts(data):
    return [line.text for line in _read(data)[0] if line.text]


def _run(text, **properties):
    """Return a run, with properties that have a value and, if they are shadings, a color."""
    xml = "".join(f'<w:{name} w:val="{value}" w:fill="{value}"/>' for name, value in properties.items())
    return f'<w:r><w:rPr>{xml}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_reads_all_headers_and_footers_once():
    document = docx.Document()
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.first_page_header.paragraphs[0].text = "Mona Vale"
    section.header.paragraphs[0].text = "Mona Vale"
    section.even_page_header.paragraphs[0].text = "Even page"
    section.footer.paragraphs[0].text = "Page 2 of 3"
    section.first_page_footer.paragraphs[0].text = "mona@example.org"
    document.add_paragraph(WORDS)
    document.add_section().footer.paragraphs[0].text = "+47 22 55 50 10"

    texts = _read_texts(_save(document))

    assert sorted(texts) == sorted(["Mona Vale", "Even page", WORDS, "mona@example.org", "+47 22 55 50 10"])
    assert texts.index("Mona Vale") < texts.index(WORDS) < texts.index("mona@example.org")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"<w:sdt><w:sdtContent>{_run('Mona')}</w:sdtContent></w:sdt>{_run(' Vale')}", "Mona Vale"),
        (f"<w:ins w:id='1'>{_run('Mona')}</w:ins><w:del w:id='2'><w:r><w:delText>No</w:delText></w:r></w:del>", "Mona"),
        (f"<w:moveFrom w:id='1'>{_run('No')}</w:moveFrom><w:moveTo w:id='2'>{_run('Mona')}</w:moveTo>", "Mona"),
        (f"<w:smartTag w:element='x'>{_run('Mo')}</w:smartTag><w:hyperlink>{_run('na')}</w:hyperlink>", "Mona"),
        (f"<w:customXml w:element='x'><w:bdo w:val='ltr'>{_run('Mona')}</w:bdo></w:customXml>", "Mona"),
        (f"{_run('Mona')}<w:r><w:tab/><w:ptab/></w:r>{_run('2019')}", "Mona\t2019"),
        (
            "<w:r><w:t>full</w:t><w:noBreakHyphen/><w:t>time in</w:t><w:softHyphen/><w:t>ner</w:t></w:r>",
            "full-time inner",
        ),
        (f"{_run('Mona')}{_run('Rust', vanish='on')}{_run(' Vale', vanish='0')}", "Mona Vale"),
        (f"{_run('Mona')}{_run('Rust', sz='2')}", "Mona"),
        (f"{_run('Mona')}{_run('Rust', color='FFFFFF')}", "Mona"),
        (_run("Mona", color="FFFFFF", shd="112233"), "Mona"),
        (
            "<w:ruby><w:rt><w:r><w:t>no</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>Mona</w:t></w:r></w:rubyBase></w:ruby>",
            "Mona",
        ),
    ],
)
def test_reads_the_visible_text_of_a_paragraph(content, expected):
    assert _read_texts(_make(content)) == [expected]


def test_reads_content_controls_around_paragraphs_rows_and_cells():
    data = _make("Before")
    cell = f"<w:sdt><w:sdtContent><w:tc><w:p>{_run('Cell')}</w:p></w:tc></w:sdtContent></w:sdt>"
    row = f"<w:sdt><w:sdtContent><w:tr>{cell}</w:tr></w:sdtContent></w:sdt>"
    control = f"<w:sdt><w:sdtContent><w:p>{_run('Control')}</w:p><w:tbl>{row}</w:tbl></w:sdtContent></w:sdt>"

    assert _read_texts(_replace(data, ("<w:sectPr", f"{control}<w:sectPr"))) == ["Before", "Control", "Cell"]


def test_joins_paragraphs_whose_break_is_deleted():
    deleted = f"<w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr>{_run('Mona ')}"

    assert _read_texts(_make(deleted, _run("Vale"))) == ["Mona Vale"]


def test_reads_text_boxes_once():
    box = f"<w:txbxContent><w:p>{_run('In a box')}</w:p></w:txbxContent>"
    content = (
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing>"
        f"</mc:Choice><mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )

    assert _read_texts(_make(f"{_run('Beside')}{content}")) == ["Beside", "In a box"]


def test_reads_the_targets_of_links_and_fields():
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://example.org/m</w:instrText></w:r>'
        f'<w:r><w:instrText>ona" </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{_run("Home")}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    simple = f"<w:fldSimple w:instr=' HYPERLINK mailto:mona@example.org '>{_run('Mail')}</w:fldSimple>"
    lines, links = _read(_make(field, simple))

    assert [line.text for line in lines if line.text] == ["Home", "Mail"]
    assert links == ["https://example.org/mona", "mailto:mona@example.org"]


def test_reads_the_links_of_headers():
    document = docx.Document()
    part = document.sections[0].header.part
    part.relate_to("tel:+4722555010", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)

    assert _read(_save(document))[1] == ["tel:+4722555010"]


@pytest.mark.parametrize(
    "main_type",
    [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    ],
)
def test_reads_templates_and_files_with_macros(main_type):
    assert extract_text(_replace(_make(WORDS), (MAIN_TYPE, main_type))).text == WORDS


def test_rejects_other_office_files():
    workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

    with pytest.raises(FileRejected) as error:
        extract_text(_replace(_make(WORDS), (MAIN_TYPE, workbook)))

    assert error.value.reason == "unknown_type"


def test_reads_strict_open_xml():
    document = docx.Document()
    document.add_heading("Mona Vale", 1)
    document.add_paragraph(WORDS, style="List Bullet")
    document.sections[0].header.paragraphs[0].text = "mona@example.org"

    assert _read_texts(_replace(_save(document), *STRICT.items())) == ["mona@example.org", "Mona Vale", f"• {WORDS}"]


def test_reads_rows_of_short_cells_as_lines():
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "2019 - 2021", "Baker"
    for text in ("Crust Ltd", "Baked bread", "Sold bread"):
        table.cell(0, 1).add_paragraph(text)
    table.cell(1, 0).text, table.cell(1, 1).text = "Languages", "Norse"

    assert _read_texts(_save(document)) == [
        *("2019 - 2021\tBaker", "Crust Ltd", "Baked bread", "Sold bread", "Languages\tNorse")
    ]


def test_reads_columns_made_by_a_table_one_after_another():
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    for column, texts in enumerate((["Skills", "Rye", "Wheat"], ["Experience", "Baker", "Crust Ltd"])):
        table.cell(0, column).text = texts[0]
        for text in texts[1:]:
            table.cell(0, column).add_paragraph(text)

    assert _read_texts(_save(document)) == ["Skills", "Rye", "Wheat", "Experience", "Baker", "Crust Ltd"]


def test_puts_a_heading_beside_its_section_on_a_line_of_its_own():
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).paragraphs[0].add_run("Experience").bold = True
    table.cell(0, 1).text = "Baker"
    for text in ("Crust Ltd", "Baked bread"):
        table.cell(0, 1).add_paragraph(text)

    assert _read_texts(_save(document)) == ["Experience", "Baker", "Crust Ltd", "Baked bread"]


def test_describes_the_typography_of_each_line():
    document = docx.Document()
    name = document.add_paragraph().add_run("Mona Vale")
    name.font.size, name.bold = Pt(22), True
    indented = document.add_paragraph(WORDS)
    indented.paragraph_format.left_indent = Pt(22)
    indented.paragraph_format.space_before = Pt(13.2)
    document.add_paragraph(WORDS).runs[0].add_break(WD_BREAK.LINE)

    lines = _read(_save(document))[0]

    assert [(line.text, line.style.size, line.style.bold, line.style.indent) for line in lines] == [
        *(("Mona Vale", 2, True, 0), (WORDS, 1, False, 2), (WORDS, 1, False, 0), ("", 1, False, 0))
    ]
    assert lines[1].style.gap == 1


def test_does_not_take_numbered_headings_for_list_items():
    document = docx.Document()
    number = parse_xml(f'<w:numPr {NAMESPACES}><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
    document.add_heading("Experience", 1)._p.get_or_add_pPr().append(number)

    assert _read_texts(_save(document)) == ["Experience"]


def test_leaves_out_text_hidden_by_a_style():
    document = docx.Document()
    style = document.styles.add_style("Secret", WD_STYLE_TYPE.CHARACTER)
    style.font.hidden = True
    paragraph = document.add_paragraph("Mona")
    paragraph.add_run("Rust", style)
    paragraph.add_run("Go").font.color.rgb = RGBColor(255, 255, 255)

    assert _read_texts(_save(document)) == ["Mona"]
