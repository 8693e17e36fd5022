"""Compare the skills that a posting asks for with those that a resume names. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skills.vocabulary import Vocabulary

# A skill named in one of these sections was used there. Other sections only claim it.
EVIDENCE_SECTIONS = frozenset({"experience", "projects", "education"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """A skill of the posting, with the sections of the resume and the first line that name it.

    If another skill shows it, because that skill implies it, `through` is the other skill, and `found_in` and `quote`
    are about the other skill.
    """

    name: str
    display_name: str
    is_required: bool
    through: str | None = None
    found_in: tuple[str, ...] = ()
    quote: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordCheck:
    """The skills of a posting by whether the resume shows their use, only claims them, or lacks them.

    `coverage` is the share of required skills that the resume shows or claims, or None if the posting requires none.
    """

    coverage: float | None
    present: tuple[Keyword, ...]
    claimed_without_evidence: tuple[Keyword, ...]
    missing: tuple[Keyword, ...]


def check_keywords(
    *,
    posting_skills: Sequence[str],
    nice_to_have: Collection[str],
    resume_skills: Iterable[Mapping[str, Any]],
    vocabulary: Vocabulary,
) -> KeywordCheck:
    """Sort the skills of a posting, which are canonical names, by what the resume says about them.

    `resume_skills` are the stored skills of the resume, with the sections that name them.
    """
    named = {skill["name"]: skill for skill in resume_skills}
    evidenced = [name for name, skill in named.items() if EVIDENCE_SECTIONS.intersection(skill["found_in"])]
    shown, held = vocabulary.get_held_skills(evidenced), vocabulary.get_held_skills(named)
    present: list[Keyword] = []
    claimed: list[Keyword] = []
    missing: list[Keyword] = []
    for name in dict.fromkeys(posting_skills):
        source = shown if name in shown.names else held
        through = source.through.get(name)
        skill = named.get(through or name, {})
        keyword = Keyword(
            name=name,
            display_name=vocabulary.get_display_name(name),
            is_required=name not in nice_to_have,
            through=through,
            found_in=tuple(skill.get("found_in", ())),
            quote=skill.get("quote"),
        )
        (present if source is shown else claimed if name in held.names else missing).append(keyword)
    required = [keyword for keyword in (*present, *claimed, *missing) if keyword.is_required]
    lacking = sum(keyword.is_required for keyword in missing)
    return KeywordCheck(
        coverage=round(1 - lacking / len(required), 2) if required else None,
        present=tuple(present),
        claimed_without_evidence=tuple(claimed),
        missing=tuple(missing),
    )
