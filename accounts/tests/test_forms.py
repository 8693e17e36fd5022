"""Malicious forms and files: they get a standard error, stay in memory, and are stored without a path."""

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT

from accounts.searches.services import make_token
from accounts.tests import resume_files as files

URL_ENCODED = "application/x-www-form-urlencoded"
PATHS = ("/auth/login/form", "/resumes/generate", "/resumes/apply")


def build_part(name, value, *, file_name=None, headers=""):
    disposition = f'; filename="{file_name}"' if file_name is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{disposition}\r\n{headers}\r\n'
    return head.encode() + value + b"\r\n"


def join_parts(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def send(member, path, body, media_type=MULTIPART_CONTENT):
    headers = {"Authorization": f"Bearer {member.token}"}
    return member.client.generic("POST", path, body, content_type=media_type, headers=headers)


BAD_FORMS = {
    "thousands of fields": (join_parts(*(build_part(f"f{n}", b"x") for n in range(3_000))), MULTIPART_CONTENT),
    "one field thousands of times": (join_parts(*[build_part("user_id", b"x")] * 3_000), MULTIPART_CONTENT),
    "hundreds of files": (
        join_parts(*(build_part(f"f{n}", b"x", file_name="x") for n in range(300))),
        MULTIPART_CONTENT,
    ),
    "thousands of pairs": ("&".join(f"f{n}=x" for n in range(3_000)), URL_ENCODED),
    "a field of 2.6 MB": (join_parts(build_part("username", b"x" * 2_600_000)), MULTIPART_CONTENT),
    "a name of 2.6 MB": (join_parts(build_part("x" * 2_600_000, b"x")), MULTIPART_CONTENT),
    "a pair of 2.6 MB": ("username=" + "x" * 2_600_000, URL_ENCODED),
    "no boundary": (join_parts(build_part("username", b"x")), "multipart/form-data"),
    "a boundary of 10 kB": (join_parts(build_part("username", b"x")), "multipart/form-data; boundary=" + "x" * 10_000),
    "no end": (build_part("username", b"x")[:-20], MULTIPART_CONTENT),
    "headers of 100 kB": (
        join_parts(build_part("username", b"x", headers="X-A: " + "x" * 100_000 + "\r\n")),
        MULTIPART_CONTENT,
    ),
    "broken base64": (
        join_parts(build_part("username", b"x===", headers="Content-Transfer-Encoding: base64\r\n")),
        MULTIPART_CONTENT,
    ),
    "another charset": (join_parts(build_part("username", b"\xff\xfe")), f"{MULTIPART_CONTENT}; charset=utf-7"),
    "no charset at all": ("username=%ff", f"{URL_ENCODED}; charset=none"),
    "bytes": (bytes(range(256)), MULTIPART_CONTENT),
    "nothing": (b"", MULTIPART_CONTENT),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "media_type"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_rejects_a_form_with_the_standard_error_format(ada, path, body, media_type):
    response = send(ada, path, body, media_type)

    assert response.status_code in {400, 413, 415}
    assert response["Content-Type"] == "application/json"
    assert isinstance(response.json()["detail"], str)
    assert response.json().keys() <= {"detail", "code", "errors", "error_codes", "ignored_fields", "reason"}


def test_ignores_the_form_that_a_mail_program_sends(ada):
    search = ada.post("/jobs/searches", {"name": "Jobs", "filter": {}}).json()["search"]
    path = f"/jobs/searches/unsubscribe?token={make_token(search_id=search['id'])}"

    assert {send(ada, path, *form).status_code for form in BAD_FORMS.values()} == {200}


@pytest.mark.parametrize(
    "disposition",
    [
        'filename="../../../etc/passwd"',
        'filename="/etc/passwd"',
        'filename="C:\\\\windows\\\\system32\\\\passwd"',
        "filename*=UTF-8''..%2F..%2Fetc%2Fpasswd",
        "filename*=UTF-8''%00%0d%0aSet-Cookie%3A%20a%3Db",
        'filename="<script>alert(1)</script>.html"',
        f'filename="{"x" * 500}.pdf"',
        'filename="\u202egnp.exe"',
        'filename="&#46;&#46;&#47;passwd"',
        'filename="..&#x2f;passwd"',
    ],
)
@pytest.mark.parametrize("media_type", ["text/html", "image/png; a=../../b"])
def test_stores_no_path_of_a_file_and_ignores_the_claimed_media_type(ada, disposition, media_type, tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; {disposition}\r\nContent-Type: {media_type}'
    file = head.encode() + b"\r\n\r\n" + files.RESUME.encode() + b"\r\n"

    created = send(
        ada,
        "/resumes/generate",
        join_parts(build_part("user_id", ada.id.encode()), build_part("source", b"upload"), file),
    )

    assert created.status_code == 201, created.content
    response = ada.get(f"/resumes/{created.json()['resume_id']}")
    stored = response.json()["resume"]["file"]
    assert stored["media_type"] == "text/plain"
    assert not set(stored["name"]) & set("/\\\0\r\n\u202e")
    assert stored["name"].strip(".")
    assert len(stored["name"]) <= 200
    assert list(tmp_path.iterdir()) == []
