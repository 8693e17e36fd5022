#!/usr/bin/env python
"""Command-line entry point. `python manage.py help` lists all commands."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

# Commands that need no running servers.
_STANDALONE_COMMANDS = {"run", "help", "--help", "-h", "version", "--version", "check", "spectacular", "collectstatic"}


def _warn_about_other_installs() -> None:
    """Warn on standard error if no install runs with this VAR_DIR, but one runs with another VAR_DIR."""
    if not settings.EMBEDDED_MONGODB or (settings.VAR_DIR / "services.json").exists():
        return
    from career_navigator.devserver.manager import list_other_var_dirs  # noqa: PLC0415 - most commands do not need it

    others = [f"VAR_DIR={other}" for other in list_other_var_dirs(var_dir=settings.VAR_DIR)]
    if others:
        sys.stderr.write(
            f"This command uses VAR_DIR={settings.VAR_DIR}, but Career Navigator is running with "
            f"{' and with '.join(others)}. To use the running install: {others[0]} {' '.join(sys.argv[:2])} ...\n"
        )


def main() -> None:
    """Run the command given on the command line, and show configuration errors without a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")
    try:
        if sys.argv[1:2] and sys.argv[1] not in _STANDALONE_COMMANDS:
            _warn_about_other_installs()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Career Navigator cannot start:\n{error}")


if __name__ == "__main__":
    main()
