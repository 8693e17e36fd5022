"""Ask the addresses of all learning resources whether they still answer."""

from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from career_navigator.commands import SummaryCommand, progress_bar
from learning.services import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_SECONDS, NetworkDown, check_links


class Command(SummaryCommand):
    help = "Asks every resource's address by HEAD, then GET; those that do not answer are left out until they do again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=_positive, default=DEFAULT_CONCURRENCY, help="hosts asked at once")
        parser.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT_SECONDS, help="seconds an answer may take")
        parser.add_argument("--report", type=Path, help="also write the summary to this file, as JSON")

    def summarize(self, **options: Any) -> dict[str, Any]:
        bars: list[tqdm[Any]] = []
        try:
            report = check_links(
                now=timezone.now(),
                concurrency=options["concurrency"],
                timeout_seconds=options["timeout"],
                begin=lambda total: bars.append(progress_bar(label="checking", unit="link", total=total)),
                advance=lambda: bars[0].update(),
            )
        except NetworkDown as error:
            raise CommandError(f"{error}; nothing was marked.") from error
        finally:
            for bar in bars:
                bar.close()
        summary = {
            "checked": report.checked,
            "answering": report.answering,
            "broken": [{"url": each.url, "because": each.because} for each in report.broken],
            "newly_broken": report.newly_broken,
            "repaired": report.repaired,
        }
        if options["report"]:
            options["report"].write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
        return summary


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise ValueError(f"{number} is not between 1 and 64")
    return number
