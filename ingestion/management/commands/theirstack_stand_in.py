"""Serve demonstration jobs in place of TheirStack."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ingestion.stand_in.api import utc_now
from ingestion.stand_in.catalogue import Catalogue
from ingestion.stand_in.faults import BadFault, Fault, parse_faults
from ingestion.stand_in.generator import MAXIMUM_SEED, generate_jobs
from ingestion.stand_in.plan import PLANS
from ingestion.stand_in.postings_file import BadPostingsFile, read_postings
from ingestion.stand_in.server import StandIn

_DEFAULT_KEY = "stand-in-key"  # opens nothing but this server
_DEFAULT_COUNT = 6_000
_LARGEST_COUNT = 200_000  # held in memory, at about 8 kB each


class Command(BaseCommand):
    help = "Serve demonstration jobs on this machine, as TheirStack would. No real posting, no real account."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
        parser.add_argument("--postings", type=Path, metavar="FILE", help="serve the jobs of a .jsonl or .jsonl.gz")
        parser.add_argument(
            "--shift-dates", action="store_true", help="with --postings: move all dates, the newest to today"
        )
        parser.add_argument("--count", type=int, default=_DEFAULT_COUNT, help="jobs to generate (default %(default)s)")
        parser.add_argument("--days", type=int, default=120, help="days they are spread over (default %(default)s)")
        parser.add_argument(
            "--seed", type=int, default=1, help=f"which jobs to generate, 0-{MAXIMUM_SEED} (default %(default)s)"
        )
        parser.add_argument("--plan", choices=sorted(PLANS), default="paid", help="default %(default)s")
        parser.add_argument("--credits", type=int, help="credits granted (default: what the plan grants)")
        parser.add_argument("--faults", type=Path, metavar="FILE", help="a script of faults, in JSON")
        parser.add_argument("--api-key", help=f"default: that of the running install, else {_DEFAULT_KEY}")
        parser.add_argument("--rate-limit", choices=("on", "none"), default="on", help="default %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            stand_in = StandIn(
                jobs=_catalogue(options),
                plan=options["plan"],
                credits=options["credits"],
                api_key=options["api_key"] or (settings.DEMONSTRATION and settings.THEIR_STACK_API_KEY) or _DEFAULT_KEY,
                rate_limited=options["rate_limit"] == "on",
                faults=_faults(options["faults"]),
                port=options["port"],
                seed=options["seed"],
            )
        except OverflowError as error:
            raise CommandError(f"--port: {error}") from error
        except OSError as error:
            raise CommandError(f"--port {options['port']}: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("stopped while preparing the jobs") from error
        stopping = threading.Event()

        def stop(signum: int, frame: FrameType | None) -> None:
            stopping.set()

        with stand_in:
            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)
            self.stdout.write(
                f"The TheirStack stand-in serves {stand_in.job_count:,} {_kind(options)} at {stand_in.url}\n"
                "This is demonstration data: nothing here comes from TheirStack, and no credit is real.\n"
                "To collect from it:\n"
                f"  THEIR_STACK_BASE_URL={stand_in.url}\n"
                f"  THEIR_STACK_API_KEY={stand_in.api_key}\n"
                "Stop it with Ctrl-C."
            )
            self.stdout.flush()
            stopping.wait()


def _catalogue(options: dict[str, Any]) -> Catalogue:
    """Raises ValueError (of which BadPostingsFile is one)."""
    today = utc_now().date()
    if options["postings"] is not None:
        return read_postings(path=options["postings"], shift_to=today if options["shift_dates"] else None)
    if options["count"] > _LARGEST_COUNT:
        raise ValueError(f"--count may be at most {_LARGEST_COUNT:,}: all jobs are held in memory")
    if options["shift_dates"]:
        raise BadPostingsFile("--shift-dates goes with --postings")
    return Catalogue(generate_jobs(count=options["count"], seed=options["seed"], today=today, days=options["days"]))


def _faults(path: Path | None) -> list[Fault]:
    if path is None:
        return []
    try:
        return parse_faults(path.read_bytes())
    except BadFault as error:
        raise BadFault(f"{path}: {error}") from error
    except OSError as error:
        raise BadFault(f"{path} cannot be read ({error.strerror})") from error


def _kind(options: dict[str, Any]) -> str:
    return "generated jobs" if options["postings"] is None else f"jobs of {options['postings']}"
