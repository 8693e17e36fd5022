"""How near a posting's title is to a role somebody wants. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from skills.role_keys import role_key

# Words that tell a title's level, or nothing of the work.
_LEVEL_WORDS = (
    "senior sr junior jr lead principal staff mid midlevel level entry intern internship trainee graduate associate"
    " head chief i ii iii iv v 1 2 3 4 5 remote hybrid onsite m f d w x mf fm all genders contract freelance"
    " fulltime parttime permanent temporary a an and at for in of on or the to with"
)
_LEVELS = frozenset(_LEVEL_WORDS.split())
# What people call the same work.
_SAME = {
    "eng": "developer",
    "engineer": "developer",
    "engineering": "developer",
    "engineers": "developer",
    "programmer": "developer",
    "dev": "developer",
    "developers": "developer",
    "development": "developer",
    "mgr": "manager",
    "management": "manager",
    "admin": "administrator",
    "ml": "machine learning",
    "sre": "site reliability developer",
    "swe": "software developer",
    "js": "javascript",
}
# What half of all titles have in common, which therefore tells less than what stands beside it.
_GENERAL_WORDS = (
    "administrator analyst architect consultant coordinator designer developer director executive expert manager"
    " officer professional scientist software specialist technician"
)
_GENERAL = frozenset(_GENERAL_WORDS.split())
_GENERAL_WEIGHT, _WEIGHT = 1, 3
# Of 100: so alike are two spellings of one word ("analytic", "analytics"), and no two words.
_SAME_WORD = 88
# A title that has all of the role's words beside one another is the role, whatever stands around them. One that has
# them scattered loses up to this much, by what else it says.
_FOR_OTHER_WORDS = 15


@dataclass(frozen=True, slots=True)
class _Title:
    """A title or a role, read once: `whole` with its words for the level, the others, and the sum of their weights."""

    whole: str
    text: str
    words: frozenset[str]
    weight: int


def title_similarity(*, title: str, role: str) -> int | None:
    """0 to 100; None where either has no words. "Senior Back-End Engineer (Remote)" is 100 of "Backend Developer"."""
    return _similarity(title, role)


def nearest_role(*, title: str, roles: Iterable[str]) -> tuple[int, str] | None:
    """The similarity to the role that is nearest, and that role; None where nothing is comparable.

    Of equally near roles the first by name, so that the order of the roles does not matter.
    """
    found = [(-near, role) for role in roles if (near := _similarity(title, role)) is not None]
    if not found:
        return None
    near, role = min(found)
    return -near, role


# Adverts share their titles, and a person's roles meet thousands of them.
@lru_cache(maxsize=65_536)
def _similarity(of_title: str, of_role: str) -> int | None:
    title, role = _read(of_title), _read(of_role)
    if not title.words or not role.words:
        return None
    # A role may be all level: "Intern", "Chief of Staff".
    if role.text in title.text or role.whole in title.whole:
        return 100
    lacking, others = role.words - title.words, title.words - role.words
    found, strange = 100 * role.weight, title.weight - sum(_weight(word) for word in title.words & role.words)
    for word in lacking:
        fit, like = max(((_alike(word, other), other) for other in others), default=(0, ""))
        found -= (100 - fit) * _weight(word)
        strange -= _weight(like) if fit else 0
    strange = max(strange, 0)
    return found * (100 * title.weight - _FOR_OTHER_WORDS * strange) // (100 * role.weight * title.weight)


@lru_cache(maxsize=65_536)
def _alike(word: str, other: str) -> int:
    """0 to 100, as far as they are spellings of one word. By whole points, in which no two machines differ."""
    return int(fuzz.ratio(word, other, score_cutoff=_SAME_WORD))


def _weight(word: str) -> int:
    return _GENERAL_WEIGHT if word in _GENERAL else _WEIGHT


@lru_cache(maxsize=65_536)
def _read(title: str) -> _Title:
    key = role_key(title).split()
    text = " ".join(_SAME.get(word, word) for word in key if word not in _LEVELS) or " ".join(key)
    words = frozenset(text.split())
    return _Title(whole=f" {' '.join(key)} ", text=f" {text} ", words=words, weight=sum(map(_weight, words)))
