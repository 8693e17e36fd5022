"""Forms and files as attackers send them: answered in our shape, kept in memory, named without a path."""

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT

from accounts.searches.services import make_token
from accounts.tests import resume_files as files

URL_ENCODED = "application/x-www-form-urlencoded"
PATHS = ("/auth/login/form", "/resumes/generate", "/resumes/apply")


def part(name, value, *, file_name=None, headers=""):
    named = f'; filename="{file_name}"' if file_name is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{headers}\r\n'
    return head.encode() + value + b"\r\n"


def whole(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def send(member, path, body, media_type=MULTIPART_CONTENT):
    headers = {"Authorization": f"Bearer {member.token}"}
    return member.client.generic("POST", path, body, content_type=media_type, headers=headers)


BAD_FORMS = {
    "thousands of fields": (whole(*(part(f"f{n}", b"x") for n in range(3_000))), MULTIPART_CONTENT),
    "one field thousands of times": (whole(*[part("user_id", b"x")] * 3_000), MULTIPART_CONTENT),
    "hundreds of files": (whole(*(part(f"f{n}", b"x", file_name="x") for n in range(300))), MULTIPART_CONTENT),
    "thousands of pairs": ("&".join(f"f{n}=x" for n in range(3_000)), URL_ENCODED),
    "a field of 2.6 MB": (whole(part("username", b"x" * 2_600_000)), MULTIPART_CONTENT),
    "a name of 2.6 MB": (whole(part("x" * 2_600_000, b"x")), MULTIPART_CONTENT),
    "a pair of 2.6 MB": ("username=" + "x" * 2_600_000, URL_ENCODED),
    "no boundary": (whole(part("username", b"x")), "multipart/form-data"),
    "a boundary of 10 kB": (whole(part("username", b"x")), "multipart/form-data; boundary=" + "x" * 10_000),
    "no end": (part("username", b"x")[:-20], MULTIPART_CONTENT),
    "headers of 100 kB": (whole(part("username", b"x", headers="X-A: " + "x" * 100_000 + "\r\n")), MULTIPART_CONTENT),
    "broken base64": (
        whole(part("username", b"x===", headers="Content-Transfer-Encoding: base64\r\n")),
        MULTIPART_CONTENT,
    ),
    "another charset": (whole(part("username", b"\xff\xfe")), f"{MULTIPART_CONTENT}; charset=utf-7"),
    "no charset at all": ("username=%ff", f"{URL_ENCODED}; charset=none"),
    "bytes": (bytes(range(256)), MULTIPART_CONTENT),
    "nothing": (b"", MULTIPART_CONTENT),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "media_type"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_refuses_a_form_in_our_shape(ada, path, body, media_type):
    answer = send(ada, path, body, media_type)

    assert answer.status_code in {400, 413, 415}
    assert answer["Content-Type"] == "application/json"
    assert isinstance(answer.json()["detail"], str)
    assert answer.json().keys() <= {"detail", "code", "errors", "error_codes", "ignored_fields", "reason"}


def test_reads_no_form_that_a_mail_program_sends(ada):
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
def test_keeps_no_path_of_a_file_and_believes_no_media_type(ada, disposition, media_type, tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; {disposition}\r\nContent-Type: {media_type}'
    file = head.encode() + b"\r\n\r\n" + files.RESUME.encode() + b"\r\n"

    made = send(ada, "/resumes/generate", whole(part("user_id", ada.id.encode()), part("source", b"upload"), file))

    assert made.status_code == 201, made.content
    answer = ada.get(f"/resumes/{made.json()['resume_id']}")
    kept = answer.json()["resume"]["file"]
    assert kept["media_type"] == "text/plain"
    assert not set(kept["name"]) & set("/\\\0\r\n\u202e")
    assert kept["name"].strip(".")
    assert len(kept["name"]) <= 200
    assert list(tmp_path.iterdir()) == []
