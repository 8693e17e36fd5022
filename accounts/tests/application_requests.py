"""Helpers that change and read applications through the API."""

from datetime import UTC, datetime

from accounts.applications.documents import Activity

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def put_application(member, job, **body):
    return member.put(f"/jobs/{job}/application", body)


def get_application(member, job):
    return member.get(f"/jobs/{job}/application").json()


def list_actions(member):
    return [line.action_type for line in Activity.objects(user=member.id).order_by("created_at", "id")]
