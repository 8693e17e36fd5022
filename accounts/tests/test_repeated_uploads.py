"""Repeated and concurrent uploads of resumes, and uploads lost before they were read."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from accounts.resumes import uploads, views
from accounts.resumes.documents import Resume
from accounts.resumes.tasks import read_upload, take_up_lost_uploads
from accounts.tests import resume_files as files
from accounts.tests.uploads import build_unique_text, get_resume, send_text, upload
from career_navigator.documents import REPEAT_WINDOW
from tests.fixtures.users import PASSWORD, Member
from tests.queued import run_queued

pytestmark = pytest.mark.usefixtures("tools_seeded", "no_wait")


def test_returns_the_existing_resume_for_a_repeated_text(ada, job, mongo):
    first, again = send_text(ada, job_id=job), send_text(ada, job_id=job)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert mongo.resumes.count_documents({}) == mongo.activities.count_documents({}) == 1


def test_returns_the_current_status_for_a_repeated_file(ada, redis, mongo):
    responses = [upload(ada, files.make_pdf()), upload(ada, files.make_pdf(), name="renamed.pdf")]
    names = run_queued(redis)
    responses.append(upload(ada, files.make_pdf()))

    assert [(response.status_code, response.json()["status"]) for response in responses] == [
        (202, "processing"),
        (202, "processing"),
        (201, "ready"),
    ]
    assert len({response.json()["resume_id"] for response in responses}) == 1
    assert names == ["accounts.resumes.tasks.read_upload"]
    assert mongo.resumes.count_documents({}) == mongo.activities.count_documents({}) == 1


@pytest.mark.parametrize(("data", "tasks"), [(files.RESUME.encode(), 0), (files.make_docx(), 1)], ids=["text", "file"])
def test_stores_one_resume_for_concurrent_identical_uploads(ada, queued, mongo, data, tasks):
    # Warm up: the data loaded by the first request of a process would exceed its deadline on a busy machine.
    _delete(ada, send_text(ada, build_unique_text(1)).json()["resume_id"])

    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: upload(Member(token=ada.token, id=ada.id), data), range(4)))

    assert {response.status_code for response in responses} <= {201, 202}
    assert len({response.json()["resume_id"] for response in responses}) == 1
    assert {response.json()["version"] for response in responses} == {1}
    assert mongo.resumes.count_documents({}) == 1
    assert len(queued()) == tasks


def test_rejects_every_concurrent_identical_upload(ada, worker, mongo):
    file = files.encrypted_pdf()

    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: upload(Member(token=ada.token, id=ada.id), file), range(4)))

    # If a concurrent request deleted the resume, this one reads it again and may run out of time, which returns 202.
    assert {response.status_code for response in responses} <= {400, 202}
    assert {response.json()["reason"] for response in responses if response.status_code == 400} <= {"encrypted"}


def test_reads_an_upload_again_if_the_first_was_deleted_meanwhile(ada, redis, monkeypatch):
    first = upload(ada, files.make_pdf()).json()["resume_id"]

    def delete_first(**_):
        Resume.objects(id=first).delete()

    monkeypatch.setattr(views, "wait_until_read", delete_first)
    again = upload(ada, files.make_pdf())
    run_queued(redis)

    assert again.status_code == 202
    assert get_resume(ada, again.json()["resume_id"])["status"] == "ready"


def test_rejects_a_repeated_file_like_the_first(ada, redis):
    file = files.scanned_pdf()
    url = upload(ada, file).json()["address"]
    run_queued(redis)

    again = upload(ada, file)

    assert (again.status_code, again.json()["reason"]) == (400, "no_text")
    # The first client received 202 and may still poll the status.
    assert ada.get(url).json()["resume"]["refusal"]["reason"] == "no_text"


def _delete(member, resume_id):
    member.delete(f"/resumes/{resume_id}", None)


def _let_time_pass(member, resume_id):
    Resume.objects(id=resume_id).update(created_at=datetime.now(UTC) - REPEAT_WINDOW)


@pytest.mark.parametrize("act", [_delete, _let_time_pass])
def test_stores_an_upload_again_after(ada, act):
    first = send_text(ada).json()["resume_id"]

    act(ada, first)
    again, once_more = (send_text(ada).json()["resume_id"] for _ in range(2))

    assert again == once_more != first


def test_stores_each_upload_that_differs(ada, register, job):
    eve = register(email="eve@example.org")

    responses = [send_text(ada), send_text(ada, job_id=job), send_text(ada, build_unique_text(1)), send_text(eve)]

    assert [response.status_code for response in responses] == [201] * 4
    assert len({response.json()["resume_id"] for response in responses}) == 4


def test_reads_a_lost_upload_when_it_is_sent_again(ada, redis):
    first = upload(ada, files.make_pdf()).json()["resume_id"]
    Resume.objects(id=first).update(attempts=uploads.MAX_ATTEMPTS)
    run_queued(redis)

    again = upload(ada, files.make_pdf())
    run_queued(redis)

    assert get_resume(ada, first)["refusal"]["reason"] == "lost"
    assert again.status_code == 202
    assert get_resume(ada, again.json()["resume_id"])["status"] == "ready"


@pytest.mark.parametrize("send", [send_text, lambda member: upload(member, files.make_pdf())], ids=["text", "file"])
def test_a_repeated_upload_adds_a_missing_log_entry(ada, redis, mongo, send):
    send(ada)
    run_queued(redis)
    mongo.activities.delete_many({})

    send(ada)

    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_a_repeated_task_adds_a_missing_log_entry(ada, redis, mongo):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    run_queued(redis)
    mongo.activities.delete_many({})

    read_upload(resume_id)

    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_reads_an_upload_once_if_it_is_queued_twice(ada, mongo):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]

    read_upload(resume_id)
    read_upload(resume_id)

    assert mongo.resumes.find_one()["status"] == "ready"
    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_queues_lost_uploads_again(ada, redis, queued, mongo, now):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    queued()
    Resume.objects(id=resume_id).update(created_at=now - uploads.LOST_TIMEOUT - timedelta(minutes=1))

    take_up_lost_uploads()

    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert mongo.resumes.find_one()["status"] == "ready"


def test_does_not_queue_recent_uploads_again(ada, queued):
    upload(ada, files.make_pdf())
    queued()

    take_up_lost_uploads()

    assert queued() == []


@pytest.mark.parametrize(
    "state",
    [{"attempts": uploads.MAX_ATTEMPTS}, {"created_at": datetime(2026, 1, 1, tzinfo=UTC)}],
    ids=["tried", "old"],
)
def test_marks_uploads_that_are_never_read_as_lost(ada, redis, state):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    Resume.objects(id=resume_id).update(**state)

    take_up_lost_uploads()
    run_queued(redis)

    assert get_resume(ada, resume_id)["refusal"]["reason"] == "lost"


def test_reads_nothing_for_an_erased_account(ada, redis, mongo):
    upload(ada, files.make_pdf())

    ada.delete("/auth/me", {"password": PASSWORD})
    run_queued(redis)

    assert mongo.resumes.count_documents({}) == 0
    assert mongo.activities.count_documents({}) == 0


def test_ignores_an_upload_deleted_as_soon_as_it_is_ready(ada, redis, mongo, caplog):
    upload(ada, files.make_pdf())
    stored = mongo.resumes.find_one_and_delete({})
    # Use text, which the worker reads itself. Each of fifty files would require a process.
    rows = [
        stored | {"_id": ObjectId(), "version": number, "idempotency_key": str(number), "upload": files.RESUME.encode()}
        for number in range(1, 51)
    ]
    mongo.resumes.insert_many(rows)
    ended = threading.Event()

    def delete_ready_upload():
        while not ended.wait(0.0005):
            mongo.resumes.delete_many({"status": "ready"})

    deleting = threading.Thread(target=delete_ready_upload)
    deleting.start()
    try:
        for row in rows:
            read_upload(str(row["_id"]))
    finally:
        ended.set()
        deleting.join(timeout=30)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert mongo.resumes.count_documents({"status": {"$ne": "ready"}}) == 0
