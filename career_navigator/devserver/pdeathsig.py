"""Run a command that ends with its parent: `python pdeathsig.py <parent pid> <signal> <command> [argument ...]`.

A standalone script that imports nothing from the project. It replaces itself with the command, so that the command has
the script's process id. Only Linux can signal a process when its parent dies. On other systems the command just runs.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for a signal when the parent dies, then replace this process with the command."""
    parent, signal_number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        # The setting survives the exec of an ordinary program, but child processes do not inherit it.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
        # If the parent died before the setting took effect, the signal would never arrive.
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
