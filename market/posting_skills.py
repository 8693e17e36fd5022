"""Extract skills and required experience from postings.

Skills come from the source's slugs. If the slugs contain no known skill, skills are extracted from the parts of the
text that describe the job and not the employer (see `market.sections`).
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from career_navigator.plain_text import make_plain
from market.employer_words import Sentence, find_repeated_sentences, record_sentences
from market.posting import build_company_key, normalize_words
from market.requirement_parsing import RequirementSpans, parse_required_years, parse_requirements, select_nice_to_have
from market.sections import Sections, TextSpan, hash_sentence, is_request, parse_sections
from skills.extraction import SkillSpan, is_within
from skills.selectors import get_extractor, get_vocabulary
from skills.vocabulary import Vocabulary

_LEGAL_FORM = re.compile(r",? (?:inc|llc|ltd|limited|corp|corporation|gmbh|ag|se|sa|bv|plc|pbc)\.?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingSkills:
    """The skills and years of experience that a posting requires, and its optional skills.

    `skills` are canonical names and include `nice_to_have`. `source` says where they come from: `slugs` or `text`.
    """

    skills: list[str]
    source: str
    nice_to_have: list[str]
    years_asked: float | None

    def as_fields(self) -> dict[str, Any]:
        """Return the posting's stored fields. Fields that are None are not stored."""
        return {
            "skills": self.skills,
            "skills_source": self.source,
            "nice_to_have": self.nice_to_have or None,
            "years_asked": self.years_asked,
        }


class PostingText:
    """The text of a posting. Parsed parts are cached because several extractions use them."""

    def __init__(self, *, title: str, description: str | None, company: str = "") -> None:
        self.company = company
        self.title = make_plain(title).text
        self.text = f"{self.title}\n{make_plain(description or '').text}"

    @cached_property
    def requirements(self) -> RequirementSpans:
        """The spans of required and nice-to-have skills."""
        return parse_requirements(self.text)

    @cached_property
    def _sections(self) -> Sections:
        return parse_sections(self.text, start=len(self.title) + 1)

    @cached_property
    def _skill_spans(self) -> list[SkillSpan]:
        """The mentions of skills outside the text in which the employer describes itself and its own product."""
        spans = get_extractor().find_spans(self.text, title_length=len(self.title))
        product = get_vocabulary().get_canonical_name(_LEGAL_FORM.sub("", self.company))
        return [
            span
            for span in spans
            if not is_within(self._sections.excluded, span.start)
            and (span.skill != product or is_request(self.text, span.start))
        ]

    @cached_property
    def _repeatable_spans(self) -> dict[str, list[TextSpan]]:
        """The sentences that mention a skill and describe the employer if its other postings repeat them, by hash."""
        spans_by_hash: dict[str, list[TextSpan]] = {}
        starts = [span.start for span in self._skill_spans]
        for start, end in self._sections.repeatable:
            index = bisect_left(starts, start)
            if index < len(starts) and starts[index] < end:
                spans_by_hash.setdefault(hash_sentence(self.text[start:end]), []).append((start, end))
        return spans_by_hash

    def list_repeatable_sentences(self) -> list[str]:
        """Return the hashes of the sentences that other postings of the employer may repeat."""
        return list(self._repeatable_spans)

    def extract_skills(self, *, slug_skills: list[str], employer_sentences: Collection[str]) -> PostingSkills:
        """Extract skills and required experience.

        `slug_skills` are the canonical skills of the source's slugs. `employer_sentences` are the hashes of the
        sentences in which the employer describes itself.
        """
        skills, source = slug_skills, "slugs"
        if skills:
            nice_to_have = self._select_nice_to_have(skills) if self.requirements.nice else []
        else:
            # There are no slugs, or only slugs of a job board or an applicant tracking system.
            spans, source = self._list_spans_outside(employer_sentences), "text"
            skills = list(dict.fromkeys(span.skill for span in spans))
            nice_to_have = select_nice_to_have(
                skills=skills,
                nice_skills=(span.skill for span in spans if is_within(self.requirements.nice, span.start)),
                get_must_skills=lambda: (
                    span.skill
                    for span in spans
                    if span.start < len(self.title) or is_within(self.requirements.must, span.start)
                ),
            )
        return PostingSkills(
            skills=skills,
            source=source,
            nice_to_have=nice_to_have,
            years_asked=parse_required_years(self.text, requirements=self.requirements),
        )

    def _list_spans_outside(self, employer_sentences: Collection[str]) -> list[SkillSpan]:
        excluded = sorted(
            span for key in self._repeatable_spans if key in employer_sentences for span in self._repeatable_spans[key]
        )
        return [span for span in self._skill_spans if not is_within(excluded, span.start)]

    def _select_nice_to_have(self, skills: list[str]) -> list[str]:
        """Select the nice-to-have skills by extracting only from the relevant spans, not from the whole text."""
        extractor = get_extractor()
        return select_nice_to_have(
            skills=skills,
            nice_skills=extractor.extract_skills(self._join_spans(self.requirements.nice)),
            get_must_skills=lambda: extractor.extract_skills(
                f"{self.title}\n{self._join_spans(self.requirements.must)}"
            ),
        )

    def _join_spans(self, spans: Sequence[TextSpan]) -> str:
        return "\n".join(self.text[start:end] for start, end in spans)


def extract_posting_skills(
    *, title: str, description: str | None, slugs: Sequence[str], company: str = ""
) -> PostingSkills:
    """Extract skills and required experience from one posting, ignoring the employer's other postings."""
    text = PostingText(title=title, description=description, company=company)
    return text.extract_skills(slug_skills=get_vocabulary().map_technology_slugs(slugs), employer_sentences=())


class ExtractablePosting(Protocol):
    """The fields of a posting from which skills are extracted."""

    @property
    def company(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str | None: ...
    @property
    def technology_slugs(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _PreparedPosting:
    """A posting whose skills can be extracted. `slug_skills` are the canonical skills of the source's slugs."""

    title: str
    employer_key: str
    text: PostingText
    slug_skills: list[str]

    @classmethod
    def from_posting(cls, posting: ExtractablePosting, vocabulary: Vocabulary) -> "_PreparedPosting":
        return cls(
            title=posting.title,
            employer_key=build_company_key(posting.company),
            text=PostingText(title=posting.title, description=posting.description, company=posting.company),
            slug_skills=vocabulary.map_technology_slugs(posting.technology_slugs),
        )

    def list_titled_sentences(self) -> list[tuple[Sentence, str]]:
        """Return the sentences that other postings of the employer may repeat, each with the posting's title."""
        # No skill is extracted from the text of a posting with known slugs.
        if not self.employer_key or self.slug_skills:
            return []
        title = " ".join(normalize_words(self.title))
        hashes = self.text.list_repeatable_sentences()
        return [(Sentence(self.employer_key, sentence_hash), title) for sentence_hash in hashes]


class SkillExtraction:
    """The extraction of skills from several postings, ignoring sentences in which employers describe themselves.

    `changed_employers` are the keys of the employers with newly repeated sentences, which now describe the employer.
    Call `market.stored_skills.update_employer_skills` for them after the postings are stored.
    """

    def __init__(self, postings: Mapping[Any, ExtractablePosting], *, dry_run: bool, now: datetime) -> None:
        """Record the sentences of the postings' employers, unless `dry_run` is set. The keys can be any ids."""
        vocabulary = get_vocabulary()
        self._postings = {key: _PreparedPosting.from_posting(posting, vocabulary) for key, posting in postings.items()}
        titled = [pair for posting in self._postings.values() for pair in posting.list_titled_sentences()]
        sentences = {sentence for sentence, _ in titled}
        repeated_before = repeated = find_repeated_sentences(sentences)
        if not dry_run:
            record_sentences(titled, now=now)
            repeated = find_repeated_sentences(sentences)
        self.changed_employers = {sentence.company for sentence in repeated - repeated_before}
        self._sentences_by_employer: dict[str, set[str]] = {}
        for sentence in repeated:
            self._sentences_by_employer.setdefault(sentence.company, set()).add(sentence.hash)

    def extract_skills(self, key: Any) -> PostingSkills:
        """Return the skills of the posting with this key."""
        posting = self._postings[key]
        return posting.text.extract_skills(
            slug_skills=posting.slug_skills,
            employer_sentences=self._sentences_by_employer.get(posting.employer_key, ()),
        )
