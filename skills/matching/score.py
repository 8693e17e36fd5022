"""How well a posting suits somebody: 0 to 100, from parts that can be compared. Pure, and the same for the same input.

A part without data is left out, and the rest weigh accordingly more. Everything is reckoned in whole numbers and
rounded down: no order of the input can change it, 100 means that nothing is wanting, and one more skill that the
posting asks for never lowers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from skills.matching.parts import SKILLS, MatchPart, compare_skills, place_part, salary_part, title_part, years_part
from skills.matching.sides import Opening, Seeker


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchScore:
    """`missing_skills` are required, those in `missing_nice_to_have` are not; each list by demand, then by name."""

    score: int
    parts: tuple[MatchPart, ...]
    matched_skills: tuple[str, ...]
    missing_skills: tuple[str, ...]
    missing_nice_to_have: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The sentences of all parts, and one where the heaviest is missing: the posting names no skills."""
        sentences = [part.sentence for part in self.parts]
        if self.parts[0].name != SKILLS:
            sentences.append("The posting names no skills, so none were compared.")
        return " ".join(sentences)


def score_match(*, seeker: Seeker, opening: Opening, demand: Mapping[str, float]) -> MatchScore | None:
    """The score with its parts, the heaviest first. None for an empty profile, and where nothing is comparable.

    `demand` is the share (0 to 1) of the role's postings that ask for each skill; one that is not there counts as
    asked for by none.
    """
    if seeker.is_empty:
        return None
    compared, of_skills = compare_skills(seeker=seeker, opening=opening, demand=demand)
    others = (part(seeker=seeker, opening=opening) for part in (title_part, years_part, place_part, salary_part))
    parts = tuple(part for part in (of_skills, *others) if part is not None)
    if not parts:
        return None
    return MatchScore(
        score=sum(part.weight * part.score for part in parts) // sum(part.weight for part in parts),
        parts=parts,
        matched_skills=compared.matched,
        missing_skills=compared.missing,
        missing_nice_to_have=compared.missing_nice_to_have,
    )
