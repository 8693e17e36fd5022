"""How near a posting's title is to a role somebody wants. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz

from career_navigator.role_keys import role_key

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


def title_similarity(*, title: str, role: str) -> int | None:
    """0 to 100; None where either has no words. "Senior Back-End Engineer (Remote)" is 100 of "Backend Developer"."""
    return _similarity(_words(title), _words(role))


def nearest_role(*, title: str, roles: Iterable[str]) -> tuple[int, str] | None:
    """The similarity to the role that is nearest, and that role; None where nothing is comparable.

    Of equally near roles the first by name, so that the order of the roles does not matter.
    """
    words = _words(title)
    found = [(-near, role) for role in roles if (near := _similarity(words, _words(role))) is not None]
    if not found:
        return None
    near, role = min(found)
    return -near, role


def _similarity(title: tuple[str, ...], role: tuple[str, ...]) -> int | None:
    if not title or not role:
        return None
    if f" {' '.join(role)} " in f" {' '.join(title)} ":
        return 100
    has, wanted = set(title), set(role)
    fits = {word: _best(word, has) for word in wanted}
    whole = sum(map(_weight, wanted))
    found = sum(_weight(word) * fit for word, fit in fits.items())
    others = sum(_weight(word) for word in has if _best(word, wanted) < _SAME_WORD)
    titled = sum(map(_weight, has))
    return (found * (100 * titled - _FOR_OTHER_WORDS * others)) // (100 * whole * titled)


def _best(word: str, others: set[str]) -> int:
    """How alike the word is to the most alike of the others, as far as they are one word."""
    if word in others:
        return 100
    # By whole points, in which no two machines differ.
    return max((int(fuzz.ratio(word, other, score_cutoff=_SAME_WORD)) for other in others), default=0)


def _weight(word: str) -> int:
    return _GENERAL_WEIGHT if word in _GENERAL else _WEIGHT


@lru_cache(maxsize=65_536)
def _words(title: str) -> tuple[str, ...]:
    key = role_key(title).split()
    words = [_SAME.get(word, word) for word in key if word not in _LEVELS] or key
    return tuple(" ".join(words).split())
