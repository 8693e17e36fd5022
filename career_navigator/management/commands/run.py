"""Run the complete installation on this machine. `make run` runs this command in a virtual environment."""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import pymongo
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from career_navigator.apps import SPENDING
from career_navigator.devserver.embedded import HOST, MONGODB_LOGIN, find_free_port, start_mongodb, start_valkey
from career_navigator.devserver.manager import Output, ProcessManager, check_port_is_free
from career_navigator.devserver.private_files import PRIVATE_UMASK, get_server_password, make_private, write_privately

# Old enough for two trend windows, so that the demonstration shows growth.
DEMONSTRATION_COLLECTION = ("--max-age-days", "120", "--limit", "400")
_MANAGE = (sys.executable, "manage.py")
_CELERY = ("-m", "celery", "-A", "career_navigator")


# Addresses for reaching the service from this machine if it listens on all addresses.
_LOOPBACK = {"0.0.0.0": HOST, "::": "::1"}  # noqa: S104 - does not bind anything


class Command(BaseCommand):
    """Command that runs the complete installation until it is stopped."""

    help = "Runs the servers, web, worker and beat processes until Ctrl-C. Set PORT and VAR_DIR to change where."
    requires_system_checks = (SPENDING,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--postings",
            type=Path,
            metavar="FILE",
            help="file with the jobs that the fake TheirStack serves if there is no API key",
        )
        parser.add_argument(
            "--shift-dates", action="store_true", help="with --postings, shift the dates so that the newest is today"
        )
        parser.add_argument("--end-with-parent", action="store_true", help="stop when the parent process ends")

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(PRIVATE_UMASK)
        call_command("collectstatic", interactive=False, verbosity=0)
        self._var_dir = settings.VAR_DIR.resolve()
        self._options = options
        output = Output(sys.stdout)
        self._manager = ProcessManager(
            var_dir=self._var_dir, output=output, ends_with_parent=options["end_with_parent"]
        )
        exit_code = self._manager.run(self._start)
        output.close()
        sys.exit(exit_code)

    def _start(self) -> None:
        manager, password_file = self._manager, self._var_dir / "admin-password"
        for path in make_private(self._var_dir):
            manager.say(f"Warning: {path} cannot be made private. Other users may be able to read it.")
        check_port_is_free(settings.HOST, settings.PORT)
        services = self._start_servers() | {"public_url": _get_local_url()}
        fake_port = find_free_port() if settings.DEMONSTRATION else None
        if fake_port:
            services["stand_in_url"] = f"http://{HOST}:{fake_port}"
            services["stand_in_api_key"] = secrets.token_urlsafe(12)
        write_privately(self._var_dir / "services.json", json.dumps(services))
        if fake_port:
            # The command reads its API key from the file, since other users can see command arguments.
            arguments = ["--port", str(fake_port), *_build_fake_arguments(**self._options)]
            manager.start("fake", [*_MANAGE, "fake_theirstack", *arguments])
        had_password = password_file.exists()
        manager.wait_for(manager.start("bootstrap", [*_MANAGE, "bootstrap"], runs_once=True))
        is_empty = _has_no_postings(services["mongodb_uri"])
        self._start_processes()
        manager.wait_until_answers("the API", host=_LOOPBACK.get(settings.HOST, settings.HOST), port=settings.PORT)
        if fake_port:
            manager.wait_until_answers("the fake TheirStack", port=fake_port)
        self._announce(password_file, is_new=not had_password)
        if fake_port and is_empty:
            manager.say("Collecting demonstration postings. They appear within a minute.")
            manager.start("collect", [*_MANAGE, "collect", "--queue", *DEMONSTRATION_COLLECTION], runs_once=True)

    def _start_servers(self) -> dict[str, str]:
        """Start MongoDB and Valkey unless the settings name servers. Returns the URLs of both."""
        services = {"mongodb_uri": settings.MONGODB_URI, "redis_url": settings.REDIS_URL}
        password, check = get_server_password(self._var_dir), self._manager.check
        if settings.EMBEDDED_MONGODB:
            directory = self._var_dir / "mongodb"
            self._manager.say(f"Starting MongoDB (data in {directory}).")
            cache_gb = settings.EMBEDDED_MONGODB_CACHE_GB
            server = start_mongodb(directory=directory, cache_gb=cache_gb, password=password, while_waiting=check)
            self._manager.servers.append(server)
            services["mongodb_uri"] = f"{server.uri}career_navigator{MONGODB_LOGIN}"
        if settings.EMBEDDED_REDIS:
            directory = self._var_dir / "valkey"
            self._manager.say(f"Starting Valkey (data in {directory}).")
            server = start_valkey(directory=directory, password=password, while_waiting=check)
            self._manager.servers.append(server)
            services["redis_url"] = f"{server.uri}0"
        return services

    def _start_processes(self) -> None:
        self._manager.start(
            "web",
            [
                *(sys.executable, "-m", "granian", "career_navigator.rsgi:application"),
                *("--interface", "rsgi", "--no-ws"),
                *("--host", settings.HOST, "--port", str(settings.PORT)),
                # HTTP/2 would need TLS, which only a reverse proxy provides. Without detection, requests are cheaper.
                *("--http", "1"),
                *("--workers", str(settings.WEB_WORKERS), "--workers-kill-timeout", "3"),
                *("--static-path-route", "/static", "--static-path-mount", str(self._var_dir / "static")),
                *("--log-level", settings.LOG_LEVEL.lower()),
            ],
        )
        # Only the collector processes roles and long maintenance tasks, so that emails and uploads never wait for them.
        for name, queues in (("worker", "--exclude-queues"), ("collector", "--queues")):
            self._manager.start(
                name,
                [
                    *(sys.executable, "-W", "ignore:You're running the worker with superuser", *_CELERY),
                    *("worker", queues, "collect,maintenance", "--hostname", f"{name}@%h"),
                    *("--concurrency", str(settings.WORKER_PROCESSES), "--loglevel", settings.LOG_LEVEL),
                    # Two workers on one machine do not need to synchronize with each other.
                    *("--without-gossip", "--without-mingle"),
                ],
                # On SIGTERM, the worker returns its tasks to the queue instead of finishing them first.
                REMAP_SIGTERM="SIGQUIT",
            )
        self._manager.start(
            "beat",
            [
                *(sys.executable, *_CELERY, "beat", "--loglevel", settings.LOG_LEVEL),
                # No PID file, which would remain after a kill.
                "--pidfile=",
            ],
        )

    def _announce(self, password_file: Path, *, is_new: bool) -> None:
        url, say = _get_local_url(), self._manager.say
        say(f"Career Navigator is ready at {url}")
        if settings.HOST not in (HOST, "localhost", "::1"):
            say(f"  It listens on {settings.HOST}. Other machines can reach it, including the admin, over plain HTTP.")
            say(f"  It accepts the host names in ALLOWED_HOSTS: {', '.join(settings.ALLOWED_HOSTS)}")
        say(f"  Documentation: {url}/docs")
        login = "the password that you have set"
        if password_file.exists():
            login = f"password in {password_file}"
            if is_new:
                login = f"password {password_file.read_text().strip()} (stored in {password_file})"
        say(f"  Admin: {url}/admin with user admin, {login}")
        if settings.DEMONSTRATION:
            say("  The postings are demonstration data from a fake TheirStack on this machine.")
            say("  To collect real postings, set THEIR_STACK_API_KEY.")
        say("  Stop with Ctrl-C.")


def _get_local_url() -> str:
    """Return the URL of the service on this machine."""
    host = _LOOPBACK.get(settings.HOST, settings.HOST)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"


def _build_fake_arguments(*, postings: Path | None, shift_dates: bool, **_: Any) -> list[str]:
    arguments = [] if postings is None else ["--postings", str(postings.resolve())]
    return [*arguments, "--shift-dates"] if shift_dates else arguments


def _has_no_postings(mongodb_uri: str) -> bool:
    # Uses its own client because this process read its settings before the servers had addresses.
    with pymongo.MongoClient[dict[str, Any]](mongodb_uri) as client:
        return client[settings.MONGODB_DATABASE]["job_postings"].find_one({}, {"_id": 1}) is None
