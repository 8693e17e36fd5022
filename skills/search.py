"""Searching the vocabulary by the beginning of a name or of a word in it. Pure."""

from collections.abc import Callable, Iterator

from skills.names import spelling_key
from skills.vocabulary import Skill, Vocabulary


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
