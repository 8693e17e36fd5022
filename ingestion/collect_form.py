"""The "Collect now" form: roles, places, limits, and the maximum cost in credits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.selectors import find_user_by_email, get_career_goals, get_target_roles
from career_navigator.db.connection import database
from ingestion.role_searches import DEFAULT_PLACES, DEFAULT_ROLES
from ingestion.services import DEFAULT_JOBS_PER_ROLE, DEFAULT_MAX_AGE_DAYS
from ingestion.source import THEIRSTACK, get_credits_left
from ingestion.suggestions import names_several_places, names_several_roles

MAX_ROLES = 50
MAX_PLACES = 20
MAX_JOBS = 1_000
MAX_CHARACTERS = 100
# Relative to the admin's root URL.
_RUNS = "ingestion/collectionrun"


class CollectForm(forms.Form):
    """Form for a manual collection. `cost` is the maximum number of credits, one per returned job."""

    email = forms.CharField(
        label="For one user",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "email address", "autocomplete": "off"}),
        help_text="Enter an email address to collect that user's target roles in the user's location. The roles and"
        " places above are then ignored.",
    )
    roles = forms.CharField(
        label="Roles",
        required=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 8, "data-suggest-lines": f"{_RUNS}/suggest-roles.json", "data-suggest-label": "Add a role"}
        ),
        help_text="One per line.",
    )
    places = forms.CharField(
        label="Places",
        required=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 8, "data-suggest-lines": f"{_RUNS}/suggest-places.json", "data-suggest-label": "Add a place"}
        ),
        help_text="One per line: a country, a state, a city, or Remote.",
    )
    max_age_days = forms.IntegerField(
        label="Maximum age in days",
        min_value=0,
        max_value=365,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="0 finds only jobs posted today.",
    )
    per_role_limit = forms.IntegerField(
        label="Jobs per role",
        min_value=1,
        max_value=MAX_JOBS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Over all places together. Each job returned costs one credit.",
    )
    confirmed = forms.BooleanField(
        label="Start even if it may cost more credits than are left",
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )

    field_order = ("roles", "places", "max_age_days", "per_role_limit", "email", "confirmed")

    def __init__(self, *args: Any, left: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left
        self.cost = 0
        self.needs_confirmation = False
        self.user_id: str | None = None

    def clean_roles(self) -> list[str]:
        return _split_lines(self.cleaned_data["roles"], max_lines=MAX_ROLES, are_several=names_several_roles)

    def clean_places(self) -> list[str]:
        return _split_lines(self.cleaned_data["places"], max_lines=MAX_PLACES, are_several=names_several_places)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["email"].strip():
            cleaned["roles"] = self._get_user_roles(cleaned["email"])
        else:
            if not cleaned["roles"]:
                self.add_error("roles", "Enter at least one role.")
            if not cleaned["places"]:
                self.add_error("places", "Enter at least one place.")
        self.cost = len(cleaned.get("roles", ())) * cleaned["per_role_limit"]
        if not self.errors and self.left is not None and self.cost > self.left and not cleaned["confirmed"]:
            self.needs_confirmation = True
            self.add_error(
                "confirmed",
                f"This may cost {self.cost:,} credits and {self.left:,} are left. The run stops when they are used up.",
            )
        return cleaned

    def _get_user_roles(self, email: str) -> list[str]:
        user = find_user_by_email(email=email)
        goals = get_career_goals(user_id=str(user.pk)) if user is not None else None
        if user is None or goals is None:
            self.add_error("email", "No active user has this email address.")
        elif not goals.roles:
            self.add_error("email", "This user has no target roles.")
        else:
            self.user_id = str(user.pk)
            return list(goals.roles)
        return []


def get_usual_collection() -> dict[str, Any]:
    """Return the form's initial values: the users' target roles, or the default roles if there are none."""
    roles = get_target_roles()[:MAX_ROLES] or DEFAULT_ROLES
    return {
        "roles": "\n".join(roles),
        "places": "\n".join(DEFAULT_PLACES),
        "max_age_days": DEFAULT_MAX_AGE_DAYS,
        "per_role_limit": DEFAULT_JOBS_PER_ROLE,
    }


def get_spendable_credits(*, now: datetime) -> int | None:
    """Return the credits left in the budget or at TheirStack, whichever is lower, or None if both are unknown."""
    state = database().source_states.find_one({"_id": THEIRSTACK}, {"credits_left": 1}) or {}
    bounds = (get_credits_left(budget=settings.THEIR_STACK_CREDIT_BUDGET, now=now), state.get("credits_left"))
    return min((bound for bound in bounds if bound is not None), default=None)


def _split_lines(text: str, *, max_lines: int, are_several: Callable[[str], bool]) -> list[str]:
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > max_lines:
        raise forms.ValidationError(f"Enter at most {max_lines} lines.")
    if any(len(line) > MAX_CHARACTERS for line in lines):
        raise forms.ValidationError(f"A line must have at most {MAX_CHARACTERS} characters.")
    for line in lines:
        if ";" in line or are_several(line):
            raise forms.ValidationError(f"“{line}” looks like several entries. Put each on its own line.")
    return lines
