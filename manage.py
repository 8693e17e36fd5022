#!/usr/bin/env python
"""Career Navigator's commands: `python manage.py help` lists them."""

import os
import sys

# Commands that ask no server, and the one that starts them.
_BY_THEMSELVES = {"run", "help", "--help", "-h", "version", "--version", "check", "spectacular", "collectstatic"}


def _name_other_install() -> None:
    """Say on standard error that nothing runs on this VAR_DIR while an install runs on another."""
    from django.conf import settings

    if not settings.EMBEDDED_MONGODB or (settings.VAR_DIR / "services.json").exists():
        return
    from career_navigator.devserver.manager import list_other_var_dirs

    others = [f"VAR_DIR={other}" for other in list_other_var_dirs(var_dir=settings.VAR_DIR)]
    if others:
        sys.stderr.write(
            f"Nothing runs with VAR_DIR={settings.VAR_DIR}, which this command uses. Career Navigator runs with "
            f"{' and with '.join(others)}. To act on that one: {others[0]} {' '.join(sys.argv[:2])} ...\n"
        )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        if sys.argv[1:2] and sys.argv[1] not in _BY_THEMSELVES:
            _name_other_install()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Career Navigator cannot start:\n{error}")


if __name__ == "__main__":
    main()
