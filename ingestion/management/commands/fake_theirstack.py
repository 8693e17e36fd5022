"""Run a local fake of the TheirStack API that serves demonstration jobs."""

import signal
import threading
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ingestion.sources.theirstack.fake.conditions import PLANS, BadFault, Fault, read_faults
from ingestion.sources.theirstack.fake.job_sources import MAX_SEED, BadPostingsFile, build_jobs, read_postings
from ingestion.sources.theirstack.fake.jobs import JobList
from ingestion.sources.theirstack.fake.server import FakeTheirStack

_DEFAULT_KEY = "fake-key"  # valid only for this server
_MAX_COUNT = 200_000  # jobs are held in memory, at about 5 kB each


class Command(BaseCommand):
    """Command that runs the fake TheirStack until SIGTERM or SIGINT."""

    help = "Runs a local fake of the TheirStack API. It serves demonstration jobs and needs no account."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free port)")
        parser.add_argument(
            "--postings", type=Path, metavar="FILE", help="serve the jobs of a .jsonl or .jsonl.gz file"
        )
        parser.add_argument(
            "--shift-dates", action="store_true", help="with --postings: shift dates so that the newest is today"
        )
        parser.add_argument("--count", type=int, default=6_000, help="number of fictional jobs (default %(default)s)")
        parser.add_argument("--days", type=int, default=120, help="spread jobs over N days (default %(default)s)")
        parser.add_argument("--seed", type=int, default=1, help=f"random seed, 0-{MAX_SEED} (default %(default)s)")
        parser.add_argument("--plan", choices=sorted(PLANS), default="paid", help="default %(default)s")
        parser.add_argument("--credits", type=int, help="initial credits (default: the credits of the plan)")
        parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON file of faults to inject")
        parser.add_argument("--api-key", help=f"accepted API key (default: the demo key, if any, or {_DEFAULT_KEY})")
        parser.add_argument("--rate-limit", choices=("on", "none"), default="on", help="default %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            faults = _read_faults(options["faults"])
            server = FakeTheirStack(
                jobs=_read_jobs(options),
                plan=options["plan"],
                credits=options["credits"],
                api_key=options["api_key"] or (settings.DEMONSTRATION and settings.THEIR_STACK_API_KEY) or _DEFAULT_KEY,
                rate_limited=options["rate_limit"] == "on",
                port=options["port"],
            )
        except OverflowError as error:
            raise CommandError(f"--port: {error}") from error
        except OSError as error:
            raise CommandError(f"--port {options['port']}: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("stopped while the jobs were being prepared") from error
        server.script_faults(faults)
        stop_requested = threading.Event()
        with server:
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, lambda *_: stop_requested.set())
            kind = "fictional jobs" if options["postings"] is None else f"jobs of {options['postings']}"
            self.stdout.write(
                f"The fake TheirStack serves {server.job_count:,} {kind} at {server.url}\n"
                "This is demonstration data: no job comes from TheirStack, and no credits are charged.\n"
                "To collect from this server, set:\n"
                f"  THEIR_STACK_BASE_URL={server.url}\n"
                f"  THEIR_STACK_API_KEY={server.api_key}\n"
                "Stop it with Ctrl-C."
            )
            self.stdout.flush()
            stop_requested.wait()


def _read_jobs(options: dict[str, Any]) -> JobList:
    """Build or read the jobs to serve. Raises ValueError, including its subclass BadPostingsFile."""
    today = datetime.now(UTC).date()
    if options["postings"] is not None:
        return read_postings(path=options["postings"], shift_to=today if options["shift_dates"] else None)
    if options["count"] > _MAX_COUNT:
        raise ValueError(f"--count may be at most {_MAX_COUNT:,}, because all jobs are held in memory")
    if options["shift_dates"]:
        raise BadPostingsFile("--shift-dates requires --postings")
    return JobList(build_jobs(count=options["count"], seed=options["seed"], today=today, days=options["days"]))


def _read_faults(path: Path | None) -> list[Fault]:
    try:
        return [] if path is None else read_faults(path.read_bytes())
    except BadFault as error:
        raise BadFault(f"{path}: {error}") from error
    except OSError as error:
        raise BadFault(f"{path} cannot be read ({error.strerror})") from error
