"""Run everything on this machine: `make run` is this command in a virtual environment."""

import os
import sys
from pathlib import Path
from typing import Any

import pymongo
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from career_navigator.apps import SPENDING
from career_navigator.environment import BASE_DIR
from career_navigator.running.console import Console
from career_navigator.running.private_files import PRIVATE_UMASK
from career_navigator.running.supervisor import RunPlan, Supervisor


class Command(BaseCommand):
    help = "Runs servers, web, worker and beat until Ctrl-C. PORT and VAR_DIR choose where."
    requires_system_checks = (SPENDING,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--postings", type=Path, metavar="FILE", help="without a key: let the stand-in serve the jobs of this file"
        )
        parser.add_argument("--shift-dates", action="store_true", help="with --postings: the newest is from today")
        parser.add_argument("--end-with-parent", action="store_true", help="stop when the calling process ends")

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(PRIVATE_UMASK)
        call_command("collectstatic", interactive=False, verbosity=0)
        console = Console()
        plan = RunPlan(
            var_dir=settings.VAR_DIR.resolve(),
            base_dir=BASE_DIR,
            port=settings.PORT,
            web_workers=settings.WEB_WORKERS,
            worker_processes=settings.WORKER_PROCESSES,
            log_level=settings.LOG_LEVEL,
            mongodb_uri=None if settings.EMBEDDED_MONGODB else settings.MONGODB_URI,
            redis_url=None if settings.EMBEDDED_REDIS else settings.REDIS_URL,
            mongodb_cache_gb=settings.EMBEDDED_MONGODB_CACHE_GB,
            stand_in_arguments=_stand_in_arguments(**options) if settings.DEMONSTRATION else None,
            end_with_parent=options["end_with_parent"],
            is_empty=_has_no_postings,
        )
        exit_code = Supervisor(plan=plan, console=console).run()
        console.close()
        sys.exit(exit_code)


def _stand_in_arguments(*, postings: Path | None, shift_dates: bool, **_: Any) -> list[str]:
    chosen = [] if postings is None else ["--postings", str(postings.resolve())]
    return [*chosen, "--shift-dates"] if shift_dates else chosen


def _has_no_postings(mongodb_uri: str) -> bool:
    # A client of its own: the settings of this process were read before the servers had addresses.
    with pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
        return client[settings.MONGODB_DATABASE]["job_postings"].find_one({}, {"_id": 1}) is None
