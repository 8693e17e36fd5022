"""The sentences beside recommended projects, composed from what is shown: the same for the same projects. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from projects.ideas import Match


def recommend(
    *,
    shown: Sequence[Match],
    total: int,
    role: str | None,
    role_is_known: bool,
    demand: Mapping[str, float],
    names: Mapping[str, str],
) -> list[str]:
    """What follows from what is shown. `demand` is in percent of the role's postings, `names` are to show skills by."""
    sentences = []
    if role and not role_is_known:
        sentences.append(f"No project is made for {role} in particular, so these go by your skills alone.")
    if not shown:
        sentences.append("No project has all that you asked for; leave out a filter to see more.")
        return sentences
    sentences.append(_of_first(shown[0], names))
    ready = sum(not match.missing for match in shown)
    if len(shown) > 1:
        sentences.append(f"You hold every skill of {ready} of the {len(shown)} projects shown; {total} fit in all.")
    only_missing = Counter(match.missing[0] for match in shown if len(match.missing) == 1)
    if only_missing:
        skill, count = min(only_missing.items(), key=lambda item: (-item[1], -demand.get(item[0], 0.0), item[0]))
        projects = "project" if count == 1 else "projects"
        sentences.append(
            f"{names[skill]} is the one skill you lack for {count} {projects} shown{_asked(skill, demand, role)}."
        )
    return sentences


def _of_first(match: Match, names: Mapping[str, str]) -> str:
    title = match.idea.title
    if not match.missing:
        return f"Begin with {title}: you hold all it needs."
    if len(match.missing) == 1:
        return f"Begin with {title}: the only thing new in it is {names[match.missing[0]]}."
    listed = ", ".join(names[skill] for skill in match.missing[:-1])
    return f"Begin with {title}: new in it are {listed} and {names[match.missing[-1]]}."


def _asked(skill: str, demand: Mapping[str, float], role: str | None) -> str:
    share = demand.get(skill)
    return f"; {share} % of the postings for {role} ask for it" if share and role else ""
