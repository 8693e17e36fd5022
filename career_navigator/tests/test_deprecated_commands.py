"""Deprecated names of commands, which still work for one release."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

RENAMED = {
    "clean_up": "prune_postings",
    "statistics": "ingestion_stats",
    "collect_users": "collect_for_users",
    "clean_skills_data": "renormalize_skills",
    "refresh_figures": "refresh_stats",
    "print_roadmaps": "export_roadmaps",
}


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_old_name_accepts_the_same_options(old: str, new: str) -> None:
    old_command, new_command = (load_command_class(get_commands()[name], name) for name in (old, new))

    assert isinstance(old_command, type(new_command))
    options = [
        {option for action in command.create_parser("manage.py", name)._actions for option in action.option_strings}
        for command, name in ((old_command, old), (new_command, new))
    ]
    assert options[0] == options[1]


@pytest.mark.parametrize(
    ("old", "arguments"), {"clean_up": ["--days", "0"], "print_roadmaps": ["x", "--skill=-"]}.items()
)
def test_old_name_works_and_names_the_new_one(old: str, arguments: list[str], mongo: object, redis: object) -> None:
    errors = StringIO()

    with pytest.raises(CommandError, match=r"--days must be at least 1|Some of these are not skills"):
        call_command(old, *arguments, stderr=errors)

    message = f"{old} is deprecated and will be removed in the next release. Use {RENAMED[old]} instead."
    assert errors.getvalue().strip() == message
