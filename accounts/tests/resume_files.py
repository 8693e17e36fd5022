"""Valid and malicious resume files, built in memory. The malicious ones are small until they are unpacked."""

import io
import zipfile
import zlib

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

RESUME = """Ada Lovelace
Senior Software Engineer
London | ada.lovelace@example.org | +44 20 7946 0958 | linkedin.com/in/ada | https://ada.example.org

Summary
Engineer with a love of engines.

Experience
Senior Software Engineer
Analytical Engines Ltd, London
Jan 2019 - Present
- Built the engine in Python
- Moved it to Docker
Software Engineer, Difference Inc. 03/2015 - 12/2018
- Worked on polynomials

Education
Bachelor of Science in Mathematics, University of London, 2009 - 2012

Skills
Python, Kubernetes
"""


def make_pdf(text=RESUME, *, pages=1, link=None):
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for _ in range(pages):
        for number, line in enumerate(text.splitlines()):
            page.drawString(72, 800 - 14 * number, line)
        if link is not None:
            page.linkURL(link, (0, 0, 50, 50))
        page.showPage()
    page.save()
    return out.getvalue()


def encrypted_pdf():
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(make_pdf())))
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scanned_pdf():
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawImage(ImageReader(Image.new("RGB", (50, 50))), 0, 0)
    page.showPage()
    page.save()
    return out.getvalue()


def flate_bomb():
    """Return a PDF with a page whose content unpacks to 30 MB of spaces."""
    content, packer = bytearray(), zlib.compressobj(9)
    for _ in range(30):
        content += packer.compress(b" " * 1_000_000)
    content += packer.flush()
    return build_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</Font<<>>>>/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
    )


def page_tree_without_end():
    return build_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 2>>",
        b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 2>>",
    )


def billion_pages():
    kids = [b"<</Type/Pages/Kids[%s]/Count 1000000000>>" % (b"%d 0 R " % number * 1_000) for number in (3, 4, 5)]
    return build_pdf(b"<</Type/Catalog/Pages 2 0 R>>", *kids, b"<</Type/Page/MediaBox[0 0 9 9]>>")


def nested_pdf():
    deep = b"[" * 20_000 + b"]" * 20_000
    return build_pdf(b"<</Type/Catalog/Pages 2 0 R/X %s>>" % deep, b"<</Type/Pages/Kids[]/Count 0>>")


def build_pdf(*objects):
    """Return a PDF of numbered objects, of which the first is the catalog."""
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = b"trailer <</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + tail


def make_docx(text=RESUME, *, header=None, cell=None):
    document = docx.Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    if header is not None:
        document.sections[0].header.paragraphs[0].text = header
    if cell is not None:
        document.add_table(rows=1, cols=1).cell(0, 0).text = cell
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed_docx(**parts):
    """Return a DOCX with parts replaced or added: `document` (text), `media` (picture), `types` (content types)."""
    names = {"document": "word/document.xml", "media": "word/media/picture.png", "types": "[Content_Types].xml"}
    changes = {names[part]: content for part, content in parts.items()}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_docx())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name not in changes:
                target.writestr(name, source.read(name))
        for name, content in changes.items():
            target.writestr(name, content)
    return out.getvalue()


def docx_packed_by(compression):
    """Return a DOCX with a part in a compression format that can only be unpacked as a whole."""
    return _docx_with_picture(bytes(1_000), compression)


def understating_docx():
    """Return a DOCX with a picture of 30 MB for which the directory claims one byte and the checksum of that byte."""
    content = bytearray(_docx_with_picture(bytes(30_000_000), zipfile.ZIP_DEFLATED))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 16 : entry + 20] = zlib.crc32(bytes(1)).to_bytes(4, "little")
    content[entry + 24 : entry + 28] = (1).to_bytes(4, "little")
    return bytes(content)


def _docx_with_picture(picture, compression):
    out = io.BytesIO(make_docx())
    with zipfile.ZipFile(out, "a", compression) as archive:
        archive.writestr("word/media/picture.png", picture)
    return out.getvalue()


def document_xml(*, within_body=b"", before_root=b""):
    with zipfile.ZipFile(io.BytesIO(make_docx())) as archive:
        xml = archive.read("word/document.xml")
    xml = xml.replace(b"?>", b"?>" + before_root, 1)
    return xml.replace(b"<w:body>", b"<w:body>" + within_body, 1)


def renamed_docx(document, *, declared_by):
    """Return a DOCX whose main part has no `.xml` extension and is declared by its name or by its extension."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_docx())) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "[Content_Types].xml" and declared_by == "name":
                content = content.replace(b"/word/document.xml", b"/word/document.bin")
            elif name == "[Content_Types].xml":
                kind = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
                content = content.replace(b'<Override PartName="/word/document.xml"', b'<Override PartName="/x"')
                content = content.replace(b"</Types>", b'<Default Extension="BIN" ContentType="%s"/></Types>' % kind)
            elif name == "_rels/.rels":
                content = content.replace(b"word/document.xml", b"word/document.bin")
            elif name == "word/document.xml":
                content = document
            target.writestr(name.replace("document.xml", "document.bin"), content)
    return out.getvalue()


def doctype_document():
    doctype = b'<!DOCTYPE x [<!ENTITY word "word">]>'
    return document_xml(before_root=doctype, within_body=_paragraph(b"&word;"))


def linked_docx(*addresses):
    document = docx.Document()
    document.add_paragraph(RESUME)
    for url in addresses:
        document.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def external_entity_docx():
    doctype = b'<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    return changed_docx(document=document_xml(before_root=doctype, within_body=_paragraph(b"&file;")))


def laughing_docx():
    """Return a DOCX with nested entities that would expand to a billion words."""
    entities = b'<!ENTITY e0 "ha">' + b"".join(
        b'<!ENTITY e%d "%s">' % (number, b"&e%d;" % (number - 1) * 10) for number in range(1, 10)
    )
    doctype = b"<!DOCTYPE x [%s]>" % entities
    return changed_docx(document=document_xml(before_root=doctype, within_body=_paragraph(b"&e9;")))


def nested_docx():
    deep = b"<w:tbl>" * 50_000 + b"</w:tbl>" * 50_000
    return changed_docx(document=document_xml(within_body=deep))


def endless_docx(paragraphs):
    return changed_docx(document=document_xml(within_body=b"<w:p/>" * paragraphs))


def encrypted_office():
    """Return the start of an encrypted DOCX container: its signature and the name of its content."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)


def _paragraph(content):
    return b"<w:p><w:r><w:t>%s</w:t></w:r></w:p>" % content
