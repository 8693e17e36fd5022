"""Serializers of POST /resumes/{resume_id}/check."""

from typing import Any

from rest_framework import serializers

from accounts.applications.serializers import MAX_ID_LENGTH
from accounts.resumes.readability import ISSUE_CODES, MAX_EXAMPLES, SEVERITIES, VERDICTS
from accounts.resumes.serializers import ParsedSkillSerializer, ResumeIdSerializer
from career_navigator.api.fields import StrictCharField
from skills.serializers import TextSerializer


class CheckedPostingSerializer(serializers.Serializer[Any]):
    """The posting whose keywords are compared with the resume, if any: a stored job, or a text."""

    job_id = StrictCharField(
        max_length=MAX_ID_LENGTH, required=False, allow_null=True, allow_blank=True, help_text="The id of a job."
    )
    text = StrictCharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
        help_text="The text of a posting that is not stored, at most 100,000 bytes in UTF-8.",
    )

    def validate_text(self, text: str | None) -> str | None:
        return TextSerializer().validate_text(text) if text else None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("job_id") and attrs.get("text"):
            message = "Send the posting as either `job_id` or `text`."
            raise serializers.ValidationError({"text": [message]}, "contradiction")
        return attrs


class IssueSerializer(serializers.Serializer[Any]):
    """A part of the resume that was not read well."""

    code = serializers.ChoiceField(ISSUE_CODES)
    severity = serializers.ChoiceField(SEVERITIES)
    message = serializers.CharField(help_text="What is wrong, and what to change.")
    count = serializers.IntegerField(help_text="The number of places in the resume.")
    examples = serializers.ListField(
        child=serializers.CharField(), help_text=f"Quotes of up to {MAX_EXAMPLES} of these places."
    )


class ReadabilitySerializer(serializers.Serializer[Any]):
    """How well an applicant-tracking system can read the resume."""

    verdict = serializers.ChoiceField(
        VERDICTS,
        help_text="`poor` with an issue of high severity, `fair` with one of medium severity, `good` otherwise. "
        "`unreadable` if the file was rejected.",
    )
    issues = IssueSerializer(many=True, help_text="The most severe first.")


class KeywordSerializer(ParsedSkillSerializer):
    """A skill that the posting asks for, with the parts of the resume that name it."""

    # DRF removes inherited fields that are set to None.
    confidence = None  # type: ignore[assignment]
    mentions = None  # type: ignore[assignment]
    quote = serializers.CharField(allow_null=True, help_text="The first line that names the skill.")
    is_required = serializers.BooleanField(help_text="False if the posting calls the skill nice to have.")
    through = serializers.CharField(
        allow_null=True,
        help_text="The skill in the resume that implies this one, such as PostgreSQL for SQL. Null if the resume names "
        "this one, or neither.",
    )


class KeywordCheckSerializer(serializers.Serializer[Any]):
    """The skills of a posting, compared with those in the resume."""

    coverage = serializers.FloatField(
        allow_null=True,
        help_text="The share of required skills that are not missing. Null if the posting requires none.",
    )
    present = KeywordSerializer(many=True, help_text="Skills named in a position, a project or a degree.")
    claimed_without_evidence = KeywordSerializer(
        many=True, help_text="Skills named only elsewhere, for example in the list of skills."
    )
    missing = KeywordSerializer(many=True, help_text="Skills that the resume neither names nor implies.")


class ResumeCheckSerializer(ResumeIdSerializer):
    """The result of a check."""

    readability = ReadabilitySerializer()
    keywords = KeywordCheckSerializer(
        allow_null=True, help_text="Null if the request names no posting, or if the file could not be read."
    )
