"""The endpoints of match scores."""

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
from accounts.matches import serializers as shapes
from accounts.matches.services import Match, NothingToCompare, match_job, store_analysis
from accounts.selectors import get_user_skills
from career_navigator.api.permissions import IsSelf
from career_navigator.api.viewsets import ApiViewSet
from career_navigator.throttling import hit_limits
from market.jobs.selectors import build_candidate_profile, find_job

# What a score is computed from, by the names that both families of endpoints have.
_PROFILE = {
    "skills": "skills",
    "target_roles": "target_roles (desired_job_role)",
    "experience_years": "experience_years",
    "preferred_locations": "preferred_locations",
    "remote_preference": "remote_preference",
    "expected_salary": "expected_salary",
}


class MatchViewSet(ApiViewSet):
    """How well a job suits the current user."""

    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "job_id"
    not_found_code = "job_not_found"

    @action(
        detail=True,
        query_serializer_class=OwnUserQuery,
        serializer_class=shapes.AnalyzeResultOutSerializer,
        error_statuses=(409,),
    )
    def match_score(self, request: Request, job_id: str) -> Response:
        """Compute how well a job suits the current user, part by part.

        0 to 100, from what profile and posting both say; the same for the same input. A profile in which nothing is
        filled in has no score: 409 says what to fill in.
        """
        # For its errors alone: whose the id in it is, the permission has checked.
        _ = self.query
        return Response(self.get_serializer(self._match(find_job(job_id))).data)

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=shapes.AnalyzeResultInSerializer,
        serializer_class=shapes.AnalyzedSerializer,
        error_statuses=(409,),
    )
    def analyze(self, request: Request, job_id: str) -> Response:
        """Analyze a job, or store an analysis of one's own.

        With a score the client's own analysis is stored, in place of the one before; without one ours is computed.
        Either is a line in the activity log.
        """
        given, posting = self.body, find_job(job_id)
        # Case does not matter in an id.
        if given.get("job_id", job_id).lower() != job_id.lower():
            raise ValidationError({"job_id": ["This field must be the job's of the path."]}, "contradiction")
        hit_limits(("activity", self.current_user.id))
        now, user_id, is_own = timezone.now(), self.current_user.pk, given.get("score") is not None
        result: Mapping[str, Any]
        if is_own:
            explanation = given.get("explanation") or None
            result = store_analysis(
                user_id=user_id, job_id=posting["_id"], score=given["score"], explanation=explanation, now=now
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
        names = {"activity_id": activity_id, "user_id": user_id, "job_id": posting["_id"]}
        return Response(self.get_serializer({**result, **names}).data)

    def _match(self, posting: Mapping[str, Any]) -> Match:
        """Return how well the posting's row suits the current user. Raises Conflict where nothing can be compared."""
        user = self.current_user
        candidate = build_candidate_profile(user, get_user_skills(user))
        try:
            return match_job(user_id=user.pk, candidate=candidate, posting=posting, now=timezone.now())
        except NothingToCompare as error:
            empty = [name for field, name in _PROFILE.items() if getattr(user, field) in (None, [])]
            why, code = (
                ("Your profile is empty", "profile_empty")
                if error.reason == "empty_profile"
                else ("This posting says nothing that your profile could be compared with", "nothing_to_compare")
            )
            fill_in = f": fill in {', '.join(empty)}" if empty else ""
            raise Conflict(f"{why}, so there is no score{fill_in}.", code) from error
