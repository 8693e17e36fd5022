"""Searching the vocabulary by the beginning of a name. Pure."""

from collections.abc import Callable

from skills.names import spelling_key
from skills.vocabulary import Skill, Vocabulary


def find_skills(
    *, vocabulary: Vocabulary, query: str = "", category: str | None = None, subcategory: str | None = None
) -> list[Skill]:
    """The skills of a category whose name, display name or an alias begins with the query, by name.

    The skill that the query spells in full comes first, then those whose name begins so, then those with such an alias.
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
    ranked.sort(key=lambda entry: entry[:2])
    return [skill for _, _, skill in ranked]


def _beginning(query: str) -> Callable[[str], bool]:
    """Whether a name begins with the query, spaces and marks aside: "node" and "node.j" begin "Node.js"."""
    key = spelling_key(query)
    if not key:
        # Only marks, or another script: compared as it is written.
        written = query.strip().casefold()
        return lambda name: name.casefold().startswith(written)
    return lambda name: spelling_key(name).startswith(key)
