"""Downloads of resumes: /resumes/{id}.pdf and the other formats."""

from datetime import timedelta
from urllib.parse import quote

import orjson
import pytest
from bson import ObjectId

from accounts.resumes.documents import Resume
from accounts.resumes.services import store_resume
from accounts.tests.rendered_text import CONTENT, extract_rendered_text, render

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}


@pytest.fixture
def store_for_ada(ada, now):
    """Return a function that stores a resume of Ada's. Arguments override the defaults."""

    def store(**changes):
        defaults = {"source": "generated", "job_id": None, "status": "ready", "content": CONTENT}
        return store_resume(user_id=ObjectId(ada.id), now=now, **(defaults | changes))

    return store


@pytest.mark.parametrize("source", ["generated", "upload"])
@pytest.mark.parametrize("extension", MEDIA_TYPES)
def test_downloads_a_resume_as_a_private_file(ada, store_for_ada, extension, source):
    resume = store_for_ada(source=source)

    response = ada.get(f"/resumes/{resume.pk}.{extension}")

    assert response.status_code == 200
    assert response["Content-Type"] == MEDIA_TYPES[extension]
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%C5%BDofia-")
    assert response["Content-Disposition"].endswith(f"-resume-v1.{extension}")
    if extension == "json":
        assert orjson.loads(response.content) == CONTENT
    else:
        assert response.content == render(extension, CONTENT)
    assert ada.get(f"/resumes/{resume.pk}.{extension}/").content == response.content


def test_the_page_has_a_strict_content_security_policy(ada, store_for_ada):
    policy = ada.get(f"/resumes/{store_for_ada().pk}.html")["Content-Security-Policy"]

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
        ("ไม้ ก่", f"attachment; filename*=utf-8''{quote('ไม้-ก่')}-resume-v1.pdf"),
        ("हिन्दी की", f"attachment; filename*=utf-8''{quote('हिन्दी-की')}-resume-v1.pdf"),
        ("Re\u0301my", f"attachment; filename*=utf-8''{quote('Rémy')}-resume-v1.pdf"),
        ("می\u200cخواهم", f"attachment; filename*=utf-8''{quote('میخواهم')}-resume-v1.pdf"),
        ("\u0301 \u0301", 'attachment; filename="resume-v1.pdf"'),
        (None, 'attachment; filename="resume-v1.pdf"'),
    ],
)
def test_builds_the_file_name_from_words_only(ada, store_for_ada, name, expected):
    resume = store_for_ada(content={"basics": {"name": name} if name else {}})

    assert ada.get(f"/resumes/{resume.pk}.pdf")["Content-Disposition"] == expected


def test_cuts_a_long_file_name_between_letters_with_their_marks(ada, store_for_ada):
    resume = store_for_ada(content={"basics": {"name": "q\u0323\u0307" * 40}})

    disposition = ada.get(f"/resumes/{resume.pk}.pdf")["Content-Disposition"]

    name = quote("q\u0323\u0307" * 20)
    assert disposition == f"attachment; filename*=utf-8''{name}-resume-v1.pdf"


def test_returns_404_for_an_unknown_resume(ada):
    ids = ["65f000000000000000000001", "x", "65f00000000000000000000g", "a.pdf", "%00", "é"]

    responses = [
        ada.get(f"/resumes/{resume_id}.{extension}") for resume_id in ids for extension in [*MEDIA_TYPES, "exe"]
    ]

    assert {response.status_code for response in responses} == {404}
    assert all(response.json()["code"] == "resume_not_found" for response in responses)


@pytest.mark.parametrize(
    ("status", "message"), [("processing", "still being processed"), ("refused", "could not be read")]
)
def test_rejects_the_download_of_an_unread_resume(ada, store_for_ada, now, status, message):
    resume = store_for_ada(
        source="upload", status=status, content={}, refusal="encrypted", expires_at=now + timedelta(days=1)
    )

    responses = [ada.get(f"/resumes/{resume.pk}.{extension}") for extension in MEDIA_TYPES]

    assert {response.status_code for response in responses} == {409}
    assert all(message in response.json()["detail"] for response in responses)


def test_keeps_the_stored_order_of_content(ada, store_for_ada):
    resume = store_for_ada()

    stored = Resume.objects.get(id=resume.pk)
    assert list(stored.content) == list(CONTENT)
    assert render("pdf", stored.content) == render("pdf", CONTENT)


def test_shows_an_uploaded_text_as_a_resume(ada):
    text = "Ada Lovelace\nada@example.org\n\nExperience\nAnalyst, Babbage & Sons\nJan 1990 - Mar 1993\n- Wrote Note G\n"
    uploaded = ada.post("/resumes/generate", {"user_id": ada.id, "source": "upload", "content": text})

    text_in_pdf = extract_rendered_text("pdf", ada.get(f"/resumes/{uploaded.json()['resume_id']}.pdf").content)

    assert "Ada Lovelace" in text_in_pdf
    assert "Jan 1990 – Mar 1993" in text_in_pdf
    assert "Wrote Note G" in text_in_pdf
