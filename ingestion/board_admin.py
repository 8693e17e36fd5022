"""Admin for boards: their health, and the decision about postings that are missing from a board."""

from typing import Any, cast

from bson import ObjectId
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import display

from career_navigator.admin_site.dashboard import Attention
from career_navigator.admin_site.model_admin import is_confirmed, render_selection_confirmation
from career_navigator.admin_site.theme import STATUS_COLORS
from career_navigator.document_admin.admin import AttentionFilter, HiddenFilter
from career_navigator.document_admin.exchange import CuratedAdmin, DocumentResource
from ingestion import boards, documents
from ingestion.models import Board
from ingestion.sources.registry import get_board_source
from ingestion.tasks import queue_run

HELD_BOARDS = Attention(
    title="Boards to check",
    note="boards with missing postings that stay open until somebody has looked at the board",
    permission="ingestion.view_board",
    route="admin:ingestion_board_changelist",
    collection="boards",
    condition=lambda now: {"held_ids.0": {"$exists": True}, "hidden": {"$ne": True}},
)
_TRIGGER = "ingestion.trigger_collection"


class BoardResource(DocumentResource):
    """Import and export of boards."""

    catalogue = documents.Board.catalogue

    class Meta(DocumentResource.Meta):
        model = Board
        import_id_fields = ("source", "name")
        fields = (*documents.Board.SEEDED_FIELDS, "evidence", "hidden")


class HeldFilter(AttentionFilter):
    """Filter for the boards that the dashboard asks to check."""

    attention = HELD_BOARDS


class HealthFilter(admin.SimpleListFilter):
    """Filter by the outcome of the last collection."""

    title = "health"
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("new", "Not collected yet"), ("ok", "Collected"), ("failing", "Failing"), ("gone", "Gone")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "new":
                return queryset.filter(collected_at__isnull=True, last_error__isnull=True)
            case "ok":
                return queryset.filter(collected_at__isnull=False, last_error__isnull=True)
            case "failing":
                return queryset.filter(last_error__isnull=False, gone_at__isnull=True)
            case "gone":
                return queryset.filter(gone_at__isnull=False)
        return queryset


@admin.register(Board)
class BoardAdmin(CuratedAdmin):
    """Admin for boards. Hidden boards are not collected."""

    resource_classes = (BoardResource,)
    list_display = ("name", "source", "company", "evidence", "health", "postings", "collected_at", "failures")
    phone_columns = ("name", "source", "health")
    empty_text = "Run manage.py seed to load the platform's boards, or import a file."
    list_filter = (HeldFilter, "source", "evidence", HealthFilter, HiddenFilter)
    search_fields = ("name", "company")
    fields = (
        *("source", "name", "host", "company", "evidence", "hidden", "postings", "collected_at", "yielded_at"),
        *("failures", "last_error", "retry_at", "gone_at", "held_reason", "held_ids"),
    )
    readonly_fields = (
        *("postings", "collected_at", "yielded_at", "failures", "last_error", "retry_at", "gone_at"),
        *("held_reason", "held_ids"),
    )
    actions = (*CuratedAdmin.actions, "collect_now", "close_missing")

    @display(description="health", label=STATUS_COLORS)
    def health(self, board: Any) -> str:
        if board.gone_at:
            return "gone"
        if board.last_error:
            return "failed"
        return "finished" if board.collected_at else "queued"

    def has_trigger_permission(self, request: HttpRequest) -> bool:
        return cast(User, request.user).has_perm(_TRIGGER)

    @admin.action(description="Collect now", permissions=["trigger"])
    def collect_now(self, request: HttpRequest, queryset: Any) -> None:
        """Start runs for the selected boards, whether or not they are due."""
        names: dict[str, list[str]] = {}
        for board in queryset:
            names.setdefault(board.source, []).append(board.name)
        runs = [
            run
            for source, selected in names.items()
            for run in boards.start_board_runs(
                source=get_board_source(source),
                names=selected,
                trigger="admin",
                requested_by=f"staff {request.user.get_username()}",
                now=timezone.now(),
            )
        ]
        queued = [queue_run(run=run) for run in runs]
        count = sum(len(run.searches) for run in runs)
        if not count:
            self.message_user(request, "The selected boards are being collected already.", messages.INFO)
        elif all(queued):
            self.message_user(request, f"The collection of {count:,} boards is queued.", messages.SUCCESS)
        else:
            text = "The collection is recorded and starts within minutes once the queue is available again."
            self.message_user(request, text, messages.WARNING)

    @admin.action(description="Close missing postings", permissions=["change"])
    def close_missing(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Close the postings that are missing from the selected boards, after a confirmation."""
        held = [board for board in queryset if board.held_ids]
        if not held:
            self.message_user(request, "No posting is missing from the selected boards.", messages.INFO)
            return None
        if not is_confirmed(request):
            return render_selection_confirmation(
                request,
                queryset.filter(pk__in=[board.pk for board in held]),
                verb="Close the missing postings of",
                facts=[f"{board}: {len(board.held_ids):,} postings, because {board.held_reason}." for board in held],
                undo="A closed posting is reopened if it is listed again.",
            )
        closed = 0
        for board in held:
            document = documents.Board.objects.get(id=ObjectId(str(board.pk)))
            closed += boards.close_held_postings(board=document, now=timezone.now())
            self.log_change(request, board, "Closed the missing postings.")
        self.message_user(request, f"{closed:,} postings were closed.", messages.SUCCESS)
        return None
