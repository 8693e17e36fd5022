"""Command that checks the links of all learning resources."""

from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from career_navigator.commands import SummaryCommand, create_progress_bar
from learning.services import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT_SECONDS, NetworkDown, check_links


class Command(SummaryCommand):
    """Check all resource links and print a summary."""

    help = "Request the URL of every learning resource and mark broken links. Broken resources are not shown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--concurrency",
            type=_parse_concurrency,
            default=DEFAULT_CONCURRENCY,
            help="number of hosts requested concurrently, 1 to 64",
        )
        parser.add_argument(
            "--timeout", type=float, default=DEFAULT_TIMEOUT_SECONDS, help="timeout per request in seconds"
        )
        parser.add_argument("--report", type=Path, help="also write the summary as JSON to this file")

    def summarize(self, **options: Any) -> dict[str, Any]:
        bars: list[tqdm[Any]] = []
        try:
            report = check_links(
                now=timezone.now(),
                concurrency=options["concurrency"],
                timeout_seconds=options["timeout"],
                begin=lambda total: bars.append(create_progress_bar(label="checking", unit="link", total=total)),
                advance=lambda: bars[0].update(),  # noqa: PLW0108 - `begin` adds the bar later
            )
        except NetworkDown as error:
            raise CommandError(f"Link check failed: {error}. No link was marked.") from error
        finally:
            for bar in bars:
                bar.close()
        summary = {
            "checked": report.checked,
            "answering": report.answering,
            "broken": [{"url": link.url, "because": link.because} for link in report.broken],
            "newly_broken": report.newly_broken,
            "repaired": report.repaired,
        }
        if options["report"]:
            options["report"].write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
        return summary


def _parse_concurrency(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise ValueError(f"must be between 1 and 64, not {number}")
    return number
