"""Requests to the fake TheirStack."""

from datetime import UTC, datetime

import requests

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
POSTED = {"posted_at_gte": "2000-01-01"}


def send_request(theirstack, method, path, *, key=None, timeout=5, **arguments):
    headers = {"Authorization": f"Bearer {theirstack.api_key if key is None else key}"}
    return requests.request(method, theirstack.url + path, headers=headers, timeout=timeout, **arguments)


def search(theirstack, *, timeout=5, **filters):
    return send_request(theirstack, "POST", "/v1/jobs/search", json=POSTED | filters, timeout=timeout)


def get_balance(theirstack):
    return send_request(theirstack, "GET", "/v0/billing/credit-balance")


def get_ids(response):
    return [row.get("id") for row in response.json()["data"]]
