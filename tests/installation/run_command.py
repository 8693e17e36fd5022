"""`manage.py run` in a separate process."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
import requests

from career_navigator.devserver.embedded import find_free_port
from career_navigator.devserver.manager import MARK, find_marked
from career_navigator.environment import BASE_DIR

READY = "Career Navigator is ready at http://127.0.0.1:{port}"
START_SECONDS = 180
WEBHOOK_SECRET = "a-secret-of-webhooks"


class Run:
    """A process of `manage.py run` that writes its output to a file."""

    def __init__(self, var_dir: Path, *, port: int | None = None, **environment: str) -> None:
        self.var_dir = var_dir
        self.port = port or find_free_port()
        self.output_file = var_dir.parent / f"output-{time.monotonic_ns()}.txt"
        # Use neither the servers of the tests nor the API key of the developer.
        inherited = {key: value for key, value in os.environ.items() if key not in {"MONGODB_URI", "REDIS_URL", MARK}}
        with self.output_file.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=BASE_DIR,
                env=inherited
                | {"VAR_DIR": str(var_dir), "PORT": str(self.port), "THEIR_STACK_API_KEY": ""}
                | {"EMBEDDED_MONGODB_CACHE_GB": "0.25", "WORKER_PROCESSES": "1"}
                | environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.output_file.read_text(errors="replace")

    @property
    def services(self) -> dict[str, str]:
        services: dict[str, str] = json.loads((self.var_dir / "services.json").read_text())
        return services

    def wait_for(self, text: str, *, seconds: float = START_SECONDS) -> "Run":
        give_up_at = time.monotonic() + seconds
        while text not in self.output:
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                pytest.fail(f"no {text!r} in the output:\n{self.output}")
            time.sleep(0.1)
        return self

    def wait_until_ready(self) -> "Run":
        return self.wait_for(READY.format(port=self.port))

    def end(self, *, seconds: float) -> int:
        """Wait until the process ends and return its exit code."""
        return self.process.wait(seconds)

    def find(self, *words: str) -> psutil.Process:
        """Return the oldest process of this run whose command line contains all the words."""
        found = [
            each
            for each in find_marked(var_dir=self.var_dir)
            if all(word in " ".join(each.cmdline()) for word in words)
        ]
        return min(found, key=lambda each: (each.create_time(), each.pid))

    def find_new(self, *words: str, but: Collection[int], seconds: float = 30) -> psutil.Process:
        """Wait for a process group leader that is not in `but` and whose command line contains all the words."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            for each in find_marked(var_dir=self.var_dir):
                with contextlib.suppress(psutil.Error, ProcessLookupError):
                    command = " ".join(each.cmdline())
                    leads = os.getpgid(each.pid) == each.pid
                    if leads and each.pid not in but and all(word in command for word in words):
                        return each
            time.sleep(0.1)
        pytest.fail(f"no new process of {words}:\n{self.output}")

    def wait_until_answers(self, *, seconds: float = START_SECONDS) -> None:
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            with contextlib.suppress(requests.RequestException):
                requests.get(f"http://127.0.0.1:{self.port}/health", timeout=5)
                return
            time.sleep(0.1)
        pytest.fail(f"the run does not respond:\n{self.output}")

    def keep(self, number: int) -> int:
        """Store a document with an acknowledged write. Return how many were stored before."""
        with pymongo.MongoClient[dict[str, Any]](self.services["mongodb_uri"]) as client:
            kept = client.get_default_database().get_collection("kept", write_concern=pymongo.WriteConcern(j=True))
            before = kept.count_documents({})
            kept.insert_one({"_id": number})
        return before

    def clean_up(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for each in find_marked(var_dir=self.var_dir):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
