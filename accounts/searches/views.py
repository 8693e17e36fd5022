"""Views for the endpoints under /jobs/searches."""

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

from accounts.auth_services import PAGE_HEADERS, Conflict, accepts_html, offer_confirmation
from accounts.searches import serializers
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

# The body that mail programs send with one-click unsubscribe. It is ignored, since the token in the URL is sufficient.
_ONE_CLICK = {"type": "object", "properties": {"List-Unsubscribe": {"type": "string"}}}


class NewJobsPagination(CountedPagination):
    """Pagination of new postings, listed under `jobs`."""

    result_key = "jobs"


class SavedSearchViewSet(DocumentViewSet):
    """The current user's saved searches. Searches of other users return 404."""

    document = SavedSearch
    owner_field = "user"
    permission_classes = [IsAuthenticated, IsSelf]
    lookup_url_kwarg = "search_id"
    not_found_code = "search_not_found"
    serializer_class = serializers.SearchAnswerSerializer
    action_options = {
        "list": {"serializer_class": serializers.SearchesSerializer, "item_list": "searches"},
        "create": {
            "request_serializer_class": serializers.SavedSearchInSerializer,
            "serializer_class": serializers.SearchKeptSerializer,
            "error_statuses": (409,),
        },
        "retrieve": {"operation_id": "jobs_searches_get"},
        "update": {
            "request_serializer_class": serializers.SavedSearchChangeSerializer,
            "serializer_class": serializers.SearchKeptSerializer,
            "path_parameters": [IF_MATCH],
            "error_statuses": (412,),
        },
        "destroy": {
            "serializer_class": serializers.SearchDeletedSerializer,
            "path_parameters": [IF_MATCH],
            "error_statuses": (412,),
        },
    }

    def list(self, request: Request) -> Response:
        """List the current user's saved searches.

        The searches are in order of creation, each with its normalized filter.
        """
        return Response(self.get_serializer({"searches": self.get_queryset().order_by("id")}).data)

    def create(self, request: Request) -> Response:
        """Save a search.

        Only postings collected from now on are new. With `digest`, new postings are emailed daily at 07:00 or on
        Mondays, in the server's TIME_ZONE. Each posting is emailed once, and an email lists at most 20. Emails require
        a confirmed address, so a confirmation message is sent if necessary. Returns 409 if the user already has 50
        searches. Saving the same search again within a few minutes returns the existing search.
        """
        filter_input = self.body["filter"]
        try:
            search = save_search(
                user_id=self.current_user.pk,
                name=self.body["name"],
                job_filter=filter_input.job_filter,
                digest=self.body.get("digest"),
                now=timezone.now(),
            )
        except TooManySearches as error:
            message = f"You already have {MAX_SEARCHES} saved searches. Delete one first."
            raise Conflict(message, "too_many_searches") from error
        if search.digest is not None:
            offer_confirmation(request)
        content = self.get_serializer({"search": search, "ignored_fields": filter_input.ignored_fields}).data
        return Response(
            content, status=201, headers={"Location": f"/jobs/searches/{search.pk}"} | build_etag(search.updated_at)
        )

    def retrieve(self, request: Request, search_id: str) -> Response:
        """Return a saved search.

        The response has the normalized filter and the frequency of emails.
        """
        search = self.get_object()
        return Response(self.get_serializer({"search": search}).data, headers=build_etag(search.updated_at))

    def update(self, request: Request, search_id: str) -> Response:
        """Change a saved search.

        Omitted fields are not changed. After a change of the filter, only postings collected from then on are new.
        After you turn on emails, only postings collected from then on are emailed.
        """
        fields = dict(self.body)
        search = self.get_object()
        seen_at = check_if_match(request, search.updated_at)
        filter_input = fields.pop("filter", None)
        if filter_input is not None:
            fields["job_filter"] = filter_input.job_filter
        if fields.get("digest") is not None and search.digest is None:
            offer_confirmation(request)
        changed = change_search(search=search, fields=fields, seen_at=seen_at, now=timezone.now())
        ignored = filter_input.ignored_fields if filter_input is not None else []
        content = self.get_serializer({"search": changed, "ignored_fields": ignored}).data
        return Response(content, headers=build_etag(changed.updated_at))

    def destroy(self, request: Request, search_id: str) -> Response:
        """Delete a saved search.

        Its emails stop.
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
        """List the new postings of a saved search.

        A posting is new if it matches, is open, was first collected since the search was saved or its filter last
        changed, and was neither emailed nor marked as seen. Listing postings does not change them. They stay new until
        an email reports them or POST /jobs/searches/{search_id}/seen marks them. The date of collection counts, not the
        date of posting. A posting that changes does not become new again. `total` is counted up to 10,000.
        """
        search, now = self.get_object(), timezone.now()
        postings, job_filter = find_new_postings(search=search, now=now), build_filter(search=search)
        page = [JobListing(row, now=now, job_filter=job_filter) for row in self.paginate_queryset(postings)]
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @action(
        detail=True,
        serializer_class=serializers.DigestPreviewAnswerSerializer,
        operation_id="jobs_searches_digest",
        error_statuses=(409,),
    )
    def digest(self, request: Request, search_id: str) -> Response:
        """Preview the email of a saved search.

        Returns the email that would be sent now, or an example if there are no new postings. Nothing is sent or marked
        as emailed.
        """
        try:
            preview = preview_digest(search=self.get_object(), now=timezone.now())
        except ValidationError as error:
            raise Conflict("The filter of this search is no longer valid. Change it first.") from error
        return Response(self.get_serializer({"digest": preview}).data)

    @action(
        detail=True,
        methods=["post"],
        request_serializer_class=serializers.SeenSerializer,
        serializer_class=serializers.SeenAnswerSerializer,
    )
    def seen(self, request: Request, search_id: str) -> Response:
        """Mark postings of a saved search as seen.

        They are no longer new, and no email reports them. Idempotent.
        """
        job_ids = self.body["job_ids"]
        search = self.get_object()
        stored = list_stored_ids(job_ids=job_ids)
        mark_notified(search=search, job_ids=stored, now=timezone.now())
        return Response(self.get_serializer({"seen": len(stored)}).data)


class UnsubscribeViewSet(PublicViewSet):
    """The targets of the unsubscribe links in emails. The signed token names the search, so no login is required.

    The request body is ignored, so a mail program may send it in any format.
    """

    query_serializer_class = serializers.TokenQuery
    action_options = {"page": {"operation_id": "jobs_searches_unsubscribe_page"}}

    @action(detail=False, url_path="unsubscribe", media_type="text/html")
    def page(self, request: Request) -> HttpResponse:
        """Show a page with a button that stops the emails of a saved search.

        Opening the page does not stop the emails, because mail scanners follow links.
        """
        try:
            search = SavedSearch.objects(id=self._get_search_id()).only("name").first()
        except ValidationError:
            if "token" not in request.query_params or not accepts_html(request):
                raise
            return _render_page({"is_rejected": True}, status=400)
        return _render_page({"name": search.name if search is not None else "", "ended": False})

    @extend_schema(request={"application/x-www-form-urlencoded": _ONE_CLICK})
    @page.mapping.post
    def unsubscribe(self, request: Request) -> HttpResponse:
        """Stop the emails of a saved search (RFC 8058 one-click unsubscribe).

        Idempotent. Succeeds even if the search was deleted.
        """
        end_digest(search_id=self._get_search_id(), now=timezone.now())
        return _render_page({"ended": True})

    def _get_search_id(self) -> ObjectId:
        """Return the id of the search that the token in the query names.

        Raises:
            ValidationError: the token is invalid.
        """
        try:
            return parse_token(self.query["token"])
        except InvalidToken as error:
            raise ValidationError(
                {"token": ["This field is not a valid unsubscribe token."]}, "token_invalid"
            ) from error


def _render_page(context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    page = render_to_string("accounts/unsubscribe.html", context | {"app_name": settings.APP_NAME})
    return HttpResponse(page, status=status, headers=PAGE_HEADERS)
