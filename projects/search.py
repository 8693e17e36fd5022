"""Search project ideas by words, related words, skills and fields. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from career_navigator.plain_text import fold_accents, tokenize
from projects.ideas import Idea
from skills.vocabulary import TECHNOLOGY, Vocabulary

# Scores of a query term by the part of the idea that it matches. Only the best match of each term counts.
_NAMED_SKILL, _TITLE, _SKILL, _FIELD, _ROLE, _TEXT, _EXTENSION = 100, 60, 50, 40, 30, 25, 10
# Scores of a prefix match and of a related word, as percentages of the score of an exact match.
_PREFIX, _RELATED = 60, 40
_MIN_PREFIX_LENGTH = 2
# Ideas that match more terms come first. Terms with a score below this minimum are not counted.
_MIN_COUNTED = 20
_MAX_NAME_WORDS = 4

# Subcategories and categories of skills whose names describe the subject of a project.
_FIELDS = {
    "Web Frontend": ("web", "frontend"),
    "Web Backend": ("web", "backend"),
    "Mobile": ("mobile", "app"),
    "DevOps": ("devops",),
    "Security": ("security",),
    "Data Engineering": ("data", "engineering"),
    "Machine Learning": ("machine", "learning", "ai"),
    "Generative AI": ("generative", "ai"),
    "Analytics": ("analytics", "data"),
    "Testing": ("testing",),
    "Design": ("design",),
    "Blockchain": ("blockchain",),
    "Cloud Platforms": ("cloud",),
    "Databases": ("database",),
}

# Words with similar meanings in project searches. Each word also matches the other words of its group.
_RELATED_WORDS = (
    ("web", "website", "site", "browser"),
    ("app", "application", "mobile", "phone", "smartphone"),
    ("picture", "image", "photo", "camera", "vision"),
    ("shop", "ecommerce", "commerce", "marketplace", "checkout", "basket"),
    ("money", "finance", "financial", "bank", "banking", "budget", "payment", "accounting"),
    ("health", "healthcare", "medical", "medicine", "hospital", "clinic", "patient"),
    ("music", "song", "choir", "concert", "band"),
    ("game", "gaming", "quiz"),
    ("map", "geography", "geospatial", "location", "gps"),
    ("chat", "chatbot", "bot", "assistant", "conversation"),
    ("school", "education", "classroom", "pupil", "student", "teacher", "university"),
    ("travel", "trip", "tour", "tourism", "train", "flight", "hotel"),
    ("food", "recipe", "cooking", "kitchen", "restaurant", "bakery"),
    ("traffic", "transport", "bus", "tram", "vehicle", "car", "bicycle"),
    ("news", "newspaper", "journalism", "newsroom"),
    ("weather", "climate", "rain", "temperature"),
    ("energy", "electricity", "power", "grid"),
    ("dashboard", "chart", "visualization"),
    ("animal", "bird", "pet", "wildlife"),
    ("plant", "garden", "gardening", "allotment"),
    ("hardware", "sensor", "arduino", "microcontroller"),
    ("charity", "volunteer", "donation", "nonprofit"),
    ("ticket", "booking", "reservation"),
    ("message", "email", "mail", "newsletter"),
    ("hacking", "attack", "penetration", "intrusion"),
    ("speech", "voice", "audio", "sound"),
)

# Words that say nothing about the subject of a project.
_STOP_WORDS = frozenset(
    {
        *("a", "about", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "for", "from", "have"),
        *("how", "i", "idea", "ideas", "in", "into", "is", "it", "like", "make", "me", "my", "of", "on", "or"),
        *("our", "please", "project", "projects", "show", "simple", "small", "some", "something", "that"),
        *("the", "their", "them", "this", "to", "us", "want", "we", "what", "which", "with", "you", "your"),
    }
)
# Words that the stemmer would separate from their other forms ("bus", "warehouse"), or confuse with another word
# ("animation", "busy", "engine").
_STEMS = {
    "animal": "animal",
    "animals": "animal",
    "buses": "bus",
    "business": "business",
    "businesses": "business",
    "engineering": "engineer",
    "queued": "queue",
    "warehousing": "warehous",
}
# Only the plural of nouns such as "developer" and "generator" is removed. Their stems would match "development" and
# "generative".
_AGENT_NOUN = re.compile("(.{2,}[eo]r)s?")
# British spellings of "-ize", which the stemmer does not know.
_BRITISH_SUFFIX = re.compile("(?<=.{3})is(e|ed|es|ing|ations?)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    """A part of a query: the name of a skill, or a word.

    Attributes:
        skill: Canonical name, or "" for other words.
        stems: Alternatives, each of which matches a text that contains all its stems.
        related: Stems of related words, any of which matches.
        prefix: Word that may be unfinished, or "" for skills.
        only_in_title: Whether other texts are ignored. Names of technologies, such as Go, are also common words.
    """

    skill: str
    stems: tuple[frozenset[str], ...]
    related: frozenset[str]
    prefix: str = ""
    only_in_title: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _IndexedIdea:
    idea: Idea
    skills: frozenset[str]
    implied: frozenset[str]
    # Stems by the score of a match, highest score first, and the words that a prefix can complete.
    stems: tuple[tuple[int, frozenset[str]], ...]
    words: tuple[tuple[int, frozenset[str]], ...]


class IdeaIndex:
    """The ideas, indexed for searches. Instances are immutable."""

    def __init__(self, *, ideas: Iterable[Idea], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._entries = tuple(_build_entry(idea, vocabulary) for idea in ideas)

    def search(self, *, query: str, difficulty: str | None = None, skills: Collection[str] | None = None) -> list[Idea]:
        """Return the ideas that match at least one term of the query and all filters, most relevant first.

        A term is the name of a skill in any spelling, or another word. Ideas that match more terms come first, then
        ideas with better matches, then ideas with more of `skills`, then the lower id. A skill matches an idea that
        practices it or that practices a skill that implies it. A word matches in the title, skills, fields, roles,
        description, features, outcome and stretch goals, in any inflection, as the beginning of a word, or through a
        related word. The name of a technology is searched only in skills and titles.

        Args:
            query: Text that the user typed.
            difficulty: Required difficulty, or None for any.
            skills: Canonical names, or None for any. An idea must practice or imply at least one of them.
        """
        terms = _parse_query(query, self._vocabulary)
        required = frozenset(skills or ())
        ranked = []
        for entry in self._entries:
            if difficulty is not None and entry.idea.difficulty != difficulty:
                continue
            if skills is not None and not required & (entry.skills | entry.implied):
                continue
            scores = [score for term in terms if (score := _score_term(term, entry))]
            if scores:
                counted = sum(score >= _MIN_COUNTED for score in scores)
                rank = (-counted, -sum(scores), -len(required & entry.skills), entry.idea.id)
                ranked.append((rank, entry.idea))
        return [idea for _, idea in sorted(ranked, key=lambda item: item[0])]

    def explain_no_match(self, *, query: str, difficulty: str | None, skills: Sequence[str] | None) -> str:
        """Explain in one or two sentences why a search found nothing. `skills` are canonical names."""
        if not _parse_query(query, self._vocabulary):
            return "The query has no letters or digits. Search for a skill, a field such as web, or a subject."
        unfiltered_count = len(self.search(query=query))
        if not unfiltered_count:
            return (
                f'No project is about "{query}". Check the spelling, or search for a skill, a field such as web, or a'
                " subject."
            )
        all_found = f"{_describe_count(unfiltered_count)} found"
        if skills is not None and not skills:
            return f"None of the names in `skills` is a skill. Without `skills`, {all_found}."
        names = _join_alternatives([self._vocabulary.get_display_name(skill) for skill in skills or ()])
        if skills is not None and not any({*skills} & (entry.skills | entry.implied) for entry in self._entries):
            return f"No project practices {names}. Without `skills`, {all_found}."
        counts_without: Mapping[str, int] = {
            **({"skills": len(self.search(query=query, difficulty=difficulty))} if skills is not None else {}),
            **({"difficulty": len(self.search(query=query, skills=skills))} if difficulty is not None else {}),
        }
        level = f" {difficulty}" if difficulty is not None else ""
        practicing = f" that practices {names}" if skills is not None else ""
        hints = [f"without `{name}`, {_describe_count(count)} found" for name, count in counts_without.items() if count]
        hint = " and ".join(hints or [f"without both filters, {all_found}"])
        return f'No{level} project{practicing} is about "{query}". {hint[0].upper()}{hint[1:]}.'


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Reduce a lower-case English word to a stem that its inflections share. The stem may not be a word."""
    if word in _STEMS:
        return _STEMS[word]
    if noun := _AGENT_NOUN.fullmatch(word):
        return noun[1]
    # A stemmer is not thread-safe, and creating one takes less than a microsecond.
    stemmed: str = snowballstemmer.stemmer("english").stemWord(_BRITISH_SUFFIX.sub(r"iz\1", word))
    return stemmed


_RELATED_STEMS: Mapping[str, frozenset[str]] = {
    stem(word): frozenset(map(stem, group)) - {stem(word)} for group in _RELATED_WORDS for word in group
}


def _list_words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in tokenize(fold_accents(text.lower())))


def _list_stems(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(map(stem, _list_words(texts)))


def _build_entry(idea: Idea, vocabulary: Vocabulary) -> _IndexedIdea:
    implied = frozenset(name for skill in idea.skills for name in vocabulary.implied.get(skill, ())) - idea.skill_set
    fields = [*implied]
    for name in idea.skills:
        skill = vocabulary.get(name)
        if skill is not None:
            fields += [*_FIELDS.get(skill.subcategory, ()), *_FIELDS.get(skill.category, ())]
    parts = (
        (_TITLE, (idea.title,)),
        (_SKILL, idea.skills),
        (_FIELD, fields),
        (_ROLE, idea.roles),
        (_TEXT, (idea.description, *idea.features)),
        (_EXTENSION, (idea.outcome, *idea.stretch)),
    )
    return _IndexedIdea(
        idea=idea,
        skills=idea.skill_set,
        implied=implied,
        stems=tuple((score, _list_stems(texts)) for score, texts in parts),
        words=tuple((score, _list_words(texts)) for score, texts in parts if score in (_TITLE, _SKILL)),
    )


def _parse_query(query: str, vocabulary: Vocabulary) -> list[_Term]:
    """Split a query into the longest names of skills and the remaining words."""
    pieces = [piece for piece in re.split(r"[\s,;]+", query) if _list_words([piece])]
    terms: dict[_Term, None] = {}
    start = 0
    while start < len(pieces):
        for end in range(min(len(pieces), start + _MAX_NAME_WORDS), start, -1):
            name = vocabulary.get_canonical_name(" ".join(pieces[start:end]))
            if name is not None and (end - start > 1 or pieces[start].lower() not in _STOP_WORDS):
                terms[_build_skill_term(" ".join(pieces[start:end]), name, vocabulary)] = None
                start = end
                break
        else:
            for word in tokenize(fold_accents(pieces[start].lower())):
                root = stem(word)
                related = _RELATED_STEMS.get(root, frozenset())
                terms[_Term(skill="", stems=(frozenset({root}),), related=related, prefix=word)] = None
            start += 1
    meaningful_terms = [term for term in terms if term.skill or term.prefix not in _STOP_WORDS]
    return meaningful_terms or list(terms)


def _build_skill_term(spelling: str, name: str, vocabulary: Vocabulary) -> _Term:
    stems = tuple(dict.fromkeys((_list_stems([spelling]), _list_stems([name]))))
    # "e-commerce" is related to the same words as "ecommerce".
    joined = stem(spelling.lower().replace("-", ""))
    return _Term(
        skill=name,
        stems=stems,
        related=_RELATED_STEMS.get(joined, frozenset()),
        only_in_title=vocabulary.kinds[name] == TECHNOLOGY,
    )


def _score_term(term: _Term, entry: _IndexedIdea) -> int:
    """Return the score of the best match of a term in an idea, or 0 if it does not match."""
    if term.skill in entry.skills:
        return _NAMED_SKILL
    if term.skill in entry.implied:
        return _FIELD
    scores = [0]
    for score, stems in entry.stems[:1] if term.only_in_title else entry.stems:
        if any(alternative <= stems for alternative in term.stems):
            scores.append(score)
        elif score != _EXTENSION and term.related & stems:
            scores.append(score * _RELATED // 100)
    if len(term.prefix) >= _MIN_PREFIX_LENGTH:
        scores += [
            score * _PREFIX // 100
            for score, words in entry.words
            if any(word.startswith(term.prefix) for word in words)
        ]
    return max(scores)


def _join_alternatives(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _describe_count(number: int) -> str:
    return "1 project is" if number == 1 else f"{number} projects are"
