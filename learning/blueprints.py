"""Curated blueprints: what a role requires, in teaching order. Pure.

A blueprint has three tiers. Each tier is a list of entries such as `5. react | vue.js | angular: 80`: the stage, one or
more equivalent skills of which the learner needs one, and the hours to reach working knowledge.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from learning.ordering import find_prerequisites
from market.role_table import RoleTable

CATALOGUE = "blueprints"
MAX_STAGE, MAX_HOURS = 20, 400
# Minimum similarity (0 to 100) of a role's name and a blueprint's name for the blueprint to count as the nearest one.
# Names that share only their first word score 72, such as product engineer and product designer.
MIN_SIMILARITY = 80
_ENTRY = re.compile(r"\s*(?P<stage>\d{1,2})\s*\.\s+(?P<options>\S.*?)\s*:\s*(?P<hours>\d{1,3})\s*")


class InvalidBlueprint(ValueError):
    """An entry of a blueprint is malformed, repeats a skill, or is out of order."""


class Tier(StrEnum):
    """How much a role depends on a skill. The values are also the names of the fields that hold the entries."""

    CORE = "core"
    SPECIALISATION = "specialisation"
    NICE_TO_HAVE = "nice_to_have"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Equivalent skills, best default first, and the hours to reach working knowledge of one of them."""

    tier: Tier
    stage: int
    options: tuple[str, ...]
    hours: int

    def __str__(self) -> str:
        return f"{self.stage}. {' | '.join(self.options)}: {self.hours}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What a role requires, in teaching order.

    `names` are the role and the other roles that the blueprint fits. `never` lists skills of other trades, which are
    never added to the roadmap, no matter how many postings require them.
    """

    role: str
    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    never: frozenset[str]

    @property
    def skills(self) -> frozenset[str]:
        """All options of all entries."""
        return frozenset(option for entry in self.entries for option in entry.options)


def parse_entry(text: str, *, tier: Tier) -> Entry:
    """Parse an entry such as `5. react | vue.js | angular: 80`. Raises `InvalidBlueprint`."""
    match = _ENTRY.fullmatch(text)
    options = tuple(" ".join(option.split()).lower() for option in match["options"].split("|")) if match else ()
    if match is None or not all(options):
        raise InvalidBlueprint(f"{text!r} must have the form '5. react | vue.js: 80': stage, skills, hours.")
    stage, hours = int(match["stage"]), int(match["hours"])
    if not 1 <= stage <= MAX_STAGE:
        raise InvalidBlueprint(f"{text!r}: the stage must be between 1 and {MAX_STAGE}.")
    if not 1 <= hours <= MAX_HOURS:
        raise InvalidBlueprint(f"{text!r}: the hours must be between 1 and {MAX_HOURS}.")
    return Entry(tier=tier, stage=stage, options=options, hours=hours)


def parse_entries(tiers: Mapping[Tier, Iterable[str]]) -> tuple[Entry, ...]:
    """Parse the entries of all tiers.

    Raises:
        InvalidBlueprint: An entry is malformed, names a skill that another entry names, or has an earlier stage than
            the entry before it.
    """
    entries: list[Entry] = []
    seen: set[str] = set()
    for tier in Tier:
        for text in tiers.get(tier, ()):
            entry = parse_entry(text, tier=tier)
            for option in entry.options:
                if option in seen:
                    raise InvalidBlueprint(f"{text!r}: {option} occurs twice.")
                seen.add(option)
            if entries and entry.stage < entries[-1].stage:
                raise InvalidBlueprint(f"{text!r} comes after stage {entries[-1].stage}. List stages in order.")
            entries.append(entry)
    return tuple(entries)


def find_misplaced(entries: Sequence[Entry], *, prerequisites: Mapping[str, Collection[str]]) -> list[str]:
    """Describe the skills that are not in a later stage than their prerequisites in the blueprint.

    Only entries with a single option are checked. A roadmap moves a chosen option behind its prerequisites.
    """
    stages = {entry.options[0]: entry.stage for entry in entries if len(entry.options) == 1}
    return [
        f"{option} (stage {entry.stage}) builds on {need} (stage {stages[need]})"
        for entry in entries
        for option in entry.options
        if option in stages
        for need in sorted(find_prerequisites(option, prerequisites) & stages.keys() - {option})
        if stages[need] >= entry.stage
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBlueprint:
    """A blueprint, and whether it belongs to the role itself or to the nearest role."""

    blueprint: Blueprint
    is_exact: bool


class BlueprintCatalogue:
    """All blueprints by canonical role. Instances are immutable.

    `typical_hours` has the hours to learn each skill, as the median over the blueprints that name the skill.
    """

    def __init__(self, blueprints: Iterable[Blueprint], *, table: RoleTable) -> None:
        self._blueprints = tuple(blueprints)
        self._table = table
        self._by_key: dict[str, Blueprint] = {}
        # The role of a blueprint takes precedence over the other names of another blueprint.
        for names in (slice(0, 1), slice(1, None)):
            for blueprint in self._blueprints:
                for name in blueprint.names[names]:
                    self._by_key.setdefault(table.canonicalize(name), blueprint)

        self.typical_hours = _compute_typical_hours(self._blueprints)

    def __iter__(self) -> Iterator[Blueprint]:
        return iter(self._blueprints)

    def find(self, role: str) -> FoundBlueprint | None:
        """Return the blueprint of a role or, failing that, of the nearest role."""
        exact = self._by_key.get(self._table.canonicalize(role))
        if exact is not None:
            return FoundBlueprint(blueprint=exact, is_exact=True)
        nearest = self._find_nearest(role)
        return FoundBlueprint(blueprint=nearest, is_exact=False) if nearest else None

    def _find_nearest(self, role: str) -> Blueprint | None:
        """Return the blueprint of a role that the name contains, of a near role, or with the most similar name.

        These are tried in this order. If several roles are named or equally similar, the longest name wins.
        """
        roles_in_name = self._table.find_named(title=role, roles=tuple(self._by_key))
        if roles_in_name:
            return self._by_key[min(roles_in_name, key=lambda name: (-len(name), name))]
        near_role = next((name for name in self._table.list_near(role) if name in self._by_key), None)
        if near_role is not None:
            return self._by_key[near_role]
        ranked = [
            (-similarity, -len(name), name)
            for name in self._by_key
            if (similarity := self._table.compute_similarity(role, name)) is not None and similarity >= MIN_SIMILARITY
        ]
        return self._by_key[min(ranked)[2]] if ranked else None


def _compute_typical_hours(blueprints: Iterable[Blueprint]) -> dict[str, int]:
    hours: defaultdict[str, list[int]] = defaultdict(list)
    for blueprint in blueprints:
        for entry in blueprint.entries:
            for option in entry.options:
                hours[option].append(entry.hours)
    return {name: round(median(values)) for name, values in hours.items()}
