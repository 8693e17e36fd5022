"""Normalize the spelling of role names, and compute the similarity of titles and roles. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from career_navigator.plain_text import normalize_text

# A word of a role: letters and digits, including symbols within names (c++, c#, .net, node.js).
_WORD = re.compile(r"\.?\w+(?:[.']\w+)*[+#]*")

# Words with alternative spellings other than a hyphen. Keys use the spelling on the right.
_CANONICAL_SPELLINGS = {
    "back end": "backend",
    "cyber security": "cybersecurity",
    "dev ops": "devops",
    "front end": "frontend",
    "fullstack": "full stack",
    "ml ops": "mlops",
}
_ALTERNATIVE_SPELLINGS = re.compile(r"\b(?:" + "|".join(_CANONICAL_SPELLINGS) + r")\b")
# Words with capitalization that differs from title case.
_TITLE_WORDS = (
    "AI API AR AWS BI CRM CTO DataOps DBA dbt DevOps DevSecOps ERP ETL FinOps FPGA GCP GIS GPU GraphQL HPC HR iOS IoT"
    " IT JavaScript LLM macOS ML MLOps MySQL NLP NoSQL PHP PostgreSQL QA RPA SAP SDE SDET SEO SOC SQL SRE TypeScript"
    " UI UX VP VR WordPress XR .NET ASP.NET Node.js Next.js Vue.js"
)
_DISPLAY_WORDS = {word.casefold(): word for word in _TITLE_WORDS.split()}
_ABBREVIATIONS = {
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
_LOWERCASE_WORDS = frozenset({"a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"})
# Words for a level, or with no information about the work. They are ignored when titles are compared.
_LEVEL_WORDS = (
    "senior sr junior jr lead principal staff mid midlevel level entry intern internship trainee graduate associate"
    " head chief i ii iii iv v 1 2 3 4 5 remote hybrid onsite m f d w x mf fm all genders contract freelance"
    " fulltime parttime permanent temporary a an and at for in of on or the to with"
)
_LEVELS = frozenset(_LEVEL_WORDS.split())
# Synonyms in titles, mapped to the word that is compared.
_SYNONYMS = {
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
# Words that half of all titles share. They distinguish titles less than other words, so they weigh less.
_GENERAL_WORDS = (
    "administrator analyst architect consultant coordinator designer developer director executive expert manager"
    " officer professional scientist software specialist technician"
)
_GENERAL = frozenset(_GENERAL_WORDS.split())
_GENERAL_WEIGHT, _WEIGHT = 1, 3
# Minimum similarity (0 to 100) of two spellings of one word ("analytic", "analytics"). Different words are below it.
_MIN_WORD_SIMILARITY = 88
# A title with the role's words next to each other matches fully, whatever surrounds them. A title with the role's words
# scattered loses up to this many percent, in proportion to the weight of its other words.
_OTHER_WORD_FACTOR = 15


def _build_role_key(text: str) -> str:
    """Compute `normalize_role` without caching, for texts that rarely repeat, such as titles."""
    if not text.isascii():
        # Case folding can leave characters that compose differently, so normalize again afterwards.
        text = normalize_text("NFKC", normalize_text("NFKC", text).casefold())
    key = " ".join(_WORD.findall(text.casefold().replace("_", " ")))
    return _ALTERNATIVE_SPELLINGS.sub(lambda found: _CANONICAL_SPELLINGS[found[0]], key)


@lru_cache(maxsize=65_536)
def normalize_role(role: str) -> str:
    """Return the key of a role: "Full-Stack  Developer" and "fullstack developer" -> "full stack developer".

    The key of a text without words is empty.
    """
    return _build_role_key(role)


def get_display_role(role: str) -> str:
    """Return the role in title case: "full-stack developer" -> "Full Stack Developer", "ios" -> "iOS"."""
    words = normalize_role(role).split()
    return " ".join(
        _DISPLAY_WORDS.get(word) or (word if word in _LOWERCASE_WORDS and index else word[:1].upper() + word[1:])
        for index, word in enumerate(words)
    )


def expand_abbreviations(role: str) -> str:
    """Return the role's key with common abbreviations expanded: "ML Eng" -> "machine learning engineer"."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in normalize_role(role).split())


def title_names_role(*, title: str, role: str) -> bool:
    """Return whether the title contains the role's words, whole and next to each other.

    "Senior Back-End Developer (Remote)" names "backend developer". "React Native Developer" does not name
    "react developer". No title names a role without words.
    """
    return has_phrase(key=_build_role_key(title), phrase=normalize_role(role))


def has_phrase(*, key: str, phrase: str) -> bool:
    """Return whether a normalized key contains a normalized phrase as whole, adjacent words."""
    return bool(phrase) and f" {phrase} " in f" {key} "


@dataclass(frozen=True, slots=True)
class _Title:
    """A parsed title or role. `whole` includes level words, while `text`, `words` and `weight` do not."""

    whole: str
    text: str
    words: frozenset[str]
    weight: int


# Cached because many postings share a title, and a user's roles are compared with thousands of titles.
@lru_cache(maxsize=65_536)
def compute_title_similarity(title: str, role: str) -> int | None:
    """Compute the similarity (0 to 100) of a title and a role, or None if either has no words.

    "Senior Back-End Engineer (Remote)" has a similarity of 100 to "Backend Developer".
    """
    return _compute_similarity(_parse_title(title), _parse_title(role))


def _compute_similarity(title: "_Title", role: "_Title") -> int | None:
    if not title.words or not role.words:
        return None
    # `whole` covers roles that consist of level words: "Intern", "Chief of Staff".
    if role.text in title.text or role.whole in title.whole:
        return 100
    missing, extra = role.words - title.words, title.words - role.words
    matched, extra_weight = (
        100 * role.weight,
        title.weight - sum(_get_weight(word) for word in title.words & role.words),
    )
    for word in missing:
        similarity, closest = max(((_compute_word_similarity(word, other), other) for other in extra), default=(0, ""))
        matched -= (100 - similarity) * _get_weight(word)
        extra_weight -= _get_weight(closest) if similarity else 0
    extra_weight = max(extra_weight, 0)
    return matched * (100 * title.weight - _OTHER_WORD_FACTOR * extra_weight) // (100 * role.weight * title.weight)


@lru_cache(maxsize=65_536)
def _compute_word_similarity(word: str, other: str) -> int:
    """Return how similar two spellings of one word are (0 to 100), or 0 for different words.

    The result is an integer, so that it is the same on every machine.
    """
    return int(fuzz.ratio(word, other, score_cutoff=_MIN_WORD_SIMILARITY))


def _get_weight(word: str) -> int:
    return _GENERAL_WEIGHT if word in _GENERAL else _WEIGHT


@lru_cache(maxsize=65_536)
def _parse_title(title: str) -> _Title:
    key = _build_role_key(title).split()
    text = " ".join(_SYNONYMS.get(word, word) for word in key if word not in _LEVELS) or " ".join(key)
    words = frozenset(text.split())
    return _Title(whole=f" {' '.join(key)} ", text=f" {text} ", words=words, weight=sum(map(_get_weight, words)))
