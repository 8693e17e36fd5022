"""Run a command that ends when its parent does: `python pdeathsig.py <parent pid> <signal> <command> [argument ...]`.

A script of its own that imports nothing of the project: it replaces itself with the command, so the command keeps the
process id. Linux alone can tie processes like this; elsewhere the command just runs.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, signal_number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        # An exec of an ordinary program keeps this setting; a fork drops it.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
            sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
        # The parent may have died before the setting was made: nobody would ever send the signal.
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main()
