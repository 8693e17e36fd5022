"""Helpers for importing and exporting curated documents through the admin's pages."""

import csv
import io
from typing import Any

from django.test import Client

from career_navigator.cache import reset_caches

KINDS = ("csv", "json", "xlsx")


def build_csv(*rows: dict[str, Any]) -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def confirm(client: Client, page: str, form: Any) -> str:
    response = client.post(f"/admin/{page}/process_import/", form.initial, follow=True)
    reset_caches()
    return str(response.content.decode())


def export_file(client: Client, page: str, kind: str) -> bytes:
    form = client.get(f"/admin/{page}/export/").context["form"]
    selection = {name: "on" for name in form.fields if name.startswith(form.resources[0].__name__.lower())}
    response = client.post(f"/admin/{page}/export/", {"format": str(KINDS.index(kind)), "resource": "0"} | selection)
    assert response.status_code == 200
    return bytes(response.content)


def list_rejections(response: Any) -> dict[int, str]:
    """Return the error messages of the rejected rows by row number."""
    result = response.context["result"]
    rows = {row.number: " ".join(str(each.error) for each in row.errors) for row in result.error_rows}
    return rows | {row.number: str(row.error_dict) for row in result.invalid_rows}
