"""PDFs with texts at given places, and the lines that are read from them."""

import io

from reportlab.pdfgen import canvas

from accounts.resumes.files.pdf import extract_pdf

HEIGHT = 842
PROSE = "Kept the ovens of a large bakery in the harbor district warm"


def draw_pdf(*pages):
    """Return a PDF. Each page is a list of texts as x, y from the top, text, and optionally font and size."""
    out = io.BytesIO()
    pdf = canvas.Canvas(out, pagesize=(595, HEIGHT), invariant=1)
    for page in pages:
        for item in page:
            if callable(item):
                item(pdf)
                continue
            x, y, text, font, size = (*item, "Helvetica", 10)[:5] if len(item) == 3 else item
            pdf.setFont(font, size)
            pdf.drawString(x, HEIGHT - y, text)
        pdf.showPage()
    pdf.save()
    return out.getvalue()


def read_lines(data):
    return extract_pdf(data, max_characters=100_000)[0]


def read_texts(*pages):
    return [line.text for line in read_lines(draw_pdf(*pages))]
