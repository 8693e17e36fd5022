"""Uploads of resumes as text and as files, and their rejection: /resumes/generate."""

import logging
import time
from contextlib import ExitStack

import pytest
from django.test.client import MULTIPART_CONTENT

from accounts.resumes import uploads, views
from accounts.resumes.selectors import wait_until_read
from accounts.resumes.tasks import take_up_lost_uploads
from accounts.tests import resume_files as files
from accounts.tests.uploads import UNKNOWN_ID, build_unique_text, get_resume, send_text, upload
from career_navigator import throttling
from tests.other_servers import NO_MONGODB, NO_REDIS, mongodb_at, queue_at
from tests.queued import run_queued

pytestmark = pytest.mark.usefixtures("tools_seeded", "no_wait")


def test_reads_text_immediately(ada, job, queued):
    response = send_text(ada, job_id=job)

    assert response.status_code == 201
    body = response.json()
    assert (body["messages"], body["status"], body["version"]) == ("success", "ready", 1)
    assert response.headers["Location"] == body["address"] == f"/resumes/{body['resume_id']}"
    resume = get_resume(ada, body["resume_id"])
    assert (resume["source"], resume["job_id"], resume["user_id"]) == ("upload", job, ada.id)
    assert resume["content"]["basics"]["name"] == "Ada Lovelace"
    assert [skill["name"] for skill in resume["content"]["skills"]] == ["Python", "Kubernetes", "Docker"]
    assert resume["parsed"]["experience_years"]["confidence"] == 0.9
    assert queued() == []


def test_normalizes_full_width_letters_and_ligatures(ada):
    wide = {ord(plain): ord(plain) + 0xFEE0 for plain in "Pythonabcdefghijklmnopqrstuvwxyz0123456789@."}
    text = files.RESUME.translate(wide).replace("Ｓummary", "Summary").replace("Difference", "Diﬀerence")

    wide_content, content = (
        get_resume(ada, send_text(ada, upload_text).json()["resume_id"])["content"]
        for upload_text in (text, files.RESUME)
    )

    assert wide_content | {"meta": None} == content | {"meta": None}


@pytest.mark.parametrize(
    ("make_file", "name", "media_type"),
    [
        (files.make_pdf, "resume.pdf", "application/pdf"),
        (files.make_docx, "resume", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (files.RESUME.encode, "resume.pdf", "text/plain"),
    ],
    ids=["PDF", "DOCX", "text that is called a PDF"],
)
def test_detects_the_type_of_a_file_by_its_content(ada, worker, make_file, name, media_type):
    response = upload(ada, make_file(), name=name)

    assert response.status_code == 201, response.content
    resume = get_resume(ada, response.json()["resume_id"])
    assert resume["content"]["basics"]["email"] == "ada.lovelace@example.org"
    assert [work["position"] for work in resume["content"]["work"]] == ["Senior Software Engineer", "Software Engineer"]
    assert resume["file"]["name"] == name
    assert resume["file"]["media_type"] == media_type


def test_returns_202_and_a_status_while_a_file_is_being_read(ada, redis, mongo):
    response = upload(ada, files.make_pdf())

    assert response.status_code == 202
    body = response.json()
    assert body["status"] == "processing"
    assert ada.get(body["address"]).json()["resume"]["status"] == "processing"
    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert ada.get(body["address"]).json()["resume"]["status"] == "ready"
    assert "upload" not in mongo.resumes.find_one()


def test_returns_202_immediately_if_too_many_requests_wait(ada, monkeypatch):
    monkeypatch.setattr(views, "WAIT_SECONDS", 60)
    with ExitStack() as stack:
        for _ in range(throttling.MAX_WAITING):
            stack.enter_context(throttling._waiting)
        started = time.monotonic()
        response = upload(ada, files.make_pdf())

    assert time.monotonic() - started < 30
    assert response.status_code == 202


def test_rejects_a_file_of_unknown_type(ada, mongo):
    response = upload(ada, bytes(range(256)))

    assert response.status_code == 400
    message = (
        "The file is not a text, HTML, PDF, Word, JSON Resume or Europass file, or a LinkedIn export. Save the resume"
        " as PDF or DOCX and upload it again."
    )
    assert response.json() == {
        "detail": f"file: {message}",
        "code": "upload_refused",
        "errors": {"file": [message]},
        "error_codes": {"file": ["unknown_type"]},
        "reason": "unknown_type",
    }
    assert mongo.resumes.count_documents({}) == 0


def test_reports_later_why_a_file_was_rejected(ada, redis, mongo, now):
    url = upload(ada, files.scanned_pdf()).json()["address"]

    run_queued(redis)

    resume = ada.get(url).json()["resume"]
    assert (resume["status"], resume["refusal"]["reason"]) == ("refused", "no_text")
    assert resume["content"] == {}
    stored = mongo.resumes.find_one()
    assert "upload" not in stored
    assert stored["expires_at"] > now


@pytest.mark.parametrize(
    ("data", "reason"),
    [(files.encrypted_pdf(), "encrypted"), (b"a" * 5_000_001, "too_large"), (b"a" * 6_000_000, "too_large")],
    ids=["encrypted", "a byte too large", "too large"],
)
def test_rejects_unreadable_or_too_large_files_with_a_reason(ada, worker, mongo, data, reason):
    response = upload(ada, data)

    assert (response.status_code, response.json()["reason"]) == (400, reason)
    assert mongo.resumes.count_documents({}) == 0


def test_rejects_text_that_is_too_large(ada):
    response = send_text(ada, "a" * 3_000_000)

    assert (response.status_code, response.json()["reason"]) == (400, "too_large")
    assert list(response.json()["errors"]) == ["content"]


def test_rejects_text_that_is_too_large_for_a_form(ada):
    response = upload(ada, b"", content="a" * 2_700_000)

    assert (response.status_code, response.json()["reason"]) == (400, "too_large")


@pytest.mark.parametrize(
    ("media_type", "status"), [("application/x-www-form-urlencoded", 400), (MULTIPART_CONTENT, 413)]
)
@pytest.mark.parametrize("path", ["/resumes/apply", "/auth/login/form"])
def test_does_not_read_a_form_that_is_too_large(ada, path, media_type, status):
    headers = {"Authorization": f"Bearer {ada.token}"}

    response = ada.client.generic("POST", path, b"a" * 3_000_000, content_type=media_type, headers=headers)

    assert response.status_code == status


def test_removes_the_path_of_a_file_name(ada):
    upload(ada, files.RESUME.encode(), name="..\\..\\..\\etc\\passwd")

    (resume,) = ada.get(f"/resumes/user/{ada.id}").json()["resumes"]
    assert resume["file"]["name"] == "passwd"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": "stolen"}, "source"),
        ({"content": ""}, "content"),
        ({"content": None}, "content"),
        ({"content": {"$gt": ""}}, "content"),
        ({"content": "\x01" + files.RESUME}, "content"),
        ({"content": "a" * 100_001}, "content"),
        ({"user_id": 7}, "user_id"),
    ],
)
def test_names_the_invalid_field(ada, change, field):
    response = send_text(ada, **change)

    assert response.status_code == 400
    assert field in response.json()["errors"]


@pytest.mark.parametrize("job_id", [UNKNOWN_ID, "none", "../x"])
def test_returns_404_for_an_unknown_posting(ada, job_id):
    assert send_text(ada, job_id=job_id).status_code == 404


def test_stores_an_upload_that_cannot_be_queued_and_queues_it_on_retry(ada, redis, mongo):
    with queue_at(NO_REDIS):
        responses = [upload(ada, files.make_pdf()) for _ in range(2)]
    assert [response.status_code for response in responses] == [202, 202]

    responses.append(upload(ada, files.make_pdf()))

    assert responses[2].status_code == 202
    assert len({response.json()["resume_id"] for response in responses}) == 1
    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert get_resume(ada, responses[0].json()["resume_id"])["status"] == "ready"
    assert set(mongo.resumes.find_one()) & {"upload", "attempts", "queued_at"} == set()


def test_the_next_check_queues_an_upload_that_could_not_be_queued(ada, redis):
    with queue_at(NO_REDIS):
        url = upload(ada, files.make_pdf()).json()["address"]

    take_up_lost_uploads()
    run_queued(redis)

    assert ada.get(url).json()["resume"]["status"] == "ready"


def test_returns_202_if_mongodb_becomes_unavailable_after_storing(ada, redis, settings, monkeypatch):
    settings.MONGODB_TIMEOUT_SECONDS = 0.2

    def wait_without_mongodb(**options):
        with mongodb_at(NO_MONGODB):
            wait_until_read(**options)

    with monkeypatch.context() as patch:
        patch.setattr(views, "wait_until_read", wait_without_mongodb)
        response = upload(ada, files.make_pdf())

    assert (response.status_code, response.json()["status"]) == (202, "processing")
    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert ada.get(response.json()["address"]).json()["resume"]["status"] == "ready"


def test_limits_the_uploads_in_progress(ada):
    files_sent = [files.make_pdf(build_unique_text(number)) for number in range(uploads.MAX_IN_PROGRESS + 1)]

    assert [upload(ada, file).status_code for file in files_sent] == [202] * uploads.MAX_IN_PROGRESS + [429]
    # Uploading a file again that is already being read does not count.
    assert upload(ada, files_sent[0]).status_code == 202


def test_limits_the_number_of_uploads(ada, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 1)

    assert [send_text(ada, build_unique_text(number)).status_code for number in (0, 1, 0)] == [201, 400, 201]


def test_logs_nothing_private(ada, redis, caplog):
    caplog.set_level(logging.DEBUG)

    upload(ada, files.make_pdf(), name="ada-secret-name.pdf")
    upload(ada, files.encrypted_pdf(), name="ada-secret-name.pdf")
    send_text(ada)
    run_queued(redis)

    for private in ("ada-secret-name", "Lovelace", "Analytical", "7946"):
        assert private not in caplog.text
