"""Importing and exporting curated documents through the pages of the admin."""

import csv
import io
from typing import Any

from django.test import Client

from career_navigator.cache import reset_caches

KINDS = ("csv", "json", "xlsx")


def written(*rows: dict[str, Any]) -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def confirm(client: Client, page: str, form: Any) -> str:
    answer = client.post(f"/admin/{page}/process_import/", form.initial, follow=True)
    reset_caches()
    return str(answer.content.decode())


def exported(client: Client, page: str, kind: str) -> bytes:
    form = client.get(f"/admin/{page}/export/").context["form"]
    chosen = {name: "on" for name in form.fields if name.startswith(form.resources[0].__name__.lower())}
    answer = client.post(f"/admin/{page}/export/", {"format": str(KINDS.index(kind)), "resource": "0"} | chosen)
    assert answer.status_code == 200
    return bytes(answer.content)


def refused(answer: Any) -> dict[int, str]:
    """What is said of each row on the page."""
    result = answer.context["result"]
    rows = {row.number: " ".join(str(each.error) for each in row.errors) for row in result.error_rows}
    return rows | {row.number: str(row.error_dict) for row in result.invalid_rows}
