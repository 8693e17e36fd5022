"""Request and response serializers for match scores."""

from typing import Any

from rest_framework import serializers

from accounts.applications.serializers import MAX_ID_LENGTH
from accounts.matches.documents import MAX_EXPLANATION_LENGTH
from career_navigator.api.fields import BoundedNumber, OwnUserId, PlainNumber, StrictCharField
from career_navigator.api.serializers import SuccessSerializer
from learning.serializers import ResourceSerializer
from market.jobs.match_parts import CRITERIA
from market.roles import get_display_role
from skills.serializers import DisplayNameField


class AnalyzeResultInSerializer(serializers.Serializer[Any]):
    """An analysis to store. If `score` is omitted, the server computes the match score."""

    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH, required=False, help_text="Must match the id in the path.")
    score = BoundedNumber(
        minimum=0,
        maximum=100,
        allow_null=True,
        required=False,
        help_text="The score of the client's own analysis, which is stored. If omitted, the server computes a score.",
    )
    explanation = StrictCharField(
        max_length=MAX_EXPLANATION_LENGTH,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="The explanation of `score`.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("explanation") and attrs.get("score") is None:
            raise serializers.ValidationError({"score": ["This field is required if explanation is given."]})
        return attrs


class RoleField(serializers.CharField):
    """The display name of a normalized role."""

    def to_representation(self, value: str) -> str:
        return get_display_role(value)


class MatchPartSerializer(serializers.Serializer[Any]):
    """The score of one criterion."""

    name = serializers.ChoiceField(CRITERIA)
    weight = serializers.IntegerField(
        help_text="Of skills and title: the relative weight in `fit`. Of years, place and salary: the percentage of the"
        " score that a part with a score of 0 takes away. Criteria without data have no part and do not count."
    )
    score = serializers.IntegerField(min_value=0, max_value=100)
    sentence = serializers.CharField(help_text="What was compared.")


class MissingSkillSerializer(serializers.Serializer[Any]):
    """A skill of the posting that the user lacks."""

    skill = serializers.CharField(help_text="The canonical name.")
    display_name = DisplayNameField(source="skill")
    must_have = serializers.BooleanField(help_text="True if the posting requires the skill, false if it is optional.")
    demand_percentage = serializers.FloatField(
        help_text="Percentage of the role's postings of the last 30 days that require the skill, or 0 if unknown."
    )
    resources = ResourceSerializer(many=True, help_text="Learning resources, at most three.")


class AnalysisSerializer(serializers.Serializer[Any]):
    """An analysis that the user's client submitted."""

    score = serializers.FloatField(min_value=0, max_value=100)
    explanation = serializers.CharField(allow_null=True)
    analyzed_at = serializers.DateTimeField()


class AnalyzeResultOutSerializer(SuccessSerializer):
    """The match score of a job and the current user."""

    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job")
    score = serializers.IntegerField(source="match.score", min_value=0, max_value=100)
    fit = serializers.IntegerField(
        source="match.fit",
        allow_null=True,
        min_value=0,
        max_value=100,
        help_text="The weighted mean of the parts skills and title. Null if neither could be compared.",
    )
    conditions = serializers.IntegerField(
        source="match.conditions",
        min_value=0,
        max_value=100,
        help_text="The percentage of the score that the parts years, place and salary leave.",
    )
    explanation = serializers.CharField(
        source="match.explanation",
        help_text="The sentences of all parts, and a note if the posting names no skills.",
    )
    parts = MatchPartSerializer(
        source="match.parts", many=True, help_text="In this order: skills, title, years, place, salary."
    )
    matched_skills = serializers.ListField(
        source="match.matched_skills",
        child=serializers.CharField(),
        help_text="Skills of the posting that the user has, without soft skills and spoken languages.",
    )
    held_through = serializers.DictField(
        child=serializers.CharField(),
        help_text="For each matched skill that the user does not name: the skill of the user that implies it.",
    )
    missing_skills = MissingSkillSerializer(
        many=True,
        help_text="Skills of the posting that the user lacks, without soft skills and spoken languages: required skills"
        " first, then by demand.",
    )
    soft_skills = serializers.ListField(
        source="match.soft_skills",
        child=serializers.CharField(),
        help_text="Soft skills of the posting. They do not count in the score.",
    )
    spoken_languages = serializers.ListField(
        source="match.spoken_languages",
        child=serializers.CharField(),
        help_text="Spoken languages of the posting. They do not count in the score.",
    )
    role = RoleField(
        allow_null=True,
        help_text="The role whose demand weights the skills. Null means the demand of the whole market.",
    )
    computed_at = serializers.DateTimeField(
        help_text="When the score was computed. It is reused until the profile, the posting or the demand changes."
    )
    analysis = AnalysisSerializer(allow_null=True, help_text="The analysis submitted by the user's client, if any.")


class AnalyzedSerializer(SuccessSerializer):
    """The stored or computed score of an analysis, with its log entry."""

    activity_id = serializers.CharField()
    user_id = serializers.CharField()
    job_id = serializers.CharField()
    score = PlainNumber(min_value=0, max_value=100)
    explanation = serializers.CharField(allow_null=True)
