"""The skill vocabulary: which names, aliases and slugs mean one skill, how they are compared, and what kind it is."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from career_navigator.plain_text import make_plain

CATEGORIES = (
    "Programming Languages",
    "Frameworks/Libraries",
    "Databases",
    "Cloud Platforms",
    "Tools/Technologies",
    "Soft Skills",
)
# A folded name and a version after it: "java 11", "php 7 4", "vue 3 x"; without a space only after longer names.
_VERSIONED = re.compile(r"(.{2,}?) v?\d+(?: (?:\d+|x))*|([a-z]{4,})\d+")
# Where a skill goes that the vocabulary does not know: an unknown slug is nearly always a product.
DEFAULT_CATEGORY = "Tools/Technologies"
# Single bytes: letters to lower case, digits as they are, all else to a space. The first table spares `+`, `#`, `.`.
_LOWER, _FOLD = (
    bytes(
        ord(chr(code).lower()) if code < 128 and (chr(code).isalnum() or chr(code) in spared) else ord(" ")
        for code in range(256)
    )
    for spared in ("+#.", "")
)


def fold(text: str) -> str:
    """Return the text with names made comparable, character for character.

    "Node.js", "node-js" and "NODE/JS" all fold to "node js", while "C++", "C#" and ".NET" keep their marks.
    The result is as long as the text, so positions in it are positions in the text. Anything outside ASCII becomes
    a space; anyone who needs to tell a letter from a dash there asks the text.
    """
    # The "replace" handler writes exactly one "?" per character, and working on bytes is some fifty times faster
    # than str.translate on text with a single typographic quote in it. Looking for three rare marks and putting them
    # back is in turn ten times faster than one regular expression that drops all others.
    lower = text.encode("ascii", "replace").translate(_LOWER)
    folded = bytearray(lower.translate(_FOLD))
    for at in _places(lower, b".net"):
        if not lower[at + 4 : at + 5].isalnum():
            folded[at : at + 1] = b"."
    for at in _places(lower, b"++"):
        folded[at : at + 2] = b"++"
    for at in _places(lower, b"#"):
        if lower[at - 1 : at].isalpha():
            folded[at : at + 1] = b"#"
    return folded.decode("ascii")


def _places(text: bytes, mark: bytes) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)


def spelling_key(name: str) -> str:
    """Return the key under which all spellings of a name meet: folded, with single spaces."""
    return " ".join(fold(make_plain(name).text).split())


class InvalidSkill(ValueError):
    """An entry that cannot be a skill; the message names it and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One thing a person can know. `name` is canonical and in lower case; `slugs` are those of the job source.

    With `is_skill` false it is something adverts mention that nobody learns: a job board, an applicant-tracking system.
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

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Skill":
        """Read an entry of the seed file. Raises `InvalidSkill`."""
        name = entry.get("name")
        if not isinstance(name, str) or not spelling_key(name) or name != name.strip().lower():
            raise InvalidSkill(f"a skill needs a name in lower case, not {name!r}")
        category = entry.get("category", DEFAULT_CATEGORY)
        if category not in CATEGORIES:
            raise InvalidSkill(f"{name}: category {category!r} is none of {', '.join(CATEGORIES)}")
        lists: dict[str, tuple[str, ...]] = {}
        for field in ("aliases", "slugs", "prerequisites", "related"):
            values = entry.get(field, [])
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise InvalidSkill(f"{name}: {field} has to be a list of strings, not {values!r}")
            lists[field] = tuple(values)
        return cls(
            name=name,
            display_name=str(entry.get("display_name") or name),
            category=category,
            subcategory=str(entry.get("subcategory") or ""),
            is_skill=bool(entry.get("is_skill", True)),
            **lists,
        )

    def as_entry(self) -> dict[str, Any]:
        """Return the entry `from_entry` would read."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


class Vocabulary:
    """Looks names up. Built once from all skills and never changed afterwards.

    Where two skills claim a spelling, a canonical name wins over a display name, that over an alias, that over a slug;
    between equals the alphabetically first skill wins, so that a careless edit cannot make answers waver.
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
                    self._by_key.setdefault(spelling_key(spelling), skill)
        self._by_key.pop("", None)

    def __len__(self) -> int:
        return len(self._skills)

    def __iter__(self) -> Iterator[Skill]:
        """Iterate over all entries, by name; those that are no skills too."""
        return iter(self._skills.values())

    def get(self, name: str) -> Skill | None:
        """Return the entry that any spelling of a name or slug means, skill or not; None when unknown.

        A name that is only known without its version number counts as known: "Java 11", "symfony2", "Angular 2+".
        """
        # Most names are canonical already.
        if (named := self._skills.get(name)) is not None:
            return named
        key = spelling_key(name)
        found = self._by_key.get(key)
        if found is None and (versioned := _VERSIONED.fullmatch(key)):
            found = self._by_key.get(versioned[1] or versioned[2])
        return found

    def canonical(self, name: str) -> str | None:
        """Return the canonical name of the skill that a spelling means; None when it is unknown or no skill."""
        skill = self.get(name)
        return skill.name if skill is not None and skill.is_skill else None

    @cached_property
    def prerequisites(self) -> dict[str, tuple[str, ...]]:
        """What each entry builds on, in canonical names."""
        return {
            skill.name: tuple(
                dict.fromkeys(
                    name for need in skill.prerequisites if (name := self.canonical(need)) and name != skill.name
                )
            )
            for skill in self
        }

    def map_technology_slugs(self, slugs: Iterable[str]) -> list[str]:
        """Return the skills that a source's slugs mean, in their order, each once.

        A slug the vocabulary does not know becomes a readable name ("apache-nifi" -> "apache nifi"); one that is known
        not to be a skill is dropped.
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

    def unknown_slugs(self, slugs: Iterable[str]) -> list[str]:
        """Return the slugs that mean nothing here, as they were written, in their order, each once."""
        return list(dict.fromkeys(slug for slug in slugs if slug.strip() and self.get(slug) is None))

    def get_skill_categories(self, skills: Iterable[str]) -> dict[str, list[str]]:
        """Group skills by category: categories in the documented order, empty ones left out, skills as they come."""
        groups: dict[str, list[str]] = {category: [] for category in CATEGORIES}
        for skill in dict.fromkeys(skills):
            groups[self.category(skill)].append(skill)
        return {category: group for category, group in groups.items() if group}

    def category(self, name: str) -> str:
        """Return the category of a skill in any spelling; that of unknown ones is `DEFAULT_CATEGORY`."""
        skill = self.get(name)
        return skill.category if skill is not None else DEFAULT_CATEGORY

    def display_name(self, name: str) -> str:
        """Return how to show a skill ("postgresql" -> "PostgreSQL"); an unknown name is returned as it is."""
        skill = self.get(name)
        return skill.display_name if skill is not None else name


def find_skills(
    *, vocabulary: Vocabulary, query: str = "", category: str | None = None, subcategory: str | None = None
) -> list[Skill]:
    """The skills of a category whose name, display name or an alias has a word that begins with the query, by name.

    The skill that the query spells in full comes first, then those whose name begins so, then those with such an alias,
    last those where it begins a later word: "boot" finds "spring boot".
    """
    chosen = [
        skill
        for skill in vocabulary
        if skill.is_skill
        and category in (None, skill.category)
        and (subcategory is None or subcategory.casefold() == skill.subcategory.casefold())
    ]
    if not query.strip():
        return chosen
    ranked = []
    meant = vocabulary.get(query)
    begins = _beginning(query)
    for skill in chosen:
        if meant is skill:
            ranked.append((0, skill.name, skill))
        elif begins(skill.name) or begins(skill.display_name):
            ranked.append((1, skill.name, skill))
        elif any(begins(alias) for alias in skill.aliases):
            ranked.append((2, skill.name, skill))
        elif any(begins(rest) for name in (skill.name, skill.display_name, *skill.aliases) for rest in _later(name)):
            ranked.append((3, skill.name, skill))
    ranked.sort(key=lambda entry: entry[:2])
    return [skill for _, _, skill in ranked]


def _later(name: str) -> Iterator[str]:
    """The name from each of its later words on."""
    words = name.split()
    return (" ".join(words[start:]) for start in range(1, len(words)))


def _beginning(query: str) -> Callable[[str], bool]:
    """Whether a name begins with the query, spaces and marks aside: "node" and "node.j" begin "Node.js"."""
    key = spelling_key(query)
    if not key:
        # Only marks, or another script: compared as it is written.
        written = query.strip().casefold()
        return lambda name: name.casefold().startswith(written)
    return lambda name: spelling_key(name).startswith(key)
