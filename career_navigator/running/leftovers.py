"""Processes that a run has started, found by the mark they carry in their environment.

A killed run may leave some behind; the mark names its VAR_DIR, so no other process is ever touched.
"""

import os
from collections.abc import Collection
from pathlib import Path

import psutil

MARK = "CAREER_NAVIGATOR_RUN"


def find_marked(*, var_dir: Path) -> list[psutil.Process]:
    """The processes of runs on `var_dir`, without this one and those that started it."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in mine and _mark(process) == str(var_dir)]


def stop_marked(*, var_dir: Path, timeout_seconds: float, spare: Collection[int] = ()) -> list[str]:
    """Stop what runs on `var_dir` except the process ids in `spare`; kill what takes longer than `timeout_seconds`.

    With 0 seconds it kills at once. Returns what was stopped, as "name (process id)".
    """
    found = [process for process in find_marked(var_dir=var_dir) if process.pid not in spare]
    stopped = [f"{_name(process)} ({process.pid})" for process in found]
    if timeout_seconds:
        for process in found:
            _signal(process, kill=False)
        _, found = psutil.wait_procs(found, timeout=timeout_seconds)
    for process in found:
        _signal(process, kill=True)
    psutil.wait_procs(found, timeout=1)
    return stopped


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):  # ended meanwhile, or another user's
        return None


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "ended"


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
