"""The sentences beside a roadmap, composed from its figures: the same for the same roadmap. Pure."""

from learning.paths import Basis, Roadmap, SkillPath

WINDOW_DAYS = 30
_MOST_NAMED = 3
# Below this a single advert adds its skills to the roadmap.
FEWEST_POSTINGS = 10


def recommend(*, roadmap: Roadmap) -> list[str]:
    """What follows from the roadmap, the most important first. Every number is one of the roadmap's."""
    sentences = _of_basis(roadmap)
    missing = roadmap.missing
    if roadmap.basis is Basis.POSTINGS and roadmap.paths:
        held = len(roadmap.paths) - len(missing)
        if roadmap.postings < FEWEST_POSTINGS:
            verb = "is" if roadmap.postings == 1 else "are"
            sentences.append(
                f"Only {format_count(roadmap.postings, 'posting')} of the last {WINDOW_DAYS} days {verb} for "
                f"{roadmap.target_role}: too few to rely on, so take the percentages as a first hint."
            )
        sentences.append(
            f"You hold {held or 'none'} of the {format_count(len(roadmap.paths), 'skill')} that at least a tenth of "
            f"the postings for {roadmap.target_role} asks for ({roadmap.coverage_percentage} %)."
        )
    to_learn = roadmap.to_learn
    if to_learn:
        sentences += _of_order(roadmap, to_learn)
        sentences.append(_describe_effort(roadmap, len(to_learn), len(missing)))
    if missing:
        sentences += _of_alternatives(roadmap)
    elif roadmap.paths and roadmap.basis is Basis.POSTINGS:
        sentences.append("You hold them all; a project that puts them to use shows it best.")
    return sentences


def _describe_effort(roadmap: Roadmap, to_learn: int, missing: int) -> str:
    hours = f"some {format_count(roadmap.estimated_hours, 'hour')}"
    if to_learn == missing:
        return f"The {format_count(missing, 'missing skill')} take{'s' if missing == 1 else ''} {hours}."
    spared = missing - to_learn
    return (
        f"Of the {format_count(missing, 'missing skill')} {to_learn:,} {'is' if to_learn == 1 else 'are'} to learn, in "
        f"{hours}; the other {'one has an alternative' if spared == 1 else f'{spared:,} have alternatives'}."
    )


def _of_basis(roadmap: Roadmap) -> list[str]:
    role = roadmap.target_role
    if roadmap.basis is Basis.NO_ROLE:
        opening = (
            "Your profile has no target role, so this roadmap goes by your own skills; add a role to see a market's."
        )
    elif roadmap.basis is Basis.NO_POSTINGS:
        opening = (
            f"No posting of the last {WINDOW_DAYS} days is for {role}, so this roadmap goes by your own skills and by "
            "what projects for that role practise."
        )
    elif roadmap.basis is Basis.OWN_SKILLS:
        opening = "This roadmap goes by your own skills, without the gap analysis."
    elif not roadmap.paths:
        postings = format_count(roadmap.postings, "posting")
        opening = f"Among the {postings} for {role}, no skill is asked for by a tenth or more."
    else:
        return []
    if not roadmap.paths and roadmap.basis is not Basis.POSTINGS:
        return [opening, "Add the skills you hold to your profile to begin with."]
    return [opening]


def _of_order(roadmap: Roadmap, missing: list[SkillPath]) -> list[str]:
    # Manners are not begun like a course: they are learnt along the way.
    first = next((path for path in missing if not path.is_soft), missing[0])
    learning = [path for path in missing if path.status == "learning"]
    if learning:
        return [f"Finish {_list([path.display_name for path in learning])} before you begin anything new."]
    if roadmap.basis is not Basis.POSTINGS:
        return [f"Begin with {first.display_name}."]
    top = max(missing, key=_priority)
    share = f"{first.priority_score} % of the postings ask for"
    ground = first.foundation_names[0] if first.foundations else None
    sentences = [
        f"Begin with {ground}, which {first.display_name} builds on; {share} {first.display_name}."
        if ground
        else f"Begin with {first.display_name}, which {share}."
    ]
    builders = [
        path.display_name
        for path in missing
        if first.skill in path.prerequisites and _priority(path) > _priority(first)
    ]
    if builders:
        sentences.append(f"{first.display_name} comes first because {_list(builders)} {_verb(builders)} on it.")
    if _priority(top) > _priority(first):
        sentences.append(
            f"{top.display_name} is what most postings ask for of all that you lack ({top.priority_score} %); it is in "
            f"stage {top.stage}."
        )
    pairs = [
        f"{_list(list(path.foundation_names))} before {path.display_name}"
        for path in missing
        if path.foundations and path is not first
    ]
    if pairs:
        sentences.append(f"Learn {_list(pairs[:_MOST_NAMED])}, though few postings name what comes first.")
    return sentences


def _of_alternatives(roadmap: Roadmap) -> list[str]:
    names = {path.skill: path.display_name for path in roadmap.paths}
    spared: dict[str, list[str]] = {}
    for path in roadmap.missing:
        if path.alternative is not None:
            spared.setdefault(names[path.alternative], []).append(path.display_name)
    if not spared:
        return []
    pairs = [f"{stand_in} stands in for {_list(others)}" for stand_in, others in spared.items()]
    return [f"{'; '.join(pairs)}. Learn more than one of a kind only where an advert asks for it."]


def _priority(path: SkillPath) -> float:
    return path.priority_score or 0.0


def _verb(names: list[str]) -> str:
    return "builds" if len(names) == 1 else "build"


def _list(names: list[str]) -> str:
    """Up to three names, and how many more there are."""
    named, more = names[:_MOST_NAMED], len(names) - _MOST_NAMED
    if more > 0:
        return f"{', '.join(named)} and {more} more"
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))


def format_count(number: int, noun: str) -> str:
    """The number with its noun: "1 hour", "2 hours"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
