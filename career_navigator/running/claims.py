"""What one run alone may hold: its VAR_DIR and its port."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from career_navigator.running.embedded import HOST


class RunFailed(RuntimeError):
    """The run cannot start or go on. `reason`: in_use, port_taken, port_forbidden, ended, not_ready."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextlib.contextmanager
def only_run(var_dir: Path) -> Iterator[None]:
    """Hold VAR_DIR for this process alone; the lock goes with the process, however it ends. Raises RunFailed."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunFailed(
                f"another run uses {var_dir} (process {_holder(file)}). Stop it, or choose another VAR_DIR.",
                reason="in_use",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _holder(file: TextIO) -> str:
    file.seek(0)
    return file.read().strip() or "unknown"


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise RunFailed(
                f"port {port} may not be opened by this user. Choose another: PORT=8000 make run",
                reason="port_forbidden",
            ) from None
        except OSError:
            raise RunFailed(
                f"port {port} is taken by another program. Choose another: PORT={port + 1} make run",
                reason="port_taken",
            ) from None
