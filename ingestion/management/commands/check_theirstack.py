"""Check that TheirStack accepts the API key, and show how many credits are left."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from career_navigator.commands import SummaryCommand
from ingestion.source import check_source
from ingestion.sources.theirstack.client import build_client
from ingestion.sources.theirstack.errors import TheirStackClientError


class Command(SummaryCommand):
    """Command that fetches TheirStack's credit balance and lifts a halt of collection."""

    help = "Fetches TheirStack's credit balance, which is free. Lifts a halt of collection if there are credits again."

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
