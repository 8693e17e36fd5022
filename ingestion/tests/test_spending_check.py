"""The warning that credits may be spent without a limit."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from career_navigator.apps import SPENDING
from career_navigator.environment import BASE_DIR


@pytest.mark.parametrize(
    ("demonstration", "budget", "warned"),
    [(True, None, False), (False, None, True), (False, 0, False), (False, 9, False)],
)
def test_warns_about_a_key_without_a_budget(settings, demonstration, budget, warned):
    settings.DEMONSTRATION, settings.THEIR_STACK_CREDIT_BUDGET = demonstration, budget

    found = run_checks(tags=[SPENDING])

    assert [message.id for message in found] == ["career_navigator.W001"] * warned
    assert all("THEIR_STACK_CREDIT_BUDGET" in message.msg for message in found)


def test_check_names_the_setting(tmp_path):
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--tag", SPENDING],
        cwd=BASE_DIR,
        env=os.environ | {"THEIR_STACK_API_KEY": "a-key", "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "THEIR_STACK_CREDIT_BUDGET is not" in checked.stderr
    assert "a-key" not in checked.stderr
