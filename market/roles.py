"""Roles as people and adverts write them: compared without case, spacing and hyphens, and how near a title is."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ahocorasick
from rapidfuzz import fuzz

from career_navigator.plain_text import normalize_text

# A word of a role: letters and digits with the signs that are part of a name (c++, c#, .net, node.js).
_WORD = re.compile(r"\.?\w+(?:[.']\w+)*[+#]*")

# Words that people write in two ways besides the hyphen. A key has the form on the right.
_ONE_SPELLING = {
    "back end": "backend",
    "cyber security": "cybersecurity",
    "dev ops": "devops",
    "front end": "frontend",
    "fullstack": "full stack",
    "ml ops": "mlops",
}
_ALTERNATIVE_SPELLINGS = re.compile(r"\b(?:" + "|".join(_ONE_SPELLING) + r")\b")
# Words that a title does not write with one capital.
_TITLE_WORDS = (
    "AI API AR AWS BI CRM CTO DataOps DBA dbt DevOps DevSecOps ERP ETL FinOps FPGA GCP GIS GPU GraphQL HPC HR iOS IoT"
    " IT JavaScript LLM macOS ML MLOps MySQL NLP NoSQL PHP PostgreSQL QA RPA SAP SDE SDET SEO SOC SQL SRE TypeScript"
    " UI UX VP VR WordPress XR .NET ASP.NET Node.js Next.js Vue.js"
)
_WRITTEN = {word.casefold(): word for word in _TITLE_WORDS.split()}
_SHORT = {
    "ai": "artificial intelligence",
    "ba": "business analyst",
    "dba": "database administrator",
    "dev": "developer",
    "eng": "engineer",
    "fe": "frontend",
    "be": "backend",
    "mgr": "manager",
    "ml": "machine learning",
    "mle": "machine learning engineer",
    "pm": "product manager",
    "qa": "quality assurance",
    "sde": "software developer",
    "sre": "site reliability engineer",
    "swe": "software engineer",
    "sysadmin": "system administrator",
    "ux": "user experience",
    "ui": "user interface",
}
_SMALL = frozenset({"a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"})
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
# What half of all titles have in common, which therefore tells less than the other words.
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
_OTHER_WORD_FACTOR = 15


def _role_key(text: str) -> str:
    """Return `normalize_role` of a text that is not read again, such as a posting's title."""
    if not text.isascii():
        # Folding can leave characters that compose again: fold until nothing changes any more.
        text = normalize_text("NFKC", normalize_text("NFKC", text).casefold())
    key = " ".join(_WORD.findall(text.casefold().replace("_", " ")))
    return _ALTERNATIVE_SPELLINGS.sub(lambda found: _ONE_SPELLING[found[0]], key)


@lru_cache(maxsize=65_536)
def normalize_role(role: str) -> str:
    """Return the role as a key: "Full-Stack  Developer" and "fullstack developer" -> "full stack developer".

    Empty for a text without words.
    """
    return _role_key(role)


def get_display_role(role: str) -> str:
    """The role as a title is written: "full-stack developer" -> "Full Stack Developer", "ios" -> "iOS"."""
    words = normalize_role(role).split()
    return " ".join(
        _WRITTEN.get(word) or (word if word in _SMALL and place else word[:1].upper() + word[1:])
        for place, word in enumerate(words)
    )


def spell_out(role: str) -> str:
    """The role as a key, with its usual abbreviations written out: "ML Eng" -> "machine learning engineer"."""
    return " ".join(_SHORT.get(word, word) for word in normalize_role(role).split())


def title_names_role(*, title: str, role: str) -> bool:
    """Whether the title contains the role's words, whole and next to each other.

    "Senior Back-End Developer (Remote)" names "backend developer"; "React Native Developer" does not name
    "react developer". A role without words is named by no title.
    """
    return has_phrase(key=_role_key(title), phrase=normalize_role(role))


def has_phrase(*, key: str, phrase: str) -> bool:
    """Whether the words of the (normalized) phrase stand whole and next to each other in the (normalized) key."""
    return bool(phrase) and f" {phrase} " in f" {key} "


def find_named_roles(*, title: str, roles: Collection[str]) -> list[str]:
    """Those of the roles that the title names, as they were given, in the order they were given.

    Fast for many titles over the same roles: their search tree is built once.
    """
    return _matcher(tuple(roles)).named_in(title)


@dataclass(frozen=True, slots=True)
class _Matcher:
    """Roles in one search tree: a title is read once, however many roles there are."""

    roles: tuple[str, ...]
    tree: Any  # ahocorasick.Automaton, or None where no role has a word

    def named_in(self, title: str) -> list[str]:
        if self.tree is None:
            return []
        found: set[int] = set()
        for _, positions in self.tree.iter(f" {_role_key(title)} "):
            found.update(positions)
        return [self.roles[position] for position in sorted(found)]


@lru_cache(maxsize=64)
def _matcher(roles: tuple[str, ...]) -> _Matcher:
    positions: dict[str, list[int]] = {}
    for position, role in enumerate(roles):
        key = normalize_role(role)
        if key:
            positions.setdefault(f" {key} ", []).append(position)
    if not positions:
        return _Matcher(roles, None)
    tree = ahocorasick.Automaton()
    for phrase, places in positions.items():
        tree.add_word(phrase, tuple(places))
    tree.make_automaton()
    return _Matcher(roles, tree)


@dataclass(frozen=True, slots=True)
class _Title:
    """A title or a role, read once: `whole` with its words for the level, the others, and the sum of their weights."""

    whole: str
    text: str
    words: frozenset[str]
    weight: int


def find_nearest_role(*, title: str, roles: Iterable[str]) -> tuple[int, str] | None:
    """The similarity to the role that is nearest, and that role; None where nothing is comparable.

    Of equally near roles the first by name, so that the order of the roles does not matter.
    """
    found = [(-near, role) for role in roles if (near := compute_title_similarity(title, role)) is not None]
    if not found:
        return None
    near, role = min(found)
    return -near, role


# Adverts share their titles, and a person's roles meet thousands of them.
@lru_cache(maxsize=65_536)
def compute_title_similarity(title: str, role: str) -> int | None:
    """0 to 100; None where either has no words. "Senior Back-End Engineer (Remote)" is 100 of "Backend Developer"."""
    return _similarity(_read(title), _read(role))


def _similarity(title: "_Title", role: "_Title") -> int | None:
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
    return found * (100 * title.weight - _OTHER_WORD_FACTOR * strange) // (100 * role.weight * title.weight)


@lru_cache(maxsize=65_536)
def _alike(word: str, other: str) -> int:
    """0 to 100, as far as they are spellings of one word. By whole points, in which no two machines differ."""
    return int(fuzz.ratio(word, other, score_cutoff=_SAME_WORD))


def _weight(word: str) -> int:
    return _GENERAL_WEIGHT if word in _GENERAL else _WEIGHT


@lru_cache(maxsize=65_536)
def _read(title: str) -> _Title:
    key = _role_key(title).split()
    text = " ".join(_SAME.get(word, word) for word in key if word not in _LEVELS) or " ".join(key)
    words = frozenset(text.split())
    return _Title(whole=f" {' '.join(key)} ", text=f" {text} ", words=words, weight=sum(map(_weight, words)))
