"""Ask TheirStack whether the key works and what credit is left."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from career_navigator.commands import SummaryCommand
from ingestion.source import check_source
from ingestion.theirstack import build_client
from ingestion.theirstack_errors import TheirStackClientError


class Command(SummaryCommand):
    help = "Asks TheirStack for the credit balance, which costs nothing; lifts a halt when there is credit again."

    def summarize(self, **options: Any) -> dict[str, Any]:
        try:
            with build_client() as client:
                balance = check_source(client=client, now=timezone.now())
        except TheirStackClientError as error:
            raise CommandError(f"{error.reason}: {error}") from error
        return {
            "address": settings.THEIR_STACK_BASE_URL,
            "demonstration": settings.DEMONSTRATION,
            "credits_left": balance.remaining,
            "credits_used": balance.used,
        }
