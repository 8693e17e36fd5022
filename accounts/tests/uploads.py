"""Helpers that upload resumes through the API."""

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.tests import resume_files as files

UNKNOWN_ID = "f" * 24


def upload(member, data, *, name="resume.pdf", **extra_fields):
    """Upload a file as a multipart form."""
    fields = {"user_id": member.id, "source": "upload"} | extra_fields
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


def send_text(member, text=files.RESUME, **extra_fields):
    return member.post("/resumes/generate", {"user_id": member.id, "source": "upload", "content": text} | extra_fields)


def build_unique_text(number) -> str:
    """Return the text of a resume that is unique per number."""
    return f"{files.RESUME}\nVersion {number}\n"


def get_resume(member, resume_id):
    return member.get(f"/resumes/{resume_id}").json()["resume"]
