"""Estimate the hours to learn a skill from its kind and the learner's other skills. Pure.

The hours are rules of thumb for reaching working knowledge of a skill. They apply if no blueprint states its hours.
"""

from collections.abc import Callable, Collection

from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary

_HOURS_BY_SUBCATEGORY = {
    ("Programming Languages", "General Purpose"): 80,
    ("Programming Languages", "Hardware"): 80,
    ("Programming Languages", "Programming Foundations"): 40,
    ("Programming Languages", "Query and Data"): 30,
    ("Programming Languages", "Shell and Scripting"): 20,
    ("Programming Languages", "Web"): 40,
    ("Frameworks/Libraries", "Mobile"): 50,
    ("Databases", "Practices"): 20,
    ("Cloud Platforms", "Practices"): 20,
    # Services of a cloud platform. The platforms themselves have separate hours.
    ("Cloud Platforms", "Amazon Web Services"): 8,
    ("Cloud Platforms", "Google Cloud"): 8,
    ("Cloud Platforms", "Microsoft Azure"): 8,
    ("Tools/Technologies", "Machine Learning"): 40,
    ("Tools/Technologies", "Data Engineering"): 30,
    ("Tools/Technologies", "Operating Systems"): 40,
    ("Tools/Technologies", "Networking and Infrastructure"): 30,
    ("Tools/Technologies", "Security"): 30,
    ("Tools/Technologies", "DevOps"): 25,
    ("Tools/Technologies", "Practices"): 10,
    ("Tools/Technologies", "Version Control"): 10,
}
_HOURS_BY_CATEGORY = {
    "Programming Languages": 60,
    "Frameworks/Libraries": 40,
    "Databases": 30,
    "Cloud Platforms": 30,
    "Tools/Technologies": 20,
    "Soft Skills": 10,
}
# Hours of skills whose category does not fit, such as whole platforms, fields of study and simple notations.
_HOURS_BY_SKILL = {
    "aws": 60,
    "azure": 60,
    "google cloud": 60,
    "kubernetes": 50,
    "machine learning": 80,
    "deep learning": 60,
    "computer science": 120,
    "distributed systems": 60,
    "mathematics": 80,
    "statistics": 60,
    "sap": 60,
    "css": 40,
    "html": 20,
    "json": 3,
    "markdown": 3,
    "regular expressions": 8,
    "xml": 5,
    "yaml": 3,
    "ios": 60,
    "android": 60,
    "jupyter": 5,
    "rbac": 4,
    "rstudio": 5,
    "sentry": 4,
    "storybook": 10,
    "tailwind css": 15,
}
# Fractions of a skill's hours that remain. A related skill shares most of the concepts. A skill that builds on this one
# covers nearly all of them.
_FRACTION_IF_RELATED = 0.6
_FRACTION_IF_IMPLIED = 0.25


def estimate_hours(
    *, skill: Skill, held: Collection[str], implied: Collection[str] = (), base: int | None = None
) -> int:
    """Estimate the hours left to learn the skill. `base` is the full number of hours, if a blueprint states it.

    Returns 0 if the skill is in `held`, a quarter of the full hours if it is in `implied` because a held skill builds
    on it, and 60% if a related skill is held.
    """
    if skill.name in held:
        return 0
    hours = (
        base
        or _HOURS_BY_SKILL.get(skill.name)
        or _HOURS_BY_SUBCATEGORY.get((skill.category, skill.subcategory), _HOURS_BY_CATEGORY[skill.category])
    )
    if skill.name in implied:
        return round(hours * _FRACTION_IF_IMPLIED)
    has_related = any(name in held for name in skill.related)
    return round(hours * _FRACTION_IF_RELATED) if has_related else hours


def build_hours_estimate(*, vocabulary: Vocabulary, held: Collection[str]) -> Callable[[str], int]:
    """Return a function that estimates the hours a person with these skills needs to learn a skill."""
    return lambda name: estimate_hours(skill=get_skill(name, vocabulary), held=held)


def get_skill(name: str, vocabulary: Vocabulary) -> Skill:
    """Return the skill, or a skill of the default category if the vocabulary lacks it."""
    return vocabulary.get(name) or Skill(name=name, display_name=name, category=DEFAULT_CATEGORY)
