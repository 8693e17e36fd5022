"""Downloads of resumes: /resumes/{id}.pdf and the other formats."""

from datetime import timedelta

import orjson
import pytest
from bson import ObjectId

from accounts.resumes.documents import Resume
from accounts.resumes.services import store_resume
from accounts.tests.rendered_text import CONTENT, extract_rendered_text, render

ENDINGS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
}


@pytest.fixture
def stored(ada, now):
    """Return a function that stores a resume of Ada's. Arguments override the defaults."""

    def store(**changes):
        usual = {"source": "generated", "job_id": None, "status": "ready", "content": CONTENT}
        return store_resume(user_id=ObjectId(ada.id), now=now, **(usual | changes))

    return store


@pytest.mark.parametrize("source", ["generated", "upload"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_downloads_a_resume_as_a_private_file(ada, stored, ending, source):
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


def test_the_page_has_a_strict_content_security_policy(ada, stored):
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
def test_builds_the_file_name_from_words_only(ada, stored, name, expected):
    resume = stored(content={"basics": {"name": name} if name else {}})

    assert ada.get(f"/resumes/{resume.pk}.pdf")["Content-Disposition"] == expected


def test_returns_404_for_an_unknown_resume(ada):
    ids = ["65f000000000000000000001", "x", "65f00000000000000000000g", "a.pdf", "%00", "é"]

    answers = [ada.get(f"/resumes/{resume_id}.{ending}") for resume_id in ids for ending in [*ENDINGS, "exe"]]

    assert {answer.status_code for answer in answers} == {404}
    assert all(answer.json()["code"] == "resume_not_found" for answer in answers)


@pytest.mark.parametrize(("status", "sentence"), [("processing", "still being read"), ("refused", "could not be read")])
def test_rejects_the_download_of_an_unread_resume(ada, stored, now, status, sentence):
    resume = stored(source="upload", status=status, content={}, refusal="encrypted", expires_at=now + timedelta(days=1))

    answers = [ada.get(f"/resumes/{resume.pk}.{ending}") for ending in ENDINGS]

    assert {answer.status_code for answer in answers} == {409}
    assert all(sentence in answer.json()["detail"] for answer in answers)


def test_keeps_the_stored_order_of_content(ada, stored):
    resume = stored()

    again = Resume.objects.get(id=resume.pk)
    assert list(again.content) == list(CONTENT)
    assert render("pdf", again.content) == render("pdf", CONTENT)


def test_shows_an_uploaded_text_as_a_resume(ada):
    text = "Ada Lovelace\nada@example.org\n\nExperience\nAnalyst, Babbage & Sons\nJan 1990 - Mar 1993\n- Wrote Note G\n"
    uploaded = ada.post("/resumes/generate", {"user_id": ada.id, "source": "upload", "content": text})

    shown = extract_rendered_text("pdf", ada.get(f"/resumes/{uploaded.json()['resume_id']}.pdf").content)

    assert "Ada Lovelace" in shown
    assert "Jan 1990 – Mar 1993" in shown
    assert "Wrote Note G" in shown
