"""Roles as people and adverts write them, compared without regard to case, spacing and hyphens."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ahocorasick

from skills.role_keys import role_key

# Words that a title does not write with one capital.
_TITLE_WORDS = (
    "AI API AR AWS BI CRM CTO DataOps DBA dbt DevOps DevSecOps ERP ETL FinOps FPGA GCP GIS GPU GraphQL HPC HR iOS IoT"
    " IT JavaScript LLM macOS ML MLOps MySQL NLP NoSQL PHP PostgreSQL QA RPA SAP SDE SDET SEO SOC SQL SRE TypeScript"
    " UI UX VP VR WordPress XR .NET ASP.NET Node.js Next.js Vue.js"
)
_WRITTEN = {word.casefold(): word for word in _TITLE_WORDS.split()}
_SHORT = {
    "ai": "artificial intelligence",
    "ba": "business analyst",
    "dba": "database administrator",
    "dev": "developer",
    "eng": "engineer",
    "fe": "frontend",
    "be": "backend",
    "mgr": "manager",
    "ml": "machine learning",
    "mle": "machine learning engineer",
    "pm": "product manager",
    "qa": "quality assurance",
    "sde": "software developer",
    "sre": "site reliability engineer",
    "swe": "software engineer",
    "sysadmin": "system administrator",
    "ux": "user experience",
    "ui": "user interface",
}
_SMALL = frozenset({"a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"})


@lru_cache(maxsize=65_536)
def normalize_role(role: str) -> str:
    """The role as a key: "Full-Stack  Developer" and "fullstack developer" -> "full stack developer".

    Empty for a text without words.
    """
    return role_key(role)


def display_role(role: str) -> str:
    """The role as a title is written: "full-stack developer" -> "Full Stack Developer", "ios" -> "iOS"."""
    words = normalize_role(role).split()
    return " ".join(
        _WRITTEN.get(word) or (word if word in _SMALL and place else word[:1].upper() + word[1:])
        for place, word in enumerate(words)
    )


def spell_out(role: str) -> str:
    """The role as a key, with its usual abbreviations written out: "ML Eng" -> "machine learning engineer"."""
    return " ".join(_SHORT.get(word, word) for word in normalize_role(role).split())


def title_names_role(*, title: str, role: str) -> bool:
    """Whether the title contains the role's words, whole and next to each other.

    "Senior Back-End Developer (Remote)" names "backend developer"; "React Native Developer" does not name
    "react developer". A role without words is named by no title.
    """
    wanted = normalize_role(role)
    return bool(wanted) and f" {wanted} " in f" {role_key(title)} "


def roles_named(*, title: str, roles: Collection[str]) -> list[str]:
    """Those of the roles that the title names, as they were given, in the order they were given.

    Fast for many titles over the same roles: their search tree is built once.
    """
    return _matcher(tuple(roles)).named_in(title)


@dataclass(frozen=True, slots=True)
class _Matcher:
    """Roles in one search tree: a title is read once, however many roles there are."""

    roles: tuple[str, ...]
    tree: Any  # ahocorasick.Automaton, or None where no role has a word

    def named_in(self, title: str) -> list[str]:
        if self.tree is None:
            return []
        found: set[int] = set()
        for _, positions in self.tree.iter(f" {role_key(title)} "):
            found.update(positions)
        return [self.roles[position] for position in sorted(found)]


@lru_cache(maxsize=64)
def _matcher(roles: tuple[str, ...]) -> _Matcher:
    positions: dict[str, list[int]] = {}
    for position, role in enumerate(roles):
        key = normalize_role(role)
        if key:
            positions.setdefault(f" {key} ", []).append(position)
    if not positions:
        return _Matcher(roles, None)
    tree = ahocorasick.Automaton()
    for phrase, places in positions.items():
        tree.add_word(phrase, tuple(places))
    tree.make_automaton()
    return _Matcher(roles, tree)
