"""The stored table of roles, which each process caches until the stored one changes."""

from career_navigator.cache.versioned import VersionedCache
from market.documents import ROLES, RoleDocument
from market.role_table import RoleTable, load_default_table

_cache: VersionedCache[RoleTable] = VersionedCache.of_catalogue(ROLES)


def get_role_table() -> RoleTable:
    """Return the table of roles, at most one second stale, or the seed file's until the table has been seeded."""
    return _cache.get(load=_load)


def _load() -> RoleTable:
    roles = [document.as_role() for document in RoleDocument.objects.order_by("id")]
    return RoleTable.from_roles(roles) if roles else load_default_table()


def canonicalize_role(role: str) -> str:
    """Return the canonical key of a role, under which its postings and stats are stored."""
    return get_role_table().canonicalize(role)
