"""The form of a collection that staff start: what is asked for, where, and what it costs at most."""

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
# Below the admin's root.
_RUNS = "ingestion/collectionrun"


class CollectForm(forms.Form):
    """Roles and places one a line. `cost` is the most credits it takes: one for each job that is returned."""

    email = forms.CharField(
        label="For one user",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "address of the user", "autocomplete": "off"}),
        help_text="With an address the user's target roles are collected where the user is; the roles and places above"
        " do not count.",
    )
    roles = forms.CharField(
        label="Roles",
        required=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 8, "data-suggest-lines": f"{_RUNS}/suggest-roles.json", "data-suggest-label": "Add a role"}
        ),
        help_text="One a line.",
    )
    places = forms.CharField(
        label="Places",
        required=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 8, "data-suggest-lines": f"{_RUNS}/suggest-places.json", "data-suggest-label": "Add a place"}
        ),
        help_text="One a line: a country, a state, a city, or Remote.",
    )
    max_age_days = forms.IntegerField(
        label="Posted within days",
        min_value=0,
        max_value=365,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="0 asks for jobs of today alone.",
    )
    per_role_limit = forms.IntegerField(
        label="Jobs a role",
        min_value=1,
        max_value=MAX_JOBS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="Over all places together. Each job that is returned costs a credit.",
    )
    confirmed = forms.BooleanField(
        label="Start it although it may cost more credits than are left",
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
        return _lines(self.cleaned_data["roles"], most=MAX_ROLES, are_several=names_several_roles)

    def clean_places(self) -> list[str]:
        return _lines(self.cleaned_data["places"], most=MAX_PLACES, are_several=names_several_places)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["email"].strip():
            cleaned["roles"] = self._roles_of_user(cleaned["email"])
        else:
            if not cleaned["roles"]:
                self.add_error("roles", "At least one role is needed.")
            if not cleaned["places"]:
                self.add_error("places", "At least one place is needed.")
        self.cost = len(cleaned.get("roles", ())) * cleaned["per_role_limit"]
        if not self.errors and self.left is not None and self.cost > self.left and not cleaned["confirmed"]:
            self.needs_confirmation = True
            self.add_error(
                "confirmed",
                f"It may cost {self.cost:,} credits, and {self.left:,} are left. It ends when they are spent.",
            )
        return cleaned

    def _roles_of_user(self, email: str) -> list[str]:
        user = find_user_by_email(email=email)
        goals = get_career_goals(user_id=str(user.pk)) if user is not None else None
        if user is None or goals is None:
            self.add_error("email", "No active user has that address.")
        elif not goals.roles:
            self.add_error("email", "The user aims at no role.")
        else:
            self.user_id = str(user.pk)
            return list(goals.roles)
        return []


def get_usual_collection() -> dict[str, Any]:
    """What the form begins with: the roles that users aim at, else the default ones."""
    roles = get_target_roles()[:MAX_ROLES] or DEFAULT_ROLES
    return {
        "roles": "\n".join(roles),
        "places": "\n".join(DEFAULT_PLACES),
        "max_age_days": DEFAULT_MAX_AGE_DAYS,
        "per_role_limit": DEFAULT_JOBS_PER_ROLE,
    }


def get_spendable_credits(*, now: datetime) -> int | None:
    """What is left of the month's budget and, as last asked, at TheirStack; None when neither bound is known."""
    state = database().source_states.find_one({"_id": THEIRSTACK}, {"credits_left": 1}) or {}
    bounds = (get_credits_left(budget=settings.THEIR_STACK_CREDIT_BUDGET, now=now), state.get("credits_left"))
    return min((bound for bound in bounds if bound is not None), default=None)


def _lines(text: str, *, most: int, are_several: Callable[[str], bool]) -> list[str]:
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > most:
        raise forms.ValidationError(f"At most {most} lines.")
    if any(len(line) > MAX_CHARACTERS for line in lines):
        raise forms.ValidationError(f"A line has at most {MAX_CHARACTERS} characters.")
    for line in lines:
        if ";" in line or are_several(line):
            raise forms.ValidationError(f"“{line}” looks like several: put each on a line of its own.")
    return lines
