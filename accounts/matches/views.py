"""Views for match scores and analyses of jobs."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.applications.serializers import OwnUserQuery
from accounts.applications.services import record_activity
from accounts.auth_services import Conflict
from accounts.matches import serializers
from accounts.matches.services import Match, NothingToCompare, match_job, store_analysis
from accounts.selectors import get_user_skills
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import ApiViewSet
from career_navigator.throttling import hit_limits
from market.jobs.selectors import build_candidate_profile, find_job
from skills.selectors import get_vocabulary

# The profile fields that a score is computed from, with the names to use in messages.
_PROFILE_FIELDS = {
    "skills": "skills",
    "target_roles": "target_roles (desired_job_role)",
    "experience_years": "experience_years",
    "preferred_locations": "preferred_locations",
    "remote_preference": "remote_preference",
    "expected_salary": "expected_salary",
}


class MatchViewSet(ApiViewSet):
    """The match score of a job for the current user."""

    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "job_id"
    not_found_code = "job_not_found"

    @action(
        detail=True,
        query_serializer_class=OwnUserQuery,
        serializer_class=serializers.AnalyzeResultOutSerializer,
        error_statuses=(409,),
    )
    def match_score(self, request: Request, job_id: str) -> Response:
        """Compute how well a job matches the current user, with the score of each criterion.

        The score is from 0 to 100 and based on the data that the profile and the posting both have. It is
        deterministic. Returns 409 for an empty profile, and the message names the fields to fill in.
        """
        # Validate the query. The permission has already checked the id.
        _ = self.query
        return Response(self.get_serializer(self._match(find_job(job_id))).data)

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=serializers.AnalyzeResultInSerializer,
        serializer_class=serializers.AnalyzedSerializer,
        error_statuses=(409,),
    )
    def analyze(self, request: Request, job_id: str) -> Response:
        """Analyze a job, or store the client's own analysis.

        If the request has a score, it is stored as the client's analysis and replaces any previous one. Otherwise the
        server computes the match score. Both add an entry to the activity log.
        """
        body, posting = self.body, find_job(job_id)
        # ObjectIds are case-insensitive.
        if body.get("job_id", job_id).lower() != job_id.lower():
            raise ValidationError({"job_id": ["This field must match the job id in the path."]}, "contradiction")
        hit_limits(("activity", self.current_user.id))
        now, user_id, is_own = timezone.now(), self.current_user.pk, body.get("score") is not None
        result: Mapping[str, Any]
        if is_own:
            explanation = body.get("explanation") or None
            result = store_analysis(
                user_id=user_id, job_id=posting["_id"], score=body["score"], explanation=explanation, now=now
            )
        else:
            result = self._match(posting).match
        activity_id = record_activity(
            user_id=user_id,
            action_type="analyze",
            job_id=posting["_id"],
            metadata={"score": result["score"], "by": "client" if is_own else "match_score"},
            now=now,
        )
        ids = {"activity_id": activity_id, "user_id": user_id, "job_id": posting["_id"]}
        return Response(self.get_serializer({**result, **ids}).data)

    def _match(self, posting: Mapping[str, Any]) -> Match:
        """Return the match of a posting row with the current user.

        Raises:
            Conflict: the profile or the posting has no data to compare.
        """
        user = self.current_user
        candidate = build_candidate_profile(user, get_vocabulary().get_held_skills(get_user_skills(user)))
        try:
            return match_job(user_id=user.pk, candidate=candidate, posting=posting, now=timezone.now())
        except NothingToCompare as error:
            empty = [name for field, name in _PROFILE_FIELDS.items() if getattr(user, field) in (None, [])]
            message, code = (
                ("Your profile is empty, so there is no score.", "profile_empty")
                if error.reason == "empty_profile"
                else ("This posting and your profile have no data in common to compare.", "nothing_to_compare")
            )
            advice = f" Fill in one of these fields: {', '.join(empty)}." if empty else ""
            raise Conflict(message + advice, code) from error
