"""Reads of the activity log; and what an account's export and erasure need of it."""

from typing import Any

from bson import ObjectId
from mongoengine import QuerySet

from accounts.activity.documents import Activity
from accounts.activity.serializers import ActivitySerializer
from career_navigator.api.serializers import build_once


def list_timeline(*, application_id: ObjectId) -> QuerySet:
    """What has become of an application, as stored, oldest first."""
    return Activity.objects(application=application_id).order_by("created_at", "id").as_pymongo()


def export_activities(user_id: ObjectId) -> list[dict[str, Any]]:
    activities = Activity.objects(user=user_id).order_by("-created_at", "-id").as_pymongo()
    return list(map(build_once(ActivitySerializer).to_representation, activities))


def erase_activities(user_id: ObjectId) -> None:
    Activity._get_collection().delete_many({"user": user_id})
