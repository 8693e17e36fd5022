"""The table of roles: canonical names, other names of the same role, near roles, and the titles that name a role. Pure.

Names are compared by their unified words (see `market.role_words`). A role that the table does not contain is its own
canonical role.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import ahocorasick

from market.role_words import build_title_text, list_source_words, unify_name
from market.roles import compute_title_similarity, get_display_role, normalize_role

_FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "roles.json"
# Title similarity (0 to 100) of a near role, for example of an SRE job to a DevOps engineer.
NEAR_SIMILARITY = 75
_MAX_CACHED_NAMES, _MAX_CACHED_MATCHERS = 65_536, 1_024
_ENGINEER_SUFFIX, _SOFTWARE_ENGINEER_SUFFIX = " engineer", " software engineer"
# A "network software engineer" writes software for networks, which is not the work of a network engineer.
_NON_SOFTWARE_FIELDS = frozenset(
    (
        *("chemical", "civil", "customer", "electrical", "field", "hardware", "industrial", "manufacturing"),
        *("mechanical", "network", "process", "product", "production", "quality", "sales", "solution"),
        *("structural", "support", "system", "test"),
    )
)
# Words that many roles share. Title searches use the other words of a role.
_COMMON_WORDS = frozenset(
    (
        *("administrator", "ai", "analyst", "and", "application", "architect", "cloud", "data", "designer"),
        *("developer", "engineer", "in", "it", "manager", "mobile", "of", "on", "product", "project", "scientist"),
        *("service", "software", "specialist", "system", "technical", "test", "web"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An entry of the table.

    `names` are synonyms of `name`. A title that contains one of them as a phrase names the role. `whole_names` are
    synonyms only as the whole title: "DevOps", but not "DevOps Recruiter". `near_roles` are canonical names of similar
    roles. A collection also searches for `searched_titles`, which name other roles. `external_ids` are written as
    `career_navigator.external_ids.ExternalId.parse` reads them.
    """

    name: str
    names: tuple[str, ...] = ()
    whole_names: tuple[str, ...] = ()
    near_roles: tuple[str, ...] = ()
    searched_titles: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The stored key of the role."""
        return normalize_role(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleMatch:
    """The similarity (0 to 100) of a title and a role.

    `is_partial` is true if the title names neither the role nor a near role, and has some of the role's words at most.
    """

    role: str
    similarity: int
    is_partial: bool


@dataclass(frozen=True, slots=True)
class _Matcher:
    """A search tree of phrases that finds all roles in one pass over a title."""

    roles: tuple[str, ...]
    tree: Any  # ahocorasick.Automaton, or None if no role has a word
    indexes_by_key: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class RoleTable:
    """The roles by canonical key, with caches for names, similarities and matchers."""

    roles: Mapping[str, Role]
    _keys: dict[str, str] = field(default_factory=dict, repr=False)
    _title_matches: dict[tuple[str, str], TitleMatch | None] = field(default_factory=dict, repr=False)
    _nearest: dict[tuple[str, tuple[str, ...]], TitleMatch | None] = field(default_factory=dict, repr=False)
    _matchers: dict[tuple[str, ...], _Matcher] = field(default_factory=dict, repr=False)

    @classmethod
    def from_roles(cls, roles: Iterable[Role]) -> "RoleTable":
        """Build a table. If several roles share a name, it belongs to the first one."""
        return cls(roles={role.key: role for role in roles})

    @cached_property
    def _key_by_name(self) -> dict[str, str]:
        keys: dict[str, str] = {}
        for key, role in self.roles.items():
            for name in (role.name, *role.names):
                keys.setdefault(normalize_role(name), key)
        for key, role in self.roles.items():
            for name in (role.name, *role.names):
                for phrase in _list_variants(unify_name(name)):
                    keys.setdefault(phrase, key)
        for key, role in self.roles.items():
            for name in role.whole_names:
                keys.setdefault(normalize_role(name), key)
                if " " in name.strip():
                    keys.setdefault(unify_name(name), key)
        return keys

    def canonicalize(self, role: str) -> str:
        """Return the canonical key of a role: "Sr. Back-End Engineer" -> "backend developer".

        The key of a text without words is empty. Canonicalizing a key again does not change it.
        """
        key = self._keys.get(role)
        if key is None:
            key = self._compute_key(role)
            if len(self._keys) >= _MAX_CACHED_NAMES:
                self._keys.clear()
            self._keys[role] = key
        return key

    def _compute_key(self, role: str) -> str:
        key, name = normalize_role(role), unify_name(role)
        found = self._key_by_name.get(key) or self._key_by_name.get(name)
        return found or normalize_role(_drop_software(name))

    def get(self, role: str) -> Role | None:
        """Return the entry of a role in any spelling, or None if the table does not contain it."""
        return self.roles.get(self.canonicalize(role))

    def get_display_name(self, role: str) -> str:
        """Return the canonical name of a role, in title case if the table does not contain the role."""
        entry = self.get(role)
        return entry.name if entry else get_display_role(self.canonicalize(role))

    def is_same(self, role: str, other: str) -> bool:
        """Return whether two names mean the same role. A text without words names no role."""
        key = self.canonicalize(role)
        return bool(key) and key == self.canonicalize(other)

    def list_near(self, role: str) -> list[str]:
        """Return the keys of near roles: those that the role's entry lists, then those whose entries list the role."""
        key, entry = self.canonicalize(role), self.get(role)
        listed = [self.canonicalize(name) for name in entry.near_roles] if entry else []
        listing = self._keys_by_near_role.get(key, ())
        return [near_key for near_key in dict.fromkeys((*listed, *listing)) if near_key != key]

    @cached_property
    def _keys_by_near_role(self) -> dict[str, list[str]]:
        keys: dict[str, list[str]] = {}
        for key, role in self.roles.items():
            for near in role.near_roles:
                keys.setdefault(self.canonicalize(near), []).append(key)
        return keys

    def names_role(self, *, title: str, role: str) -> bool:
        """Return whether a title names a role: it contains one of the role's names as whole, adjacent words.

        "Senior Back-End Engineer (Remote)" names "Backend Developer". "React Native Developer" does not name "React
        Developer". No title names a role without words.
        """
        return bool(self.find_named(title=title, roles=(role,)))

    def find_named(self, *, title: str, roles: Collection[str]) -> list[str]:
        """Return the roles that the title names, unchanged and in the order of `roles`."""
        matcher = self._get_matcher(tuple(roles))
        found = set(matcher.indexes_by_key.get(self.canonicalize(title), ()))
        if matcher.tree is not None:
            for _, indexes in matcher.tree.iter(build_title_text(title)):
                found.update(indexes)
        return [matcher.roles[index] for index in sorted(found)]

    def find_nearest(self, *, title: str, roles: Iterable[str]) -> TitleMatch | None:
        """Return the best match of the title with one of the roles, or None if no role is comparable.

        Ties go to the first role in alphabetical order, so the order of the roles does not matter.
        """
        key = (title, tuple(roles))
        if key not in self._nearest:
            if len(self._nearest) >= _MAX_CACHED_NAMES:
                self._nearest.clear()
            found = [match for role in key[1] if (match := self.match_title(title, role)) is not None]
            self._nearest[key] = min(
                found, key=lambda match: (-match.similarity, match.is_partial, match.role), default=None
            )
        return self._nearest[key]

    def compute_similarity(self, title: str, role: str) -> int | None:
        """Compute the similarity (0 to 100) of a title and a role, or None if either has no words.

        A title that names the role scores 100. A title that names a near role scores at least `NEAR_SIMILARITY`.
        """
        similarity, match = compute_title_similarity(title, role), self.match_title(title, role)
        if similarity is None or match is None or match.is_partial:
            return similarity
        return max(similarity, match.similarity)

    def match_title(self, title: str, role: str) -> TitleMatch | None:
        """Match a title with a role. Return None if either has no words.

        A title that only shares words with the role has at most `NEAR_SIMILARITY`.
        """
        if (title, role) not in self._title_matches:
            if len(self._title_matches) >= _MAX_CACHED_NAMES:
                self._title_matches.clear()
            self._title_matches[title, role] = self._match_title(title, role)
        return self._title_matches[title, role]

    def _match_title(self, title: str, role: str) -> TitleMatch | None:
        similarity = compute_title_similarity(title, role)
        if similarity is None:
            return None
        if self.names_role(title=title, role=role):
            return TitleMatch(role=role, similarity=100, is_partial=False)
        has_words = bool(similarity) and self._has_words(title=title, role=role)
        if has_words or self.find_named(title=title, roles=self.list_near(role)):
            return TitleMatch(role=role, similarity=NEAR_SIMILARITY, is_partial=False)
        return TitleMatch(role=role, similarity=min(similarity, NEAR_SIMILARITY), is_partial=True)

    def _has_words(self, *, title: str, role: str) -> bool:
        """Return whether a title contains all words of a role's name, not necessarily next to each other."""
        words = set(build_title_text(title).split())
        return any(words.issuperset(phrase.split()) for phrase in self.list_phrases(role))

    def _get_matcher(self, roles: tuple[str, ...]) -> _Matcher:
        matcher = self._matchers.get(roles)
        if matcher is None:
            if len(self._matchers) >= _MAX_CACHED_MATCHERS:
                self._matchers.clear()
            matcher = self._matchers[roles] = self._build_matcher(roles)
        return matcher

    def _build_matcher(self, roles: tuple[str, ...]) -> _Matcher:
        indexes_by_phrase: dict[str, list[int]] = {}
        indexes_by_key: dict[str, tuple[int, ...]] = {}
        for index, role in enumerate(roles):
            phrases = self.list_phrases(role)
            if phrases:
                key = self.canonicalize(role)
                indexes_by_key[key] = (*indexes_by_key.get(key, ()), index)
            for phrase in phrases:
                indexes_by_phrase.setdefault(f" {phrase} ", []).append(index)
        if not indexes_by_phrase:
            return _Matcher(roles, None, indexes_by_key)
        tree = ahocorasick.Automaton()
        for phrase, indexes in indexes_by_phrase.items():
            tree.add_word(phrase, tuple(indexes))
        tree.make_automaton()
        return _Matcher(roles, tree, indexes_by_key)

    def list_phrases(self, role: str) -> list[str]:
        """Return the unified phrases by which titles name a role."""
        entry = self.get(role)
        names = (entry.name, *entry.names) if entry else (self.canonicalize(role),)
        return sorted({phrase for name in names for phrase in _list_variants(unify_name(name)) if phrase})

    def list_search_words(self, role: str) -> list[str]:
        """Return words (see `normalize_words`) of which every title that names the role has at least one."""
        entry = self.get(role)
        phrases = [*self.list_phrases(role), *(unify_name(name) for name in (entry.whole_names if entry else ()))]
        rarest = {_sort_by_rarity(phrase)[0] for phrase in phrases if phrase}
        sources = {source for word in rarest for source in list_source_words(word)}
        return sorted(sources | {word for source in sources for word in normalize_role(source).split()})


def _sort_by_rarity(phrase: str) -> list[str]:
    return sorted(phrase.split(), key=lambda word: (word in _COMMON_WORDS, word == "engineer", -len(word), word))


def _drop_software(name: str) -> str:
    """Return "cobol engineer" for "cobol software engineer"."""
    field_name = name.removesuffix(_SOFTWARE_ENGINEER_SUFFIX)
    is_software = field_name != name and field_name.split()[-1] not in _NON_SOFTWARE_FIELDS
    return f"{field_name}{_ENGINEER_SUFFIX}" if is_software else name


def _list_variants(name: str) -> list[str]:
    """Return a unified name, and the name with "software engineer" if it ends in "engineer"."""
    field_name = name.removesuffix(_ENGINEER_SUFFIX)
    if field_name == name or not field_name or field_name.split()[-1] in {"software", *_NON_SOFTWARE_FIELDS}:
        return [name]
    return [name, field_name + _SOFTWARE_ENGINEER_SUFFIX]


@cache
def load_default_table() -> RoleTable:
    """Return the table of the seed file, which is used until the stored table has been seeded."""
    entries: list[dict[str, Any]] = json.loads(_FIXTURE.read_text(encoding="utf-8"))
    return RoleTable.from_roles(
        Role(name=entry["name"], **{name: tuple(entry[name]) for name in entry if name != "name"}) for entry in entries
    )
