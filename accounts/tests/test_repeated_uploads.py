"""Resumes that are uploaded again or at once, and readings that were lost on the way."""

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
from accounts.tests.uploads import another, send_text, show, upload
from career_navigator.documents import REPEAT_WINDOW
from tests.fixtures.users import PASSWORD, Member
from tests.queued import run_queued

pytestmark = pytest.mark.usefixtures("tools_seeded", "no_wait")


def test_answers_a_repeated_text_with_the_resume_that_it_became(ada, job, mongo):
    first, again = send_text(ada, job_id=job), send_text(ada, job_id=job)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert mongo.resumes.count_documents({}) == mongo.activities.count_documents({}) == 1


def test_answers_a_repeated_file_with_the_status_that_it_has_by_now(ada, redis, mongo):
    answers = [upload(ada, files.make_pdf()), upload(ada, files.make_pdf(), name="renamed.pdf")]
    names = run_queued(redis)
    answers.append(upload(ada, files.make_pdf()))

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [
        (202, "processing"),
        (202, "processing"),
        (201, "ready"),
    ]
    assert len({answer.json()["resume_id"] for answer in answers}) == 1
    assert names == ["accounts.resumes.tasks.read_upload"]
    assert mongo.resumes.count_documents({}) == mongo.activities.count_documents({}) == 1


@pytest.mark.parametrize(("data", "tasks"), [(files.RESUME.encode(), 0), (files.make_docx(), 1)], ids=["text", "file"])
def test_stores_one_of_the_same_uploads_that_arrive_at_once(ada, queued, mongo, data, tasks):
    # What the first request of a process loads would use up its time on a busy machine.
    _delete(ada, send_text(ada, another(1)).json()["resume_id"])

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: upload(Member(token=ada.token, id=ada.id), data), range(4)))

    assert {answer.status_code for answer in answers} <= {201, 202}
    assert len({answer.json()["resume_id"] for answer in answers}) == 1
    assert {answer.json()["version"] for answer in answers} == {1}
    assert mongo.resumes.count_documents({}) == 1
    assert len(queued()) == tasks


def test_refuses_each_of_the_same_uploads_that_arrive_at_once(ada, worker, mongo):
    file = files.encrypted_pdf()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: upload(Member(token=ada.token, id=ada.id), file), range(4)))

    # A request whose resume another one has deleted reads it again, and may have no time left to wait for that.
    assert {answer.status_code for answer in answers} <= {400, 202}
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 400} <= {"encrypted"}


def test_reads_anew_what_the_same_upload_was_told_of_meanwhile(ada, redis, monkeypatch):
    first = upload(ada, files.make_pdf()).json()["resume_id"]

    def be_told_meanwhile(**_):
        Resume.objects(id=first).delete()

    monkeypatch.setattr(views, "wait_until_read", be_told_meanwhile)
    again = upload(ada, files.make_pdf())
    run_queued(redis)

    assert again.status_code == 202
    assert show(ada, again.json()["resume_id"])["status"] == "ready"


def test_refuses_a_repeated_file_as_the_first_one_was_refused(ada, redis):
    file = files.scanned_pdf()
    url = upload(ada, file).json()["address"]
    run_queued(redis)

    again = upload(ada, file)

    assert (again.status_code, again.json()["reason"]) == (400, "no_text")
    # The first client was answered 202 and may still ask.
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

    answers = [send_text(ada), send_text(ada, job_id=job), send_text(ada, another(1)), send_text(eve)]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["resume_id"] for answer in answers}) == 4


def test_reads_anew_what_is_sent_again_because_it_was_lost(ada, redis):
    first = upload(ada, files.make_pdf()).json()["resume_id"]
    Resume.objects(id=first).update(attempts=uploads.MAX_ATTEMPTS)
    run_queued(redis)

    again = upload(ada, files.make_pdf())
    run_queued(redis)

    assert show(ada, first)["refusal"]["reason"] == "lost"
    assert again.status_code == 202
    assert show(ada, again.json()["resume_id"])["status"] == "ready"


@pytest.mark.parametrize("send", [send_text, lambda member: upload(member, files.make_pdf())], ids=["text", "file"])
def test_adds_the_line_to_the_log_that_a_crash_left_out(ada, redis, mongo, send):
    send(ada)
    run_queued(redis)
    mongo.activities.delete_many({})

    send(ada)

    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_adds_the_line_to_the_log_when_the_worker_died_before_it(ada, redis, mongo):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    run_queued(redis)
    mongo.activities.delete_many({})

    read_upload(resume_id)

    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_reads_once_what_is_queued_twice(ada, mongo):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]

    read_upload(resume_id)
    read_upload(resume_id)

    assert mongo.resumes.find_one()["status"] == "ready"
    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_takes_up_what_a_crash_left_unread(ada, redis, queued, mongo, now):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    queued()
    Resume.objects(id=resume_id).update(created_at=now - uploads.LOST_TIMEOUT - timedelta(minutes=1))

    take_up_lost_uploads()

    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert mongo.resumes.find_one()["status"] == "ready"


def test_leaves_alone_what_is_new(ada, queued):
    upload(ada, files.make_pdf())
    queued()

    take_up_lost_uploads()

    assert queued() == []


@pytest.mark.parametrize(
    "state",
    [{"attempts": uploads.MAX_ATTEMPTS}, {"created_at": datetime(2026, 1, 1, tzinfo=UTC)}],
    ids=["tried", "old"],
)
def test_gives_up_by_name_what_is_never_read(ada, redis, state):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    Resume.objects(id=resume_id).update(**state)

    take_up_lost_uploads()
    run_queued(redis)

    assert show(ada, resume_id)["refusal"]["reason"] == "lost"


def test_reads_nothing_for_an_account_that_was_erased(ada, redis, mongo):
    upload(ada, files.make_pdf())

    ada.delete("/auth/me", {"password": PASSWORD})
    run_queued(redis)

    assert mongo.resumes.count_documents({}) == 0
    assert mongo.activities.count_documents({}) == 0


def test_ends_quietly_where_an_upload_is_deleted_the_moment_it_is_ready(ada, redis, mongo, caplog):
    upload(ada, files.make_pdf())
    stored = mongo.resumes.find_one_and_delete({})
    # As text, which the worker reads itself: fifty files would take a process each.
    rows = [
        stored | {"_id": ObjectId(), "version": number, "idempotency_key": str(number), "upload": files.RESUME.encode()}
        for number in range(1, 51)
    ]
    mongo.resumes.insert_many(rows)
    ended = threading.Event()

    def delete_what_is_ready():
        while not ended.wait(0.0005):
            mongo.resumes.delete_many({"status": "ready"})

    deleting = threading.Thread(target=delete_what_is_ready)
    deleting.start()
    try:
        for row in rows:
            read_upload(str(row["_id"]))
    finally:
        ended.set()
        deleting.join(timeout=30)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert mongo.resumes.count_documents({"status": {"$ne": "ready"}}) == 0
