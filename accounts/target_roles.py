"""Roles that a person aims at: kept as they were written, each once however it is written."""

from collections.abc import Iterable

from market.roles import normalize_role


def distinct_roles(roles: Iterable[str]) -> list[str]:
    """The roles in their order; of several ways to write one the first stands."""
    first: dict[str, str] = {}
    for role in roles:
        first.setdefault(normalize_role(role), role)
    return list(first.values())


def roles_added(*, before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    """Those of `after` that `before` has in no spelling."""
    known = {normalize_role(role) for role in before}
    return tuple(role for role in after if normalize_role(role) not in known)
