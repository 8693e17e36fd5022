"""Uploading resumes, what becomes of them, taking them into the profile, and applying with one: /resumes."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.documents import User
from accounts.resumes import services, uploads, views
from accounts.resumes.documents import Resume
from accounts.resumes.tasks import read_upload, take_up_lost_uploads
from accounts.services import canonical_skills
from accounts.tests import resume_files as files
from career_navigator import throttling
from career_navigator.documents import REPEAT_WINDOW
from market.services import store_postings
from skills.services import seed_skills
from tests.elsewhere import NO_MONGODB, NO_REDIS, mongodb_at, queue_at
from tests.factories import PostingFactory
from tests.fixtures.people import PASSWORD, Member
from tests.queued import run_queued

NOBODY = "f" * 24


@pytest.fixture(autouse=True)
def _skills(mongo):
    names = ("Python", "Docker", "Kubernetes")
    entries = [{"name": n.lower(), "display_name": n, "category": "Tools/Technologies"} for n in names]
    seed_skills(entries=entries, now=datetime(2025, 1, 1, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch):
    """No worker runs beside these tests, so nothing comes of waiting for one."""
    monkeypatch.setattr(views, "WAIT_SECONDS", 0)


@pytest.fixture
def ada(register):
    """Without target roles, for which postings would be collected."""
    return register(target_roles=[])


@pytest.fixture
def worker(redis, monkeypatch):
    """A worker in a thread of its own, for requests that wait for it."""
    monkeypatch.setattr(views, "WAIT_SECONDS", 60)
    ended = threading.Event()

    def work():
        while not ended.wait(0.02):
            run_queued(redis)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture
def job(mongo, now):
    store_postings(postings=[PostingFactory(date_posted=now.date())], now=now)
    return str(mongo.job_postings.find_one()["_id"])


def upload(member, data, *, name="resume.pdf", **more):
    """Send a file the way a form does."""
    fields = {"user_id": member.id, "source": "upload"} | more
    body = encode_multipart(BOUNDARY, fields)
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = part + data + b"\r\n" + body
    return member.client.generic(
        "POST",
        "/resumes/generate",
        body,
        content_type=MULTIPART_CONTENT,
        headers={"Authorization": f"Bearer {member.token}"},
    )


def send_text(member, text=files.RESUME, **more):
    return member.post("/resumes/generate", {"user_id": member.id, "source": "upload", "content": text} | more)


def another(number) -> str:
    """A resume that differs from the others in a word."""
    return f"{files.RESUME}\nVersion {number}\n"


def show(member, resume_id):
    return member.get(f"/resumes/{resume_id}").json()["resume"]


# Uploading


def test_reads_text_at_once(ada, job, queued):
    answer = send_text(ada, job_id=job)

    assert answer.status_code == 201
    body = answer.json()
    assert (body["messages"], body["status"], body["version"]) == ("success", "ready", 1)
    assert answer.headers["Location"] == body["address"] == f"/resumes/{body['resume_id']}"
    resume = show(ada, body["resume_id"])
    assert (resume["source"], resume["job_id"], resume["user_id"]) == ("upload", job, ada.id)
    assert resume["content"]["basics"]["name"] == "Ada Lovelace"
    assert [skill["name"] for skill in resume["content"]["skills"]] == ["Python", "Kubernetes", "Docker"]
    assert resume["parsed"]["experience_years"]["confidence"] == 0.9
    assert queued() == []


def test_reads_full_width_letters_and_ligatures_as_plain_ones(ada):
    wide = {ord(plain): ord(plain) + 0xFEE0 for plain in "Pythonabcdefghijklmnopqrstuvwxyz0123456789@."}
    text = files.RESUME.translate(wide).replace("Ｓummary", "Summary").replace("Difference", "Diﬀerence")

    wide_content, content = (
        show(ada, send_text(ada, each).json()["resume_id"])["content"] for each in (text, files.RESUME)
    )

    assert wide_content | {"meta": None} == content | {"meta": None}


@pytest.mark.parametrize(
    ("make", "name", "media_type"),
    [
        (files.make_pdf, "resume.pdf", "application/pdf"),
        (files.make_docx, "resume", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (lambda: files.RESUME.encode(), "resume.pdf", "text/plain"),
    ],
    ids=["PDF", "DOCX", "text that is called a PDF"],
)
def test_reads_a_file_by_its_content(ada, worker, make, name, media_type):
    answer = upload(ada, make(), name=name)

    assert answer.status_code == 201, answer.content
    resume = show(ada, answer.json()["resume_id"])
    assert resume["content"]["basics"]["email"] == "ada.lovelace@example.org"
    assert [work["position"] for work in resume["content"]["work"]] == ["Senior Software Engineer", "Software Engineer"]
    assert resume["file"]["name"] == name
    assert resume["file"]["media_type"] == media_type


def test_answers_202_and_a_status_to_ask_for_while_a_file_is_read(ada, redis, mongo):
    answer = upload(ada, files.make_pdf())

    assert answer.status_code == 202
    body = answer.json()
    assert body["status"] == "processing"
    assert ada.get(body["address"]).json()["resume"]["status"] == "processing"
    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert ada.get(body["address"]).json()["resume"]["status"] == "ready"
    assert "upload" not in mongo.resumes.find_one()


def test_answers_202_at_once_while_as_many_requests_wait_as_may(ada, monkeypatch):
    monkeypatch.setattr(views, "WAIT_SECONDS", 60)
    with ExitStack() as stack:
        for _ in range(throttling.MAX_WAITING):
            stack.enter_context(throttling._waiting)
        started = time.monotonic()
        answer = upload(ada, files.make_pdf())

    assert time.monotonic() - started < 30
    assert answer.status_code == 202


def test_refuses_by_name_what_is_no_resume(ada, mongo):
    answer = upload(ada, bytes(range(256)))

    assert answer.status_code == 400
    sentence = "The file is neither text, PDF nor DOCX."
    assert answer.json() == {"detail": f"file: {sentence}", "errors": {"file": [sentence]}, "reason": "unknown_type"}
    assert mongo.resumes.count_documents({}) == 0


def test_refuses_by_name_what_the_worker_cannot_read(ada, worker, mongo):
    answer = upload(ada, files.encrypted_pdf())

    assert (answer.status_code, answer.json()["reason"]) == (400, "encrypted")
    assert mongo.resumes.count_documents({}) == 0


def test_says_why_a_file_was_refused_to_who_asks_later(ada, redis, mongo, now):
    address = upload(ada, files.scanned_pdf()).json()["address"]

    run_queued(redis)

    resume = ada.get(address).json()["resume"]
    assert (resume["status"], resume["refusal"]["reason"]) == ("refused", "no_text")
    assert resume["content"] == {}
    stored = mongo.resumes.find_one()
    assert "upload" not in stored
    assert stored["expires_at"] > now


@pytest.mark.parametrize("size", [5_000_001, 6_000_000])
def test_refuses_what_is_too_large(ada, size, mongo):
    answer = upload(ada, b"a" * size)

    assert (answer.status_code, answer.json()["reason"]) == (400, "too_large")
    assert mongo.resumes.count_documents({}) == 0


def test_refuses_text_that_is_too_large(ada):
    answer = send_text(ada, "a" * 3_000_000)

    assert (answer.status_code, answer.json()["reason"]) == (400, "too_large")
    assert list(answer.json()["errors"]) == ["content"]


def test_refuses_text_that_is_too_large_for_a_form(ada):
    answer = upload(ada, b"", content="a" * 2_700_000)

    assert (answer.status_code, answer.json()["reason"]) == (400, "too_large")


@pytest.mark.parametrize(
    ("media_type", "status"), [("application/x-www-form-urlencoded", 400), (MULTIPART_CONTENT, 413)]
)
@pytest.mark.parametrize("path", ["/resumes/apply", "/auth/login/form"])
def test_reads_no_form_that_is_too_large(ada, path, media_type, status):
    headers = {"Authorization": f"Bearer {ada.token}"}

    answer = ada.client.generic("POST", path, b"a" * 3_000_000, content_type=media_type, headers=headers)

    assert answer.status_code == status


def test_keeps_no_path_of_a_file_name(ada):
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
def test_names_the_field_that_is_wrong(ada, change, field):
    answer = send_text(ada, **change)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]


@pytest.mark.parametrize("job_id", [NOBODY, "none", "../x"])
def test_knows_no_other_postings_than_those_stored(ada, job_id):
    assert send_text(ada, job_id=job_id).status_code == 404


def test_takes_what_cannot_be_queued_and_queues_it_when_it_is_sent_again(ada, redis, mongo):
    with queue_at(NO_REDIS):
        answers = [upload(ada, files.make_pdf()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]

    answers.append(upload(ada, files.make_pdf()))

    assert answers[2].status_code == 202
    assert len({answer.json()["resume_id"] for answer in answers}) == 1
    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert show(ada, answers[0].json()["resume_id"])["status"] == "ready"
    assert set(mongo.resumes.find_one()) & {"upload", "attempts", "queued_at"} == set()


def test_reads_at_the_next_check_what_could_not_be_queued(ada, redis):
    with queue_at(NO_REDIS):
        address = upload(ada, files.make_pdf()).json()["address"]

    take_up_lost_uploads()
    run_queued(redis)

    assert ada.get(address).json()["resume"]["status"] == "ready"


def test_answers_202_when_mongodb_becomes_unavailable_after_it_was_stored(ada, redis, settings, monkeypatch):
    settings.MONGODB_TIMEOUT_SECONDS = 0.2
    wait_until_read = views.wait_until_read

    def wait_without_mongodb(**asked):
        with mongodb_at(NO_MONGODB):
            wait_until_read(**asked)

    with monkeypatch.context() as patch:
        patch.setattr(views, "wait_until_read", wait_without_mongodb)
        answer = upload(ada, files.make_pdf())

    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    assert run_queued(redis) == ["accounts.resumes.tasks.read_upload"]
    assert ada.get(answer.json()["address"]).json()["resume"]["status"] == "ready"


def test_lets_nobody_fill_the_queue(ada):
    files_sent = [files.make_pdf(another(number)) for number in range(uploads.MAX_IN_PROGRESS + 1)]

    assert [upload(ada, file).status_code for file in files_sent] == [202] * uploads.MAX_IN_PROGRESS + [429]
    # One of those that are being read is no further file.
    assert upload(ada, files_sent[0]).status_code == 202


def test_keeps_no_more_than_so_many(ada, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 1)

    assert [send_text(ada, another(number)).status_code for number in (0, 1, 0)] == [201, 400, 201]


# Uploads that are repeated


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

    # One whose resume another has been told of and deleted reads it anew, and may have no time left to wait for that.
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
    address = upload(ada, file).json()["address"]
    run_queued(redis)

    again = upload(ada, file)

    assert (again.status_code, again.json()["reason"]) == (400, "no_text")
    # The first client was answered 202 and may still ask.
    assert ada.get(address).json()["resume"]["refusal"]["reason"] == "no_text"


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


# Readings that were lost


def test_reads_once_what_is_queued_twice(ada, mongo):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]

    read_upload(resume_id)
    read_upload(resume_id)

    assert mongo.resumes.find_one()["status"] == "ready"
    assert mongo.activities.count_documents({"action_type": "upload_resume"}) == 1


def test_takes_up_what_a_crash_left_unread(ada, redis, queued, mongo, now):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]
    queued()
    Resume.objects(id=resume_id).update(created_at=now - uploads.LOST_AFTER - timedelta(minutes=1))

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


def test_logs_nothing_private(ada, redis, caplog):
    caplog.set_level(logging.DEBUG)

    upload(ada, files.make_pdf(), name="ada-secret-name.pdf")
    upload(ada, files.encrypted_pdf(), name="ada-secret-name.pdf")
    send_text(ada)
    run_queued(redis)

    for private in ("ada-secret-name", "Lovelace", "Analytical", "7946"):
        assert private not in caplog.text


# The list, one, deleting


def test_lists_newest_first_by_pages(ada):
    made = [send_text(ada, another(number)).json()["resume_id"] for number in range(3)]

    page = ada.get(f"/resumes/user/{ada.id}?limit=2").json()
    rest = ada.get(f"/resumes/user/{ada.id}?limit=2&offset=2").json()

    assert page["messages"] == "success"
    assert [resume["id"] for resume in page["resumes"] + rest["resumes"]] == made[::-1]
    assert [resume["version"] for resume in page["resumes"]] == [3, 2]
    assert page["total"] == rest["total"] == 3


def test_deletes(ada, mongo):
    resume_id = send_text(ada).json()["resume_id"]

    answer = ada.delete(f"/resumes/{resume_id}", None)

    assert answer.json() == {"messages": "success", "resume_id": resume_id}
    assert ada.get(f"/resumes/{resume_id}").status_code == 404
    assert ada.delete(f"/resumes/{resume_id}", None).status_code == 404
    assert mongo.resumes.count_documents({}) == 0


def test_is_named_by_no_application_once_it_is_deleted(ada, job):
    other, deleted = (send_text(ada, another(number)).json()["resume_id"] for number in range(2))
    applied = {"user_id": ada.id, "job_id": job}
    ada.post("/resumes/apply", applied | {"resume_id": deleted})

    ada.delete(f"/resumes/{other}", None)
    before = ada.get(f"/jobs/{job}/application").json()
    ada.delete(f"/resumes/{deleted}", None)

    after = ada.get(f"/jobs/{job}/application").json()
    assert before["application"]["resume_id"] == deleted
    assert after == before | {"application": before["application"] | {"resume_id": None}}


def test_belongs_to_its_owner_alone(ada, register, api, job):
    eve = register(email="eve@example.org")
    resume_id = send_text(ada).json()["resume_id"]
    body = {"user_id": ada.id, "source": "upload", "content": files.RESUME}

    for other, refusals in ((eve, (403, 404)), (api, (401, 401))):
        assert other.post("/resumes/generate", body).status_code == refusals[0]
        assert other.get(f"/resumes/user/{ada.id}").status_code == refusals[0]
        assert other.post("/resumes/apply", {"user_id": ada.id, "job_id": job}).status_code == refusals[0]
        assert other.get(f"/resumes/{resume_id}").status_code == refusals[1]
        assert other.delete(f"/resumes/{resume_id}", None).status_code == refusals[1]
        assert other.post(f"/resumes/{resume_id}/confirm", {"skills": ["python"]}).status_code == refusals[1]
    stolen = {"user_id": eve.id, "job_id": job, "resume_id": resume_id}
    assert eve.post("/resumes/apply", stolen).status_code == 404
    assert ada.get(f"/resumes/{resume_id}").status_code == 200


@pytest.mark.parametrize("resume_id", [NOBODY, "x", "$ne", "{}"])
def test_knows_no_other_resumes(ada, resume_id):
    assert ada.get(f"/resumes/{resume_id}").status_code == 404


def test_hands_out_and_erases_with_the_account(ada, mongo):
    send_text(ada)

    (exported,) = ada.get("/auth/me/export").json()["resumes"]
    assert exported["content"]["basics"]["name"] == "Ada Lovelace"
    ada.delete("/auth/me", {"password": PASSWORD})

    assert mongo.resumes.count_documents({}) == 0


# Taking it into the profile


def test_changes_the_profile_by_what_is_confirmed_alone(ada):
    resume_id = send_text(ada).json()["resume_id"]
    before = ada.get("/auth/me").json()
    assert before["skills"] == ["python", "javascript"]

    answer = ada.post(f"/resumes/{resume_id}/confirm", {"skills": ["Docker"], "fields": ["professional_summary"]})

    assert answer.json() == {
        "messages": "success",
        "resume_id": resume_id,
        "skills": ["python", "javascript", "docker"],
        "filled": ["professional_summary"],
    }
    changed = {"skills": ["python", "javascript", "docker"], "professional_summary": "Engineer with a love of engines."}
    after = ada.get("/auth/me").json()
    assert after == before | changed | {"updated_at": after["updated_at"]}
    assert show(ada, resume_id)["confirmed_at"] is not None


def test_keeps_a_skill_that_came_while_it_was_confirmed(ada, monkeypatch):
    resume_id = send_text(ada).json()["resume_id"]

    def meanwhile(names):
        ada.put("/auth/me", {"skills": ["Rust"]})
        return canonical_skills(names)

    monkeypatch.setattr(services, "canonical_skills", meanwhile)
    answer = ada.post(f"/resumes/{resume_id}/confirm", {"skills": ["Docker"]})

    assert answer.json()["skills"] == ada.get("/auth/me").json()["skills"] == ["rust", "docker"]


def test_fills_every_field_that_it_offers(ada):
    resume_id = send_text(ada).json()["resume_id"]
    offered = show(ada, resume_id)["offered_fields"]

    ada.post(f"/resumes/{resume_id}/confirm", {"fields": list(offered)})

    profile = ada.get("/auth/me").json()
    assert {name: profile[name] for name in offered} == offered
    assert offered["experience"] == (
        "Senior Software Engineer, Analytical Engines Ltd (2019-01 to present)\n"
        "Software Engineer, Difference Inc. (2015-03 to 2018-12)"
    )


def test_offers_nothing_that_the_profile_would_not_take(ada):
    text = files.RESUME.replace("+44 20 7946 0958", "+1 415 555 2671 ext. 12").replace(
        "of engines.", "of engines. " * 600
    )
    resume_id = send_text(ada, text).json()["resume_id"]
    offered = show(ada, resume_id)["offered_fields"]

    assert "phone_number" not in offered
    assert ada.put("/auth/me", offered).status_code == 200
    assert ada.post(f"/resumes/{resume_id}/confirm", {"fields": list(offered)}).status_code == 200


@pytest.mark.parametrize(
    ("picked", "field"),
    [
        ({"skills": ["cobol"]}, "skills"),
        ({"skills": [{"$gt": ""}]}, "skills.0"),
        ({"fields": ["email"]}, "fields.0"),
        ({"fields": "phone_number"}, "fields"),
    ],
)
def test_confirms_nothing_that_was_not_read(ada, picked, field):
    resume_id = send_text(ada).json()["resume_id"]

    answer = ada.post(f"/resumes/{resume_id}/confirm", picked)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert User.objects.get(id=ada.id).skills == ["python", "javascript"]


def test_confirms_nothing_that_is_still_read(ada):
    resume_id = upload(ada, files.make_pdf()).json()["resume_id"]

    assert ada.post(f"/resumes/{resume_id}/confirm", {}).status_code == 409


# Applying


@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", MULTIPART_CONTENT])
def test_applies_with_a_resume_in_every_form(ada, job, mongo, media_type):
    resume_id = send_text(ada).json()["resume_id"]
    fields = {"user_id": ada.id, "job_id": job, "resume_id": resume_id}
    headers = {"Authorization": f"Bearer {ada.token}"}
    if media_type.endswith("urlencoded"):
        fields = "&".join(f"{name}={value}" for name, value in fields.items())

    answer = ada.client.post("/resumes/apply", fields, content_type=media_type, headers=headers)

    assert answer.status_code == 200, answer.content
    assert answer.json()["messages"] == "success"
    line = mongo.activities.find_one({"_id": ObjectId(answer.json()["activity_id"])})
    assert (line["metadata"]["stage"], line["metadata"]["resume_id"]) == ("applied", resume_id)
    application = mongo.applications.find_one()
    assert (application["stage"], str(application["resume"])) == ("applied", resume_id)


def test_applies_without_a_resume(ada, job):
    assert ada.post("/resumes/apply", {"user_id": ada.id, "job_id": job}).status_code == 200


def test_takes_no_interview_back_by_applying(ada, job):
    ada.put(f"/jobs/{job}/application", {"stage": "interview"})

    assert ada.post("/resumes/apply", {"user_id": ada.id, "job_id": job}).status_code == 409
    assert ada.get(f"/jobs/{job}/application").json()["application"]["stage"] == "interview"


def test_applies_with_no_resume_that_is_not_there(ada, job):
    body = {"user_id": ada.id, "job_id": job}
    waiting = upload(ada, files.make_pdf()).json()["resume_id"]

    assert ada.post("/resumes/apply", body | {"resume_id": NOBODY}).status_code == 404
    assert ada.post("/resumes/apply", body | {"resume_id": waiting}).status_code == 400
    assert ada.post("/resumes/apply", body | {"job_id": NOBODY}).status_code == 404
    assert ada.post("/resumes/apply", body | {"job_id": "x"}).status_code == 404
