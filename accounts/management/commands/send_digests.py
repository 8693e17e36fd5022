"""Mail what saved searches newly find, here and now."""

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
    help = "Mails the digests of saved searches that are due, as the schedule does each day. Each posting once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", help="only those of the account with this address, or id")
        parser.add_argument(
            "--now", action="store_true", help="also those that are not due: today's were sent, or the week's"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be sent; send and change nothing")

    def summarize(self, **options: Any) -> dict[str, Any]:
        day, user_id = get_local_day(timezone.now()), _find_user_id(options["user"])
        ids = list_due_searches(day=day, user_id=user_id)
        if options["now"]:
            mailed = SavedSearch.objects(digest__ne=None, **({} if user_id is None else {"user": user_id}))
            ids = list(mailed.order_by("id").scalar("id"))
        mails = []
        for search in SavedSearch.objects(id__in=ids).order_by("id"):
            outcome = _preview(search)
            if not options["dry_run"] and not outcome["reason"]:
                try:
                    sent = send_digest(search_id=search.pk, day=day, is_again=options["now"], now=timezone.now())
                except (SMTPException, OSError) as error:
                    raise CommandError(
                        f"The mail server does not answer at {settings.EMAIL_HOST}:{settings.EMAIL_PORT}: {error}. "
                        "Check EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS and EMAIL_USE_SSL. Nothing of this mail is lost."
                    ) from error
                outcome |= {"postings": sent, "reason": "" if sent else "not_sent"}
            mails.append(outcome)
        told = [mail for mail in mails if not mail["reason"]]
        return {
            "dry_run": options["dry_run"],
            "searches": len(mails),
            "mails": len(told),
            "postings": sum(mail["postings"] for mail in told),
            "digests": mails,
        }


def _preview(search: SavedSearch) -> dict[str, Any]:
    shown = {"search": str(search.pk), "name": search.name}
    try:
        preview = preview_digest(search=search, now=timezone.now())
    except ValidationError:
        return shown | {"to": "", "postings": 0, "reason": "filter_not_accepted"}
    except User.DoesNotExist:
        return shown | {"to": "", "postings": 0, "reason": "no_account"}
    return shown | {"to": preview.to, "postings": preview.jobs, "reason": preview.reason or ""}


def _find_user_id(given: str | None) -> ObjectId | None:
    if given is None:
        return None
    user = User.objects(id=given).first() if ObjectId.is_valid(given) else find_user_by_email(email=given)
    if user is None:
        raise CommandError(f"there is no active account with the address or id {given!r}")
    found: ObjectId = user.pk
    return found
