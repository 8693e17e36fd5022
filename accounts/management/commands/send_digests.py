"""Command that sends digests of saved searches immediately."""

from smtplib import SMTPException
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts.documents import User
from accounts.searches.documents import SavedSearch
from accounts.searches.selectors import get_local_day, list_due_searches
from accounts.searches.services import preview_digest, send_digest
from accounts.selectors import find_user_by_email
from career_navigator.commands import SummaryCommand


class Command(SummaryCommand):
    """Send the digests that the daily task would send, in this process instead of a worker."""

    help = "Send the digests of saved searches that are due, as the daily task does. Reports each posting only once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", help="only for the account with this email address or id")
        parser.add_argument("--now", action="store_true", help="also send digests already done for the day or week")
        parser.add_argument(
            "--dry-run", action="store_true", help="report what would be sent without sending or changing anything"
        )

    def summarize(self, **options: Any) -> dict[str, Any]:
        day, user_id = get_local_day(timezone.now()), _find_user_id(options["user"])
        ids = list_due_searches(day=day, user_id=user_id)
        if options["now"]:
            subscribed = SavedSearch.objects(digest__ne=None, **({} if user_id is None else {"user": user_id}))
            ids = list(subscribed.order_by("id").scalar("id"))
        mails = []
        for search in SavedSearch.objects(id__in=ids).order_by("id"):
            outcome = _preview(search)
            if not options["dry_run"] and not outcome["reason"]:
                try:
                    sent = send_digest(search_id=search.pk, day=day, force=options["now"], now=timezone.now())
                except (SMTPException, OSError) as error:
                    raise CommandError(
                        f"Cannot reach the mail server at {settings.EMAIL_HOST}:{settings.EMAIL_PORT}: {error}. "
                        "Check EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS and EMAIL_USE_SSL. "
                        "The postings of this digest stay new, so run the command again."
                    ) from error
                outcome |= {"postings": sent, "reason": "" if sent else "not_sent"}
            mails.append(outcome)
        sent_mails = [mail for mail in mails if not mail["reason"]]
        return {
            "dry_run": options["dry_run"],
            "searches": len(mails),
            "mails": len(sent_mails),
            "postings": sum(mail["postings"] for mail in sent_mails),
            "digests": mails,
        }


def _preview(search: SavedSearch) -> dict[str, Any]:
    row = {"search": str(search.pk), "name": search.name}
    try:
        preview = preview_digest(search=search, now=timezone.now())
    except ValidationError:
        return row | {"to": "", "postings": 0, "reason": "filter_not_accepted"}
    except User.DoesNotExist:
        return row | {"to": "", "postings": 0, "reason": "no_account"}
    return row | {"to": preview.to, "postings": preview.jobs, "reason": preview.reason or ""}


def _find_user_id(email_or_id: str | None) -> ObjectId | None:
    if email_or_id is None:
        return None
    if ObjectId.is_valid(email_or_id):
        user = User.objects(id=email_or_id).first()
    else:
        user = find_user_by_email(email=email_or_id)
    if user is None:
        raise CommandError(f"there is no active account with the email address or id {email_or_id!r}")
    user_id: ObjectId = user.pk
    return user_id
