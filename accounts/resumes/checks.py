"""Check a resume for applicant-tracking systems: how well it can be read, and the keywords of a posting."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.resumes.documents import Resume
from accounts.resumes.keywords import KeywordCheck, check_keywords
from accounts.resumes.parsing.resume import parse_resume, serialize_resume
from accounts.resumes.readability import Readability, assess_readability, assess_rejected_file
from accounts.resumes.renderers.layout import build_layout
from accounts.resumes.renderers.plain_text import render_plain_text
from career_navigator.plain_text import make_plain
from market.jobs.selectors import find_job
from market.posting_skills import extract_posting_skills
from skills.selectors import get_extractor, get_vocabulary


class StillProcessing(Exception):
    """Raised for a resume whose file has not been read yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingKeywords:
    """The skills of a posting, as canonical names. `skills` include `nice_to_have`."""

    skills: tuple[str, ...]
    nice_to_have: frozenset[str]

    @classmethod
    def from_job(cls, job_id: str) -> "PostingKeywords":
        """Return the skills of a stored posting.

        Raises:
            DoesNotExist: There is no such posting.
        """
        job = find_job(job_id)
        return cls(skills=tuple(job.get("skills") or ()), nice_to_have=frozenset(job.get("nice_to_have") or ()))

    @classmethod
    def from_text(cls, text: str) -> "PostingKeywords":
        """Return the skills that the text of a posting asks for."""
        extracted = extract_posting_skills(title="", description=text, slugs=())
        return cls(skills=tuple(extracted.skills), nice_to_have=frozenset(extracted.nice_to_have))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeCheck:
    """The result of a check. `keywords` is None if no posting was given, or if the file could not be read."""

    resume: Resume
    readability: Readability
    keywords: KeywordCheck | None


def assess_resume(*, resume: Resume, posting: PostingKeywords | None, now: datetime) -> ResumeCheck:
    """Check the values that were read from an upload, or those that are read from the text of a generated resume.

    Raises:
        StillProcessing: The uploaded file has not been read yet.
    """
    if resume.status == "processing":
        raise StillProcessing(str(resume.pk))
    if resume.status == "refused":
        return ResumeCheck(resume=resume, readability=assess_rejected_file(resume.refusal), keywords=None)
    parsed = resume.parsed if resume.source == "upload" else _parse_generated(resume.content, now)
    keywords = None
    if posting is not None:
        keywords = check_keywords(
            posting_skills=posting.skills,
            nice_to_have=posting.nice_to_have,
            resume_skills=parsed["skills"],
            vocabulary=get_vocabulary(),
        )
    readability = assess_readability(parsed, layout_features=resume.layout_features)
    return ResumeCheck(resume=resume, readability=readability, keywords=keywords)


def _parse_generated(content: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    text = make_plain(render_plain_text(build_layout(content))).text
    parsed = parse_resume(text=text, spans=get_extractor().find_spans(text), now=now.date())
    return serialize_resume(parsed, display_names={})
