"""The endpoints under /jobs/searches."""

from typing import Any

from bson import ObjectId
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entrance import PAGE_HEADERS, Conflict, offer_confirmation
from accounts.searches import serializers as shapes
from accounts.searches.documents import MOST_SEARCHES, SavedSearch
from accounts.searches.selectors import filter_of, find_search, list_searches, new_postings, stored_ids
from accounts.searches.services import (
    TooManySearches,
    change_search,
    delete_search,
    end_digest,
    mark_told,
    save_search,
)
from accounts.searches.unsubscribing import BadToken, read_token
from career_navigator.api.serializers import success
from career_navigator.api.viewsets import PublicViewSet
from career_navigator.personal import PersonalViewSet, caller_of, read_own_body
from market.jobs.serializers import job_listing

# What mail programs send. The token is all that is needed, so it is not looked at.
_ONE_CLICK = {"type": "object", "properties": {"List-Unsubscribe": {"type": "string"}}}
_PAGE = {(200, "text/html"): OpenApiResponse(OpenApiTypes.STR, description="A page for people.")}


class SavedSearchViewSet(PersonalViewSet):
    """The caller's own searches; another's are answered as if they were not there."""

    @extend_schema(
        operation_id="jobs_searches",
        summary="The caller's saved searches",
        responses=shapes.SearchesSerializer,
        tags=["jobs"],
    )
    def show(self, request: Request) -> Response:
        searches = list_searches(user_id=_caller_id(request))
        return Response(success(searches=[_described(search) for search in searches]))

    @extend_schema(
        operation_id="jobs_searches_create",
        summary="Save a search",
        description=(
            "It begins now: postings that are stored already are not new. With `digest`, mail tells of what is new: "
            "daily at 07:00 or on Mondays, in the server's TIME_ZONE, each posting once, up to 20 in a mail, once the "
            "account's address is confirmed: a message with a link is sent where it is not. There can "
            f"be {MOST_SEARCHES} searches; one more is answered 409. The same search, saved again within minutes, is "
            "answered with the one that is there."
        ),
        request=shapes.SavedSearchInSerializer,
        responses={201: shapes.SearchKeptSerializer, 403: None, 409: None},
        tags=["jobs"],
    )
    def create(self, request: Request) -> Response:
        fields = read_own_body(shapes.SavedSearchInSerializer, request)
        given = fields["filter"]
        try:
            search = save_search(
                user_id=_caller_id(request),
                name=fields["name"],
                job_filter=given.job_filter,
                digest=fields.get("digest"),
                now=timezone.now(),
            )
        except TooManySearches as error:
            raise Conflict(f"There can be no more than {MOST_SEARCHES} saved searches; delete one first.") from error
        if search.digest is not None:
            offer_confirmation(request)
        answer = success(search=_described(search), ignored_fields=given.ignored_fields)
        return Response(answer, status=201, headers={"Location": f"/jobs/searches/{search.pk}"})

    @extend_schema(
        operation_id="jobs_searches_get",
        summary="A saved search",
        responses={200: shapes.SearchAnswerSerializer, 404: None},
        tags=["jobs"],
    )
    def retrieve(self, request: Request, search_id: str) -> Response:
        return Response(success(search=_described(_found(request, search_id))))

    @extend_schema(
        operation_id="jobs_searches_put",
        summary="Change a saved search",
        description=(
            "Only the fields that are given. Another filter begins anew, as a new search does; mails that are turned "
            "on tell of what is collected from then on."
        ),
        request=shapes.SavedSearchChangeSerializer,
        responses={200: shapes.SearchKeptSerializer, 403: None, 404: None},
        tags=["jobs"],
    )
    def update(self, request: Request, search_id: str) -> Response:
        fields = read_own_body(shapes.SavedSearchChangeSerializer, request)
        search = _found(request, search_id)
        given = fields.pop("filter", None)
        if given is not None:
            fields["job_filter"] = given.job_filter
        if fields.get("digest") is not None and search.digest is None:
            offer_confirmation(request)
        changed = change_search(search=search, fields=fields, now=timezone.now())
        ignored = given.ignored_fields if given is not None else []
        return Response(success(search=_described(changed), ignored_fields=ignored))

    @extend_schema(
        operation_id="jobs_searches_delete",
        summary="Delete a saved search",
        request=None,
        responses={200: shapes.SearchDeletedSerializer, 404: None},
        tags=["jobs"],
    )
    def destroy(self, request: Request, search_id: str) -> Response:
        search = _found(request, search_id)
        delete_search(search=search)
        return Response(success(search_id=str(search.pk)))

    @extend_schema(
        operation_id="jobs_searches_new",
        summary="What a saved search newly finds",
        description=(
            "New is what matches, is not closed, was first collected since the search was saved or its filter last "
            "changed, and has neither been mailed nor marked as seen. Asking changes nothing: it stays new until a "
            "mail has told of it or it is marked by POST /jobs/searches/{search_id}/seen. A posting that is collected "
            "late is new however long ago it was posted; one that changes does not become new again."
        ),
        parameters=[shapes.NewJobsQuery],
        responses={200: shapes.NewJobsSerializer, 404: None},
        tags=["jobs"],
    )
    def new(self, request: Request, search_id: str) -> Response:
        search, asked, now = _found(request, search_id), shapes.NewJobsQuery.read(request), timezone.now()
        found, job_filter = new_postings(search=search, **asked, now=now), filter_of(search=search)
        jobs = [job_listing(row, now=now, job_filter=job_filter) for row in found.rows]
        return Response(success(jobs=jobs, total=found.total))

    @extend_schema(
        operation_id="jobs_searches_seen",
        summary="Mark postings as seen by a saved search",
        description="They are not new any more, and no mail tells of them. Harmless when done again.",
        request=shapes.SeenSerializer,
        responses={200: shapes.SeenAnswerSerializer, 404: None},
        tags=["jobs"],
    )
    def seen(self, request: Request, search_id: str) -> Response:
        given, search = read_own_body(shapes.SeenSerializer, request), _found(request, search_id)
        job_ids = stored_ids(job_ids=given["job_ids"])
        mark_told(search=search, job_ids=job_ids, now=timezone.now())
        return Response(success(seen=len(job_ids)))


class UnsubscribeViewSet(PublicViewSet):
    """Where the links of the mails lead. The token tells whose search it is; nobody has to log in.

    What is posted is never read, so a mail program may send it in any form.
    """

    @extend_schema(
        operation_id="jobs_searches_unsubscribe_page",
        summary="A page with a button that ends the mails of a saved search",
        description="Changes nothing by itself.",
        parameters=[shapes.TokenQuery],
        responses=_PAGE,
        tags=["jobs"],
    )
    def page(self, request: Request) -> HttpResponse:
        search = SavedSearch.objects(id=_search_of(request)).only("name").first()
        return _page({"name": search.name if search is not None else "", "ended": False})

    @extend_schema(
        operation_id="jobs_searches_unsubscribe",
        summary="End the mails of a saved search (RFC 8058 one-click)",
        description="Works again and again, and also when the search was deleted.",
        parameters=[shapes.TokenQuery],
        request={"application/x-www-form-urlencoded": _ONE_CLICK},
        responses=_PAGE,
        tags=["jobs"],
    )
    def unsubscribe(self, request: Request) -> HttpResponse:
        end_digest(search_id=_search_of(request), now=timezone.now())
        return _page({"ended": True})


def _page(context: dict[str, Any]) -> HttpResponse:
    page = render_to_string("accounts/unsubscribe.html", context | {"app_name": settings.APP_NAME})
    return HttpResponse(page, headers=PAGE_HEADERS)


def _search_of(request: Request) -> ObjectId:
    try:
        return read_token(shapes.TokenQuery.read(request)["token"])
    except BadToken as error:
        raise ValidationError({"token": ["This field is not the token of a mail from here."]}) from error


def _found(request: Request, search_id: str) -> SavedSearch:
    return find_search(user_id=_caller_id(request), search_id=search_id)


def _caller_id(request: Request) -> ObjectId:
    return ObjectId(caller_of(request).id)


def _described(search: SavedSearch) -> dict[str, Any]:
    return {
        "id": str(search.pk),
        "name": search.name,
        "filter": dict(search.filter),
        "digest": search.digest,
        "since": search.since,
        "created_at": search.created_at,
        "updated_at": search.updated_at,
    }
