"""Commands under the names they had in the last release."""

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
def test_a_renamed_command_takes_the_same_options(old: str, new: str) -> None:
    former, current = (load_command_class(get_commands()[name], name) for name in (old, new))

    assert isinstance(former, type(current))
    options = [
        {option for action in command.create_parser("manage.py", name)._actions for option in action.option_strings}
        for command, name in ((former, old), (current, new))
    ]
    assert options[0] == options[1]


@pytest.mark.parametrize(
    ("old", "arguments"), {"clean_up": ["--days", "0"], "print_roadmaps": ["x", "--skill=-"]}.items()
)
def test_a_former_name_works_and_says_what_to_use(old: str, arguments: list[str], mongo: object, redis: object) -> None:
    errors = StringIO()

    with pytest.raises(CommandError, match=r"--days must be at least 1|not all of these are skills"):
        call_command(old, *arguments, stderr=errors)

    assert (
        errors.getvalue().strip() == f"{old} is deprecated and will be removed in the next release: use {RENAMED[old]}."
    )
