"""Collect the boards and feeds of free sources, in this process or by the workers."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from career_navigator.commands import SummaryCommand, create_progress_bar
from ingestion.board_collection import collect_board
from ingestion.boards import add_feeds, list_boards, list_due_boards, start_board_runs
from ingestion.documents import CollectionRunDocument
from ingestion.runs import list_open_roles
from ingestion.sources.base import BoardSource
from ingestion.sources.registry import UnknownSource, get_board_source
from ingestion.tasks import queue_run
from market.refresh import refresh_stats


class Command(SummaryCommand):
    """Command that starts runs for boards, and queues them or runs them inline."""

    help = "Collects the boards and feeds of free sources that are due. Prints the outcome per source."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "sources", nargs="*", metavar="SOURCE", help="default: the sources in SOURCES, except TheirStack"
        )
        parser.add_argument(
            "--board", action="append", dest="boards", metavar="NAME", help="collect this board, even if it is not due"
        )
        parser.add_argument("--queue", action="store_true", help="queue the runs for the workers and exit immediately")

    def summarize(self, **options: Any) -> dict[str, Any]:
        names = options["sources"] or [name for name in settings.SOURCES if name in settings.INSTALLED_SOURCES]
        if not names:
            raise CommandError(
                "Name a source, or set SOURCES. The sources are: " + ", ".join(settings.INSTALLED_SOURCES)
            )
        try:
            sources = [get_board_source(name) for name in names]
        except UnknownSource as error:
            raise CommandError(str(error)) from error
        runs = [run for source in sources for run in self._start_runs(source, options["boards"])]
        if options["queue"]:
            for run in runs:
                queue_run(run=run)
        else:
            self._run_inline(runs)
        return {source.name: _summarize([run for run in runs if run.source == source.name]) for source in sources}

    def _start_runs(self, source: BoardSource, boards: list[str] | None) -> list[CollectionRunDocument]:
        now = timezone.now()
        add_feeds(source=source, now=now)
        if boards is None:
            boards = list_due_boards(source=source, now=now)
        elif unknown := set(boards) - set(list_boards(source=source)):
            raise CommandError(
                f"{source.title} has no board {', '.join(sorted(unknown))}. Add it in the admin, under Boards."
            )
        return start_board_runs(source=source, names=boards, trigger="command", now=now)

    def _run_inline(self, runs: list[CollectionRunDocument]) -> None:
        total = sum(len(run.searches) for run in runs)
        with create_progress_bar(label="collecting", unit="board", total=total) as bar:
            for run in runs:
                for key in list_open_roles(run=run):
                    collect_board(run_id=run.id, key=key, clock=timezone.now)
                    bar.update()
        refresh_stats(now=timezone.now())


def _summarize(runs: list[CollectionRunDocument]) -> dict[str, int]:
    for run in runs:
        run.reload()
    searches = [search for run in runs for search in run.searches]
    return {
        "boards": len(searches),
        "failed": sum(search.status in ("failed", "lost") for search in searches),
        **{name: sum(run[name] for run in runs) for name in ("collected", "updated", "unchanged", "closed")},
        "rejected": sum(sum(run.refused.values()) for run in runs),
    }
