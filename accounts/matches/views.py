"""The endpoints of match scores."""

from typing import Any

from bson import ObjectId
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.activity.services import record_activity
from accounts.entrance import Conflict
from accounts.matches import serializers as shapes
from accounts.matches.services import Match, NothingToCompare, match_job, store_analysis
from accounts.selectors import get_user_skills
from career_navigator.api.current_user import CurrentUser
from career_navigator.api.serializers import success
from career_navigator.personal import PersonalViewSet, caller_of, read_own_body, require_own
from career_navigator.throttling import hit_limits
from learning.selectors import resource_catalogue
from market.jobs.seekers import seeker_of
from market.jobs.selectors import Row, find_job
from market.roles import display_role
from skills.selectors import vocabulary

_MOST_RESOURCES = 3
# What a score is computed from, by the names that both families of endpoints have.
_PROFILE = {
    "skills": "skills",
    "target_roles": "target_roles (desired_job_role)",
    "experience_years": "experience_years",
    "preferred_locations": "preferred_locations",
    "remote_preference": "remote_preference",
    "expected_salary": "expected_salary",
}


class MatchViewSet(PersonalViewSet):
    """How well a job suits the caller."""

    @extend_schema(
        operation_id="jobs_match_score",
        summary="How well a job suits the caller, part by part",
        description=(
            "0 to 100, from what profile and posting both say; the same for the same input. A profile in which nothing "
            "is filled in has no score: 409 says what to fill in."
        ),
        parameters=[shapes.MatchQuery],
        responses={200: shapes.AnalyzeResultOutSerializer, 403: None, 404: None, 409: None},
        tags=["jobs"],
    )
    def retrieve(self, request: Request, job_id: str) -> Response:
        asked = shapes.MatchQuery.read(request)
        if "user_id" in asked:
            require_own(request, asked["user_id"])
        caller, posting = caller_of(request), find_job(job_id)
        found = _match(caller, posting)
        return Response(
            success(
                user_id=caller.id,
                job_id=str(posting["_id"]),
                **_scored(found),
                parts=found.match["parts"],
                matched_skills=found.match["matched_skills"],
                missing_skills=_missing(found),
                role=display_role(found.role) if found.role else None,
                computed_at=found.computed_at,
                analysis=found.analysis,
            )
        )

    @extend_schema(
        operation_id="jobs_analyze",
        summary="Analyze a job, or store an analysis of one's own",
        description=(
            "With a score the client's own analysis is stored, in place of the one before; without one ours is "
            "computed. Either is a line in the activity log."
        ),
        request=shapes.AnalyzeResultInSerializer,
        responses={200: shapes.AnalyzedSerializer, 403: None, 404: None, 409: None},
        tags=["jobs"],
    )
    def analyze(self, request: Request, job_id: str) -> Response:
        given, caller = read_own_body(shapes.AnalyzeResultInSerializer, request), caller_of(request)
        posting = find_job(job_id)
        # Case is of no account in an id.
        if given.get("job_id", job_id).lower() != job_id.lower():
            raise ValidationError({"job_id": ["This field must be the job's of the path."]})
        hit_limits(("activity", caller.id))
        now, own = timezone.now(), given.get("score") is not None
        if own:
            stored = store_analysis(
                user_id=ObjectId(caller.id),
                job_id=posting["_id"],
                score=given["score"],
                explanation=given.get("explanation") or None,
                now=now,
            )
            result = {"score": stored["score"], "explanation": stored["explanation"]}
        else:
            result = _scored(_match(caller, posting))
        activity_id = record_activity(
            user_id=ObjectId(caller.id),
            action_type="analyze",
            job_id=posting["_id"],
            metadata={"score": result["score"], "by": "client" if own else "match_score"},
            now=now,
        )
        answer = {"activity_id": str(activity_id), "user_id": caller.id, "job_id": str(posting["_id"])}
        return Response(success(**answer, **result))


def _match(caller: CurrentUser, posting: Row) -> Match:
    seeker = seeker_of(caller, get_user_skills(caller))
    try:
        return match_job(user_id=ObjectId(caller.id), seeker=seeker, posting=posting, now=timezone.now())
    except NothingToCompare as error:
        empty = [name for field, name in _PROFILE.items() if getattr(caller, field) in (None, [])]
        why = (
            "Your profile is empty"
            if error.reason == "empty_profile"
            else "This posting says nothing that your profile could be compared with"
        )
        fill_in = f": fill in {', '.join(empty)}" if empty else ""
        raise Conflict(f"{why}, so there is no score{fill_in}.") from error


def _scored(found: Match) -> dict[str, Any]:
    return {"score": found.match["score"], "explanation": found.match["explanation"]}


def _missing(found: Match) -> list[dict[str, Any]]:
    names, catalogue = vocabulary(), resource_catalogue()
    musts = found.match["missing_skills"]
    return [
        {
            "skill": skill,
            "display_name": names.display_name(skill),
            "must_have": place < len(musts),
            "demand_percentage": round(100 * found.demand.get(skill, 0.0), 1),
            "resources": catalogue.of(skill)[:_MOST_RESOURCES],
        }
        for place, skill in enumerate([*musts, *found.match["missing_nice_to_have"]])
    ]
