"""What the endpoints of match scores take and answer."""

from typing import Any

from rest_framework import serializers

from accounts.applications.serializers import MAX_ID_LENGTH
from accounts.matches.documents import MAX_EXPLANATION_LENGTH
from career_navigator.api.fields import BoundedNumber, OwnUserId, PlainNumber, StrictCharField
from career_navigator.api.serializers import SuccessSerializer
from learning.serializers import ResourceSerializer
from market.jobs.match_score import CRITERIA
from market.roles import get_display_role
from skills.serializers import DisplayNameField


class AnalyzeResultInSerializer(serializers.Serializer[Any]):
    user_id = OwnUserId()
    job_id = StrictCharField(max_length=MAX_ID_LENGTH, required=False, help_text="That of the path.")
    score = BoundedNumber(
        minimum=0,
        maximum=100,
        allow_null=True,
        required=False,
        help_text="Of the client's own analysis, which is then stored. Without it ours is computed.",
    )
    explanation = StrictCharField(
        max_length=MAX_EXPLANATION_LENGTH, allow_blank=True, allow_null=True, required=False, help_text="Of that score."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("explanation") and attrs.get("score") is None:
            raise serializers.ValidationError({"score": ["This field is required with an explanation."]})
        return attrs


class RoleField(serializers.CharField):
    """A role's title, of its normalized name."""

    def to_representation(self, value: str) -> str:
        return get_display_role(value)


class MatchPartSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(CRITERIA)
    weight = serializers.IntegerField(help_text="Parts without data are left out; the rest weigh in this proportion.")
    score = serializers.IntegerField(min_value=0, max_value=100)
    sentence = serializers.CharField(help_text="What was compared.")


class MissingSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField(help_text="The canonical name.")
    display_name = DisplayNameField(source="skill")
    must_have = serializers.BooleanField(help_text="False where it is only nice to have.")
    demand_percentage = serializers.FloatField(
        help_text="Of the role's postings of the last 30 days so many ask for it; 0 where that is not known."
    )
    resources = ResourceSerializer(many=True, help_text="Where to learn it, three at most.")


class AnalysisSerializer(serializers.Serializer[Any]):
    score = serializers.FloatField(min_value=0, max_value=100)
    explanation = serializers.CharField(allow_null=True)
    analyzed_at = serializers.DateTimeField()


class AnalyzeResultOutSerializer(SuccessSerializer):
    user_id = serializers.CharField(source="user")
    job_id = serializers.CharField(source="job")
    score = serializers.IntegerField(source="match.score", min_value=0, max_value=100)
    explanation = serializers.CharField(
        source="match.explanation",
        help_text="The sentences of all parts; and that the posting names no skills, where so.",
    )
    parts = MatchPartSerializer(source="match.parts", many=True, help_text="The heaviest first.")
    matched_skills = serializers.ListField(
        source="match.matched_skills", child=serializers.CharField(), help_text="Those that are held."
    )
    missing_skills = MissingSkillSerializer(
        many=True, help_text="Those that are not: what is required first, then by demand."
    )
    role = RoleField(allow_null=True, help_text="The role whose demand weighs the skills; null: the market's.")
    computed_at = serializers.DateTimeField(
        help_text="The score is kept while profile, posting and demand are the same."
    )
    analysis = AnalysisSerializer(allow_null=True, help_text="What the current user's client has stored of its own.")


class AnalyzedSerializer(SuccessSerializer):
    activity_id = serializers.CharField()
    user_id = serializers.CharField()
    job_id = serializers.CharField()
    score = PlainNumber(min_value=0, max_value=100)
    explanation = serializers.CharField(allow_null=True)
