"""Helpers for tests of the skill pages in the admin."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

LIST = "/admin/skills/skill/"


def import_file(client: Client, name: str, content: bytes, format_number: int) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(f"{LIST}import/", {"import_file": file, "format": str(format_number), "resource": "0"})
