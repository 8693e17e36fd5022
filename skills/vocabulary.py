"""The skill vocabulary: resolves names, aliases and slugs to skills and assigns skills to categories."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from career_navigator.external_ids import SKILL_SCHEMES, ExternalId, InvalidExternalId
from career_navigator.plain_text import make_plain

CATEGORIES = (
    "Programming Languages",
    "Frameworks/Libraries",
    "Databases",
    "Cloud Platforms",
    "Tools/Technologies",
    "Soft Skills",
)
TECHNOLOGY, FIELD, METHOD = "technology", "field", "method"
SOFT_SKILL, SPOKEN_LANGUAGE, CERTIFICATION = "soft_skill", "spoken_language", "certification"
KINDS = (TECHNOLOGY, FIELD, METHOD, SOFT_SKILL, SPOKEN_LANGUAGE, CERTIFICATION)
# A folded name followed by a version: "java 11", "php 7 4", "vue 3 x". The space can be missing only after a name of at
# least four letters.
_VERSIONED = re.compile(r"(.{2,}?) v?\d+(?: (?:\d+|x))*|([a-z]{4,})\d+")
# Category of skills that are not in the vocabulary. An unknown slug is nearly always a product.
DEFAULT_CATEGORY = "Tools/Technologies"
# Byte translation tables that lowercase letters, keep digits and replace everything else with a space. The first table
# also keeps `+`, `#` and `.`.
_LOWER, _FOLD = (
    bytes(
        ord(chr(code).lower()) if code < 128 and (chr(code).isalnum() or chr(code) in preserved) else ord(" ")
        for code in range(256)
    )
    for preserved in ("+#.", "")
)


def fold(text: str) -> str:
    """Fold case and punctuation so that different spellings of a name compare equal.

    "Node.js", "node-js" and "NODE/JS" all fold to "node js", while "C++", "C#" and ".NET" keep their symbols. The
    result has the same length as the text, so offsets into one are offsets into the other. Every non-ASCII character
    becomes a space. Callers that need to distinguish accented letters from dashes must inspect the original text.
    """
    # The "replace" handler writes exactly one "?" per character. Translating bytes is about fifty times faster than
    # str.translate on text that contains a single typographic quote. Restoring three rare symbols afterwards is another
    # ten times faster than one regular expression that removes all other symbols.
    lower = text.encode("ascii", "replace").translate(_LOWER)
    folded = bytearray(lower.translate(_FOLD))
    for offset in _find_all(lower, b".net"):
        if not lower[offset + 4 : offset + 5].isalnum():
            folded[offset : offset + 1] = b"."
    for offset in _find_all(lower, b"++"):
        folded[offset : offset + 2] = b"++"
    for offset in _find_all(lower, b"#"):
        if lower[offset - 1 : offset].isalpha():
            folded[offset : offset + 1] = b"#"
    return folded.decode("ascii")


def _find_all(text: bytes, symbol: bytes) -> Iterator[int]:
    offset = text.find(symbol)
    while offset >= 0:
        yield offset
        offset = text.find(symbol, offset + 1)


def get_spelling_key(name: str) -> str:
    """Return the lookup key shared by all spellings of a name: the folded name with single spaces."""
    return " ".join(fold(make_plain(name).text).split())


class InvalidSkill(ValueError):
    """Raised when a seed entry is not a valid skill. The message names the entry and the problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A vocabulary entry. `name` is canonical and in lower case. `slugs` are the technology slugs of the job source.

    `is_skill` is false for a term that postings mention but that is not a skill, such as a job board or an
    applicant-tracking system. A person who has the skill also has every skill in `implies`, and what those imply.
    `external_ids` are written as `career_navigator.external_ids.ExternalId.parse` reads them.
    """

    name: str
    display_name: str
    category: str
    subcategory: str = ""
    aliases: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    is_skill: bool = True
    kind: str = TECHNOLOGY
    implies: tuple[str, ...] = ()
    external_ids: tuple[str, ...] = ()

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Skill":
        """Build a skill from an entry of the seed file. Raises `InvalidSkill` if the entry is invalid."""
        name = entry.get("name")
        if not isinstance(name, str) or not get_spelling_key(name) or name != name.strip().lower():
            raise InvalidSkill(f"a skill's name must be in lower case and not empty, not {name!r}")
        category = entry.get("category", DEFAULT_CATEGORY)
        if category not in CATEGORIES:
            raise InvalidSkill(f"{name}: category must be one of {', '.join(CATEGORIES)}, not {category!r}")
        kind = entry.get("kind") or get_default_kind(category)
        if kind not in KINDS:
            raise InvalidSkill(f"{name}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
        lists: dict[str, tuple[str, ...]] = {}
        for field in ("aliases", "slugs", "prerequisites", "related", "implies", "external_ids"):
            values = entry.get(field, [])
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise InvalidSkill(f"{name}: {field} must be a list of strings, not {values!r}")
            lists[field] = tuple(values)
        try:
            for external_id in lists["external_ids"]:
                ExternalId.parse(external_id, schemes=SKILL_SCHEMES)
        except InvalidExternalId as error:
            raise InvalidSkill(f"{name}: {error}") from error
        return cls(
            name=name,
            display_name=str(entry.get("display_name") or name),
            category=category,
            subcategory=str(entry.get("subcategory") or ""),
            is_skill=bool(entry.get("is_skill", True)),
            kind=kind,
            **lists,
        )

    def as_entry(self) -> dict[str, Any]:
        """Return the skill as a seed entry. This is the inverse of `from_entry`."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def get_default_kind(category: str) -> str:
    """Return the kind of an entry that states none."""
    return SOFT_SKILL if category == "Soft Skills" else TECHNOLOGY


def find_cycle(references: Mapping[str, Iterable[str]], name: str) -> list[str]:
    """Return a path of references from the name back to itself, with the name at both ends, or an empty list."""
    paths, visited = [[name, reference] for reference in references.get(name, ())], {name}
    while paths:
        path = paths.pop()
        if path[-1] == name:
            return path
        if path[-1] not in visited:
            visited.add(path[-1])
            paths.extend([*path, reference] for reference in references.get(path[-1], ()))
    return []


@dataclass(frozen=True, kw_only=True)
class HeldSkills:
    """The canonical skills that a person has: `named` by the person, or implied by a named skill.

    `through` maps each implied skill to the named skill that implies it in the fewest steps. Ties go to the skill that
    the person named first.
    """

    named: tuple[str, ...]
    through: Mapping[str, str]

    @cached_property
    def names(self) -> frozenset[str]:
        """All skills that the person has."""
        return frozenset(self.named) | self.through.keys()


class Vocabulary:
    """An immutable lookup from the spellings of all skills to the skills.

    If two skills share a spelling, a canonical name takes precedence over a display name, a display name over an alias,
    and an alias over a slug. Ties go to the alphabetically first skill, so that the result is deterministic even after
    a careless edit.
    """

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills = {skill.name: skill for skill in sorted(skills, key=lambda skill: skill.name)}
        self._by_key: dict[str, Skill] = {}
        for spellings in (
            lambda skill: (skill.name,),
            lambda skill: (skill.display_name,),
            lambda skill: skill.aliases,
            lambda skill: skill.slugs,
        ):
            for skill in self._skills.values():
                for spelling in spellings(skill):
                    self._by_key.setdefault(get_spelling_key(spelling), skill)
        self._by_key.pop("", None)

    def __len__(self) -> int:
        return len(self._skills)

    def __iter__(self) -> Iterator[Skill]:
        """Iterate over all entries by name, including entries that are not skills."""
        return iter(self._skills.values())

    def get(self, name: str) -> Skill | None:
        """Return the entry with the given spelling, skill or not, or None if the spelling is unknown.

        A trailing version number is ignored if the full name is unknown: "Java 11", "symfony2", "Angular 2+".
        """
        # Fast path: most names are already canonical.
        if (named := self._skills.get(name)) is not None:
            return named
        key = get_spelling_key(name)
        found = self._by_key.get(key)
        if found is None and (versioned := _VERSIONED.fullmatch(key)):
            found = self._by_key.get(versioned[1] or versioned[2])
        return found

    def get_canonical_name(self, name: str) -> str | None:
        """Return the canonical name of the skill with this spelling, or None if it is unknown or not a skill."""
        skill = self.get(name)
        return skill.name if skill is not None and skill.is_skill else None

    @cached_property
    def prerequisites(self) -> dict[str, tuple[str, ...]]:
        """The canonical names of each entry's prerequisites, by entry name."""
        return {
            skill.name: tuple(
                dict.fromkeys(
                    name
                    for prerequisite in skill.prerequisites
                    if (name := self.get_canonical_name(prerequisite)) and name != skill.name
                )
            )
            for skill in self
        }

    @cached_property
    def implied(self) -> dict[str, dict[str, int]]:
        """The skills that each skill implies, directly or not, with the number of steps, nearest first.

        Names that are unknown or not skills are ignored. Skills that imply one another, which only a mistake in two
        separate edits can bring about, are equivalent.
        """
        direct = {
            skill.name: [name for spelling in skill.implies if (name := self.get_canonical_name(spelling))]
            for skill in self
            if skill.is_skill and skill.implies
        }
        implied = {}
        for start in direct:
            steps, frontier = {start: 0}, [start]
            while frontier:
                reached = dict.fromkeys(
                    name for holder in frontier for name in direct.get(holder, ()) if name not in steps
                )
                distance = steps[frontier[0]] + 1
                steps |= dict.fromkeys(reached, distance)
                frontier = list(reached)
            del steps[start]
            implied[start] = steps
        return implied

    def get_held_skills(self, names: Iterable[str]) -> HeldSkills:
        """Return what a person who names these skills or slugs has, including what the skills imply."""
        named = self.map_technology_slugs(names)
        nearest: dict[str, tuple[int, str]] = {}
        directly_held = set(named)
        for holder in named:
            for name, steps in self.implied.get(holder, {}).items():
                if name not in directly_held and (name not in nearest or steps < nearest[name][0]):
                    nearest[name] = (steps, holder)
        return HeldSkills(named=tuple(named), through={name: holder for name, (_, holder) in nearest.items()})

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each entry, by name. A skill that the vocabulary lacks is a technology."""
        return {skill.name: skill.kind for skill in self}

    def map_technology_slugs(self, slugs: Iterable[str]) -> list[str]:
        """Map a job source's slugs to skill names, in order and without duplicates.

        An unknown slug becomes a readable name ("apache-nifi" -> "apache nifi"). A slug that is known not to be a skill
        is dropped.
        """
        skills: dict[str, None] = {}
        for slug in slugs:
            entry = self.get(slug)
            if entry is None:
                readable = " ".join(slug.lower().replace("-", " ").replace("_", " ").split())
                if readable:
                    skills[readable] = None
            elif entry.is_skill:
                skills[entry.name] = None
        return list(skills)

    def list_unknown_slugs(self, slugs: Iterable[str]) -> list[str]:
        """Return the slugs that are not in the vocabulary, in order and without duplicates."""
        return list(dict.fromkeys(slug for slug in slugs if slug.strip() and self.get(slug) is None))

    def get_skill_categories(self, skills: Iterable[str]) -> dict[str, list[str]]:
        """Group skills by category, in the order of `CATEGORIES`, without empty categories.

        Within a category, skills keep their order.
        """
        groups: dict[str, list[str]] = {category: [] for category in CATEGORIES}
        for skill in dict.fromkeys(skills):
            groups[self.get_category(skill)].append(skill)
        return {category: group for category, group in groups.items() if group}

    def get_category(self, name: str) -> str:
        """Return the category of a skill in any spelling, or `DEFAULT_CATEGORY` if the skill is unknown."""
        skill = self.get(name)
        return skill.category if skill is not None else DEFAULT_CATEGORY

    def get_display_name(self, name: str) -> str:
        """Return a skill's display name ("postgresql" -> "PostgreSQL"), or `name` if the skill is unknown."""
        skill = self.get(name)
        return skill.display_name if skill is not None else name


def find_skills(
    *,
    vocabulary: Vocabulary,
    query: str = "",
    category: str | None = None,
    subcategory: str | None = None,
    kind: str | None = None,
) -> list[Skill]:
    """Return the skills that match the query, the category, the subcategory and the kind.

    A skill matches if its name, its display name or one of its aliases has a word that begins with the query. Results
    are in this order, and by name within each group: the skill that the query spells in full, skills whose name begins
    with the query, skills with an alias that begins with the query, and skills where a later word begins with the
    query ("boot" finds "spring boot").
    """
    candidates = [
        skill
        for skill in vocabulary
        if skill.is_skill
        and category in (None, skill.category)
        and kind in (None, skill.kind)
        and (subcategory is None or subcategory.casefold() == skill.subcategory.casefold())
    ]
    if not query.strip():
        return candidates
    ranked = []
    exact_match = vocabulary.get(query)
    matches = _build_prefix_test(query)
    for skill in candidates:
        names = (skill.name, skill.display_name, *skill.aliases)
        if skill is exact_match:
            ranked.append((0, skill.name, skill))
        elif matches(skill.name) or matches(skill.display_name):
            ranked.append((1, skill.name, skill))
        elif any(matches(alias) for alias in skill.aliases):
            ranked.append((2, skill.name, skill))
        elif any(matches(suffix) for name in names for suffix in _iterate_suffixes(name)):
            ranked.append((3, skill.name, skill))
    ranked.sort(key=lambda entry: entry[:2])
    return [skill for _, _, skill in ranked]


def _iterate_suffixes(name: str) -> Iterator[str]:
    """Yield the parts of the name that start at the second word, the third word, and so on."""
    words = name.split()
    return (" ".join(words[start:]) for start in range(1, len(words)))


def _build_prefix_test(query: str) -> Callable[[str], bool]:
    """Return a test for names that begin with the query, in any spelling: "node.j" is a prefix of "Node.js"."""
    key = get_spelling_key(query)
    if not key:
        # The query consists of punctuation or of another script, so there is no key to compare.
        prefix = query.strip().casefold()
        return lambda name: name.casefold().startswith(prefix)
    return lambda name: get_spelling_key(name).startswith(key)
