"""The endpoints under /jobs/searches."""

from typing import Any

from bson import ObjectId
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.auth_services import PAGE_HEADERS, Conflict, asks_for_a_page, offer_confirmation
from accounts.searches import serializers as shapes
from accounts.searches.documents import MAX_SEARCHES, SavedSearch
from accounts.searches.selectors import build_filter, find_new_postings, list_stored_ids
from accounts.searches.services import (
    InvalidToken,
    TooManySearches,
    change_search,
    delete_search,
    end_digest,
    mark_notified,
    parse_token,
    preview_digest,
    save_search,
)
from career_navigator.api.pagination import CountedPagination
from career_navigator.api.permissions import IsSelf
from career_navigator.api.versions import IF_MATCH, build_etag, check_if_match
from career_navigator.api.viewsets import DocumentViewSet, PublicViewSet
from market.jobs.listings import JobListing
from market.jobs.serializers import JobListingSerializer

# What mail programs send. The token is all that is needed, so it is not looked at.
_ONE_CLICK = {"type": "object", "properties": {"List-Unsubscribe": {"type": "string"}}}


class NewJobsPagination(CountedPagination):
    result_key = "jobs"


class SavedSearchViewSet(DocumentViewSet):
    """The current user's own searches; another's are answered as if they were not there."""

    document = SavedSearch
    owner_field = "user"
    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "search_id"
    not_found_code = "search_not_found"
    serializer_class = shapes.SearchAnswerSerializer
    action_options = {
        "list": {"serializer_class": shapes.SearchesSerializer, "item_list": "searches"},
        "create": {
            "request_serializer_class": shapes.SavedSearchInSerializer,
            "serializer_class": shapes.SearchKeptSerializer,
            "error_statuses": (409,),
        },
        "retrieve": {"operation_id": "jobs_searches_get"},
        "update": {
            "request_serializer_class": shapes.SavedSearchChangeSerializer,
            "serializer_class": shapes.SearchKeptSerializer,
            "path_parameters": [IF_MATCH],
            "error_statuses": (412,),
        },
        "destroy": {
            "serializer_class": shapes.SearchDeletedSerializer,
            "path_parameters": [IF_MATCH],
            "error_statuses": (412,),
        },
    }

    def list(self, request: Request) -> Response:
        """List the current user's saved searches.

        In the order in which they were made, each with its filter as it was read.
        """
        return Response(self.get_serializer({"searches": self.get_queryset().order_by("id")}).data)

    def create(self, request: Request) -> Response:
        """Save a search.

        It begins now: postings that are stored already are not new. With `digest`, mail reports what is new: daily at
        07:00 or on Mondays, in the server's TIME_ZONE, each posting once, up to 20 in a mail, once the account's
        address is confirmed: a message with a link is sent where it is not. There can be 50 searches; one more is
        answered 409. The same search, saved again within minutes, is answered with the one that is there.
        """
        given = self.body["filter"]
        try:
            search = save_search(
                user_id=self.current_user.pk,
                name=self.body["name"],
                job_filter=given.job_filter,
                digest=self.body.get("digest"),
                now=timezone.now(),
            )
        except TooManySearches as error:
            sentence = f"There can be no more than {MAX_SEARCHES} saved searches; delete one first."
            raise Conflict(sentence, "too_many_searches") from error
        if search.digest is not None:
            offer_confirmation(request)
        answer = self.get_serializer({"search": search, "ignored_fields": given.ignored_fields}).data
        return Response(
            answer, status=201, headers={"Location": f"/jobs/searches/{search.pk}"} | build_etag(search.updated_at)
        )

    def retrieve(self, request: Request, search_id: str) -> Response:
        """Return a saved search.

        With its filter as it was read and how often mails report it.
        """
        search = self.get_object()
        return Response(self.get_serializer({"search": search}).data, headers=build_etag(search.updated_at))

    def update(self, request: Request, search_id: str) -> Response:
        """Change a saved search.

        Only the fields that are given. Another filter begins again, as a new search does; mails that are turned on tell
        of what is collected from then on.
        """
        fields = dict(self.body)
        search = self.get_object()
        seen_at = check_if_match(request, search.updated_at)
        given = fields.pop("filter", None)
        if given is not None:
            fields["job_filter"] = given.job_filter
        if fields.get("digest") is not None and search.digest is None:
            offer_confirmation(request)
        changed = change_search(search=search, fields=fields, seen_at=seen_at, now=timezone.now())
        ignored = given.ignored_fields if given is not None else []
        answer = self.get_serializer({"search": changed, "ignored_fields": ignored}).data
        return Response(answer, headers=build_etag(changed.updated_at))

    def destroy(self, request: Request, search_id: str) -> Response:
        """Delete a saved search.

        No mail reports it from then on.
        """
        search = self.get_object()
        delete_search(search=search, seen_at=check_if_match(request, search.updated_at))
        return Response(self.get_serializer({"search": search}).data)

    @action(
        detail=True,
        serializer_class=JobListingSerializer,
        pagination_class=NewJobsPagination,
        operation_id="jobs_searches_new",
    )
    def new(self, request: Request, search_id: str) -> Response:
        """List what a saved search newly finds.

        New is what matches, is not closed, was first collected since the search was saved or its filter last changed,
        and has neither been mailed nor marked as seen. Asking changes nothing: it stays new until a mail has told of it
        or it is marked by POST /jobs/searches/{search_id}/seen. A posting that is collected late is new however long
        ago it was posted; one that changes does not become new again. `total` is counted up to 10,000.
        """
        search, now = self.get_object(), timezone.now()
        found, job_filter = find_new_postings(search=search, now=now), build_filter(search=search)
        page = [JobListing(row, now=now, job_filter=job_filter) for row in self.paginate_queryset(found)]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(
        detail=True,
        serializer_class=shapes.DigestPreviewAnswerSerializer,
        operation_id="jobs_searches_digest",
        error_statuses=(409,),
    )
    def digest(self, request: Request, search_id: str) -> Response:
        """Preview the mail of a saved search.

        It is the mail that would be sent now, or an example where nothing is new. Nothing is sent, and nothing is
        marked as mailed.
        """
        try:
            preview = preview_digest(search=self.get_object(), now=timezone.now())
        except ValidationError as error:
            raise Conflict("The search's filter is not accepted any more; change it first.") from error
        return Response(self.get_serializer({"digest": preview}).data)

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=shapes.SeenSerializer,
        serializer_class=shapes.SeenAnswerSerializer,
    )
    def seen(self, request: Request, search_id: str) -> Response:
        """Mark postings as seen by a saved search.

        They are not new any more, and no mail reports them. Harmless when done again.
        """
        job_ids = self.body["job_ids"]
        search = self.get_object()
        stored = list_stored_ids(job_ids=job_ids)
        mark_notified(search=search, job_ids=stored, now=timezone.now())
        return Response(self.get_serializer({"seen": len(stored)}).data)


class UnsubscribeViewSet(PublicViewSet):
    """Where the links of the mails lead. The token tells whose search it is; nobody has to log in.

    What is posted is never read, so a mail program may send it in any form.
    """

    query_serializer_class = shapes.TokenQuery
    action_options = {"page": {"operation_id": "jobs_searches_unsubscribe_page"}}

    @action(detail=False, url_path="unsubscribe", media_type="text/html")
    def page(self, request: Request) -> HttpResponse:
        """Show a page with a button that ends the mails of a saved search.

        Opening it ends nothing, so programs that follow the links of mails do no harm.
        """
        try:
            search = SavedSearch.objects(id=self._get_search_id()).only("name").first()
        except ValidationError:
            if "token" not in request.query_params or not asks_for_a_page(request):
                raise
            return _render_page({"is_rejected": True}, status=400)
        return _render_page({"name": search.name if search is not None else "", "ended": False})

    @extend_schema(request={"application/x-www-form-urlencoded": _ONE_CLICK})
    @page.mapping.post
    def unsubscribe(self, request: Request) -> HttpResponse:
        """End the mails of a saved search (RFC 8058 one-click).

        Works again and again, and also when the search was deleted.
        """
        end_digest(search_id=self._get_search_id(), now=timezone.now())
        return _render_page({"ended": True})

    def _get_search_id(self) -> ObjectId:
        """Return the search that the token of the query names. Raises ValidationError."""
        try:
            return parse_token(self.query["token"])
        except InvalidToken as error:
            raise ValidationError(
                {"token": ["This field is not the token of a mail from here."]}, "token_invalid"
            ) from error


def _render_page(context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    page = render_to_string("accounts/unsubscribe.html", context | {"app_name": settings.APP_NAME})
    return HttpResponse(page, status=status, headers=PAGE_HEADERS)
