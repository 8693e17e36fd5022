"""How long a skill takes to learn, to the point of using it at work. Pure.

These are rules of thumb for someone who knows what the skill builds on, not measurements: they make a plan's parts
comparable. A language takes weeks, a library days, a tool an evening or two.
"""

from collections.abc import Collection

from skills.vocabulary import Skill

_OF_SUBCATEGORY = {
    ("Programming Languages", "General Purpose"): 80,
    ("Programming Languages", "Hardware"): 80,
    ("Programming Languages", "Programming Foundations"): 40,
    ("Programming Languages", "Query and Data"): 30,
    ("Programming Languages", "Shell and Scripting"): 20,
    ("Programming Languages", "Web"): 40,
    ("Frameworks/Libraries", "Mobile"): 50,
    ("Databases", "Practices"): 20,
    ("Cloud Platforms", "Practices"): 20,
    ("Tools/Technologies", "Machine Learning"): 40,
    ("Tools/Technologies", "Data Engineering"): 30,
    ("Tools/Technologies", "Operating Systems"): 40,
    ("Tools/Technologies", "Networking and Infrastructure"): 30,
    ("Tools/Technologies", "Security"): 30,
    ("Tools/Technologies", "DevOps"): 25,
    ("Tools/Technologies", "Practices"): 10,
    ("Tools/Technologies", "Version Control"): 10,
}
_OF_CATEGORY = {
    "Programming Languages": 60,
    "Frameworks/Libraries": 40,
    "Databases": 30,
    "Cloud Platforms": 30,
    "Tools/Technologies": 20,
    "Soft Skills": 10,
}
# A whole platform rather than one of its services.
_OF_SKILL = {
    "aws": 60,
    "azure": 60,
    "google cloud": 60,
    "kubernetes": 50,
    "machine learning": 80,
    "deep learning": 60,
    # Fields of study, and notations that are learnt on the side.
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
    "rstudio": 5,
    "storybook": 10,
    "tailwind css": 15,
}
# Whoever knows a related skill has met most of the ideas; whoever holds what builds on a skill, nearly all of it.
_LEFT_WITH_RELATED = 0.6
_LEFT_WHERE_IMPLIED = 0.25


def estimate_hours(*, skill: Skill, held: Collection[str], implied: Collection[str] = ()) -> int:
    """Hours to learn the skill, 0 where it is held.

    A quarter remains where it is `implied`, as something that is held builds on it; six tenths where a related skill
    is held.
    """
    if skill.name in held:
        return 0
    base = _OF_SKILL.get(skill.name) or _OF_SUBCATEGORY.get(
        (skill.category, skill.subcategory), _OF_CATEGORY[skill.category]
    )
    if skill.name in implied:
        return round(base * _LEFT_WHERE_IMPLIED)
    related = any(name in held for name in skill.related)
    return round(base * _LEFT_WITH_RELATED) if related else base
