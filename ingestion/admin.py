"""Admin for collection: the run list, live run pages, and starting, repeating and cancelling runs."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from bson import ObjectId
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from career_navigator.admin_site.dashboard import ATTENTION_PERIOD, MenuPage
from career_navigator.admin_site.model_admin import (
    enqueue_or_report,
    find_task,
    log_action,
    render_confirmation,
    require_permission,
)
from career_navigator.admin_site.theme import STATUS_COLORS
from career_navigator.celery import get_queue
from career_navigator.document_admin.admin import AttentionFilter, ExactFilter, ReadOnlyDocumentAdmin
from career_navigator.task_runs import list_open_runs
from ingestion import (
    board_admin,  # noqa: F401 - registers the admin of boards
    documents,
    services,
)
from ingestion.collect_form import MAX_CHARACTERS, CollectForm, get_spendable_credits, get_usual_collection
from ingestion.dashboard import FAILED_RUNS
from ingestion.models import CollectionRun, RefusedPosting
from ingestion.runs import UnusableRequestError, cancel_run, list_open_roles, start_run
from ingestion.selectors import list_recent_rejections, serialize_run
from ingestion.suggestions import describe_unknown_places, describe_unknown_roles, suggest_places, suggest_roles
from ingestion.tasks import collect_board, collect_role

_TRIGGER = "ingestion.trigger_collection"
COLLECT_NOW = MenuPage(
    group="Ingestion", title="Collect now", icon="play_circle", route="collect_now", permission=_TRIGGER
)
# Maximum number of searches that a confirmation page lists.
_MAX_NAMED = 10


class FailedRunFilter(AttentionFilter):
    """Filter for the runs that the dashboard counts as failed."""

    attention = FAILED_RUNS


class RoleFilter(ExactFilter):
    """Filter for runs with a given role."""

    title = "role"
    parameter_name = "role"
    field = "roles"


@admin.register(CollectionRun)
class CollectionRunAdmin(ReadOnlyDocumentAdmin):
    """Admin for collection runs. A run's page updates itself while the run is open."""

    list_display = (
        *("created_at", "state", "request_summary", "requester", "collected", "updated", "pages", "credits"),
        *("finished_at", "error"),
    )
    phone_columns = ("created_at", "state", "request_summary")
    empty_text = "No collection has run yet. The daily schedule starts one, or use Collect now."
    list_only = (
        *("created_at", "status", "source", "roles", "places", "trigger", "requested_by", "collected", "updated"),
        *("pages", "credits", "finished_at", "error"),
    )
    list_filter = (FailedRunFilter, "status", "trigger", RoleFilter)
    change_form_template = "career_navigator/admin_site/run.html"

    @display(description="status", label=STATUS_COLORS, ordering="status")
    def state(self, obj: Any) -> str:
        return str(obj.status)

    @admin.display(description="requested")
    def request_summary(self, obj: Any) -> str:
        return _shorten(obj.roles) if obj.source else f"{_shorten(obj.roles)} in {_shorten(obj.places)}"

    @admin.display(description="requested by", ordering="trigger")
    def requester(self, obj: Any) -> str:
        return "a user" if _get_user(obj) else obj.requested_by or str(obj.trigger)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("collect-now/", wrap(self._collect_now), name="collect_now"),
            path("suggest-roles.json", wrap(self._suggest), {"find": suggest_roles}, name="suggest_roles"),
            path("suggest-places.json", wrap(self._suggest), {"find": suggest_places}, name="suggest_places"),
            path("<str:run_id>/state.json", wrap(self._state), name="run_state"),
            path("<str:run_id>/repeat/", wrap(self._repeat), name="repeat_run"),
            path("<str:run_id>/cancel/", wrap(self._cancel), name="cancel_run"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        run = _find_run(object_id)
        context = {
            "run": run,
            "state": _describe_state(run),
            "may_trigger": cast(User, request.user).has_perm(_TRIGGER),
            "asked_by": self.requester(run),
            # The template links to the user only for staff who may view users.
            "person": _get_user(run),
        }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def _state(self, request: HttpRequest, run_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse(_describe_state(_find_run(run_id)))

    def _suggest(self, request: HttpRequest, *, find: Callable[..., list[str]]) -> HttpResponse:
        if not cast(User, request.user).has_perm(_TRIGGER):
            raise PermissionDenied
        found = find(text=request.GET.get("q", "")[:MAX_CHARACTERS])
        return JsonResponse({"suggestions": [{"value": name, "label": name} for name in found]})

    def _collect_now(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or not user.has_perm(_TRIGGER):
            raise PermissionDenied
        now = timezone.now()
        left = get_spendable_credits(now=now)
        form = CollectForm(request.POST or None, initial=get_usual_collection(), left=left)
        if request.method == "POST" and form.is_valid():
            try:
                run = _start_run(form, user)
            except (UnusableRequestError, services.UnknownUserError) as error:
                form.add_error(None, str(error))
            else:
                unknown = describe_unknown_roles(roles=run.roles) | describe_unknown_places(places=run.places)
                for text in unknown.values():
                    messages.warning(request, f"{text[:1].upper()}{text[1:]}")
                return self._queue_and_redirect(request, user, run, "Started a collection.", flag=ADDITION)
        context = {**self.admin_site.each_context(request), "title": "Collect now", "form": form}
        context |= {"left": left, "left_text": f"{left:,}" if left is not None else ""}
        return TemplateResponse(request, "career_navigator/admin_site/collect.html", context)

    def _repeat(self, request: HttpRequest, run_id: str) -> HttpResponse:
        if request.method == "GET":
            require_permission(request, _TRIGGER, method="GET")
            return self._ask_to_repeat(request, _find_run(run_id))
        user, run = require_permission(request, _TRIGGER), _find_run(run_id)
        try:
            repeated = services.repeat_run(run_id=run.pk, requested_by=_get_requester_name(user), now=timezone.now())
        except UnusableRequestError as error:
            messages.error(request, f"The run cannot be repeated: {error}.")
            return _redirect_to_run(run_id)
        return self._queue_and_redirect(request, user, repeated, f"Repeated run {run_id}.", flag=ADDITION)

    def _ask_to_repeat(self, request: HttpRequest, run: documents.CollectionRunDocument) -> HttpResponse:
        try:
            repetition = services.plan_repetition(run=run)
        except UnusableRequestError as error:
            messages.error(request, f"The run cannot be repeated: {error}.")
            return _redirect_to_run(str(run.pk))
        searches, left = repetition.searches, get_spendable_credits(now=timezone.now())
        more = len(searches) - _MAX_NAMED
        return render_confirmation(
            request,
            title=f"Repeat {_format_count(len(searches), 'search', 'searches')} of {len(run.searches):,}?",
            submit_label="Repeat what failed",
            facts=[
                *(f"{role} in {place}" for role, place in searches[:_MAX_NAMED]),
                *([f"and {more:,} more"] if more > 0 else []),
                f"It costs at most {repetition.cost:,} credits"
                + (f". {left:,} are left." if left is not None else ". The number of credits left is unknown."),
                "Searches that were already collected are not repeated.",
            ],
            undo="The new run can be cancelled, but spent credits are not refunded.",
            back=reverse("admin:ingestion_collectionrun_change", args=[run.pk]),
            opts=self.opts,
        )

    def _ask_to_cancel(self, request: HttpRequest, run: documents.CollectionRunDocument) -> HttpResponse:
        statuses = [search.status for search in run.searches]
        running = statuses.count("running")
        waiting = sum(statuses.count(status) for status in documents.OPEN_SEARCH_STATUSES) - running
        return render_confirmation(
            request,
            title="Cancel the collection?",
            submit_label="Cancel the collection",
            facts=[
                f"{_format_count(waiting, 'search', 'searches')} of {len(statuses):,} will not begin, and {running:,}"
                " will stop after the page that is being fetched.",
                f"The {_format_count(run.collected + run.updated, 'posting', 'postings')} collected so far stay. The "
                f"{_format_count(run.credits, 'credit', 'credits')} spent are not refunded.",
            ],
            undo="This cannot be undone, but “Repeat what failed” collects the missing searches.",
            back=reverse("admin:ingestion_collectionrun_change", args=[run.pk]),
            opts=self.opts,
        )

    def _cancel(self, request: HttpRequest, run_id: str) -> HttpResponse:
        if request.method == "GET":
            require_permission(request, _TRIGGER, method="GET")
            return self._ask_to_cancel(request, _find_run(run_id))
        user, run = require_permission(request, _TRIGGER), _find_run(run_id)
        if not cancel_run(run_id=run.pk, now=timezone.now()):
            messages.info(request, "The run is already over, so there is nothing to cancel.")
            return _redirect_to_run(run_id)
        log_action(user, CollectionRun(pk=run.pk, created_at=run.created_at), "Cancelled the collection.")
        messages.success(request, "Cancellation requested. The run stops after the page that is being fetched.")
        return _redirect_to_run(run_id)

    def _queue_and_redirect(
        self, request: HttpRequest, user: User, run: documents.CollectionRunDocument, message: str, *, flag: int
    ) -> HttpResponse:
        log_action(user, CollectionRun(pk=run.pk, created_at=run.created_at), message, flag=flag)
        fallback_message = "The run is recorded and starts within minutes once the queue is available again."
        roles, task = list_open_roles(run=run), collect_board if run.source else collect_role
        if all(
            enqueue_or_report(request, task, str(run.pk), role, fallback_message=fallback_message) for role in roles
        ):
            messages.success(request, "The collection is queued." if roles else "There was nothing left to collect.")
        return _redirect_to_run(str(run.pk))


def _describe_state(run: documents.CollectionRunDocument) -> dict[str, Any]:
    """Return a run's state for its live page. For a queued run, include what it is waiting for."""
    state = serialize_run(run=run)
    state["texts"]["waits"] = _describe_wait(run) if run.status == "queued" else ""
    return state


def _describe_wait(run: documents.CollectionRunDocument) -> str:
    earlier = documents.CollectionRunDocument.objects(
        status__in=documents.OPEN_RUN_STATUSES, created_at__lt=run.created_at
    ).count()
    # The collector process takes tasks from both the collection and the maintenance queue.
    tasks = [
        task.title
        for each in list_open_runs(now=timezone.now())
        if each.status == "running" and get_queue(each.task) == "maintenance" and (task := find_task(name=each.task))
    ]
    ahead = [_format_count(earlier, "earlier collection", "earlier collections")] if earlier else []
    ahead += [f"the maintenance task “{title}”" for title in tasks]
    return f"Waiting behind {' and '.join(ahead)}." if ahead else "Waiting for a free collector process."


def _start_run(form: CollectForm, user: User) -> documents.CollectionRunDocument:
    data, now = form.cleaned_data, timezone.now()
    if form.user_id is not None:
        return services.collect_jobs_for_user(
            user_id=form.user_id,
            max_age_days=data["max_age_days"],
            jobs_per_role=data["per_role_limit"],
            trigger="admin",
            now=now,
        )
    return start_run(
        trigger="admin",
        roles=data["roles"],
        places=data["places"],
        max_age_days=data["max_age_days"],
        per_role_limit=data["per_role_limit"],
        requested_by=_get_requester_name(user),
        now=now,
    )


def _get_user(run: Any) -> str | None:
    """Return the id of the user who requested the run, or None if staff, a command or the schedule did."""
    return run.requested_by if run.requested_by and ObjectId.is_valid(run.requested_by) else None


def _shorten(names: Sequence[str]) -> str:
    """Return the first two names and the number of further ones."""
    more = len(names) - 2
    return ", ".join(names[:2]) + (f" and {more} more" if more > 0 else "")


def _find_run(run_id: str) -> documents.CollectionRunDocument:
    run = documents.CollectionRunDocument.objects(id=run_id).first() if ObjectId.is_valid(run_id) else None
    if run is None:
        raise Http404
    return run


def _redirect_to_run(run_id: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:ingestion_collectionrun_change", args=[run_id]))


def _format_count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _get_requester_name(user: User) -> str:
    return f"staff {user.get_username()}"


# Periods, in days, by which the list of rejected postings can be filtered.
_PERIODS = {"1": "1 day", str(ATTENTION_PERIOD.days): f"{ATTENTION_PERIOD.days} days", "30": "30 days"}


@admin.register(RefusedPosting)
class RefusedPostingAdmin(ReadOnlyDocumentAdmin):
    """Admin list of rejected postings and their reasons. Curators may see it, as they can judge the source's data."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        days = request.GET.get("days", "")
        since = timezone.now() - timedelta(days=int(days)) if days in _PERIODS else None
        rejections = list_recent_rejections(since=since)
        reason = request.GET.get("reason") or None
        context = self.admin_site.each_context(request) | {
            "title": "Rejected postings",
            "opts": self.opts,
            "counts": sorted(rejections.counts.items(), key=lambda each: (-each[1], each[0])),
            "reasons": sorted({rejection.reason for rejection in rejections.samples}),
            "reason": reason,
            "days": days,
            "periods": _PERIODS,
            "may_see_runs": cast(User, request.user).has_perm("ingestion.view_collectionrun"),
            "refusals": [rejection for rejection in rejections.samples if reason in (None, rejection.reason)],
        }
        return TemplateResponse(request, "career_navigator/refused.html", context)
