"""Model admins of the shared modules: maintenance tasks, failed logins and the log."""

from typing import Any, cast

from bson import ObjectId
from celery.schedules import crontab
from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from unfold.decorators import display

from career_navigator import documents
from career_navigator.admin_site import staff_accounts as staff_accounts  # noqa: PLC0414 - a re-export, which registers its admins
from career_navigator.admin_site.dashboard import FAILED_LOGINS, FAILED_TASKS, list_alive_workers
from career_navigator.admin_site.model_admin import (
    ReadOnlyMixin,
    StaffModelAdmin,
    can_start,
    enqueue_or_report,
    find_task,
    list_changes,
    list_tasks,
    log_action,
    render_confirmation,
    require_permission,
)
from career_navigator.admin_site.theme import STATUS_COLORS
from career_navigator.background import STARTED_BY_HEADER, Task, list_next_times
from career_navigator.celery import app, count_waiting_tasks, get_queue
from career_navigator.document_admin.admin import AttentionFilter, ReadOnlyDocumentAdmin
from career_navigator.documents import OPEN_TASK_RUN_STATUSES
from career_navigator.models import FailedLogin, TaskRun
from career_navigator.task_runs import (
    RunIsOpen,
    cancel_run,
    find_last_runs,
    finish_run,
    list_open_runs,
    request_run,
)


class FailedTaskFilter(AttentionFilter):
    """Filter for the failed tasks that the dashboard counts."""

    attention = FAILED_TASKS


class TaskFilter(SimpleListFilter):
    """Filter for the runs of a single task."""

    title = parameter_name = "task"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = documents.TaskRunDocument.objects.distinct("task")
        return sorted(((name, _get_title(name)) for name in names), key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(task=self.value()) if self.value() else queryset


class StarterFilter(SimpleListFilter):
    """Filter for runs that the schedule or a staff member started."""

    title, parameter_name = "started by", "started_by"
    # Usernames cannot contain a colon.
    _SCHEDULE = ":schedule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = documents.TaskRunDocument.objects(started_by__ne=None).distinct("started_by")
        return [(self._SCHEDULE, "schedule"), *((name, name) for name in sorted(names))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == self._SCHEDULE:
            return queryset.filter(started_by__isnull=True)
        return queryset.filter(started_by=self.value()) if self.value() else queryset


class FailedLoginFilter(AttentionFilter):
    """Filter for the failed logins that the dashboard counts."""

    attention = FAILED_LOGINS


# Number of runs ahead of a queued run that its page names.
_MAX_AHEAD = 3
# Number of next times that the schedule page shows per entry.
_NEXT_TIMES = 3


@admin.register(TaskRun)
class TaskRunAdmin(ReadOnlyDocumentAdmin):
    """Model admin for the runs of maintenance tasks, with buttons that start tasks and a page that follows a run."""

    list_display = ("title", "state", "starter", "created_at", "started_at", "finished_at", "outcome")
    phone_columns = ("title", "state", "outcome")
    empty_text = "This list shows the runs that the schedule or the buttons above have started."
    list_filter = (FailedTaskFilter, TaskFilter, "status", StarterFilter)
    list_before_template = "career_navigator/admin_site/tasks.html"
    change_form_template = "career_navigator/admin_site/task_run.html"

    @display(description="task", ordering="task")
    def title(self, obj: Any) -> str:
        return _get_title(obj.task)

    @display(description="status", label=STATUS_COLORS)
    def state(self, obj: Any) -> str:
        return str(obj.status)

    @display(description="started by", ordering="started_by")
    def starter(self, obj: Any) -> str:
        return obj.started_by or "schedule"

    @display(description="outcome")
    def outcome(self, obj: Any) -> str:
        """Return what the run did, or why it failed."""
        return obj.result or obj.error or ("nothing to do" if obj.status == "finished" else "")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("schedule/", wrap(self._show_schedule), name="schedule"),
            path("start/<str:name>/", wrap(self._start), name="start_task"),
            path("<str:run_id>/cancel/", wrap(self._cancel), name="cancel_task"),
            path("<str:run_id>/state.json", wrap(self._state), name="task_state"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        open_runs = {run.task: run for run in reversed(list_open_runs(now=timezone.now()))}
        tasks = [
            {"task": task, "open_run": open_runs.get(task.name), "asks": task.consequences is not None}
            for task in list_tasks(user=cast(User, request.user))
        ]
        context = {"tasks": tasks, "title": "Maintenance tasks"}
        return super().changelist_view(request, (extra_context or {}) | context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        run = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if run is not None:
            task = find_task(name=run.task)
            context = {
                "title_of_task": self.title(run),
                "starter": self.starter(run),
                "state": self._build_state(run),
                "may_cancel": task is not None and can_start(user=request.user, task=task),
            }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def _show_schedule(self, request: HttpRequest) -> HttpResponse:
        """Render all entries of the schedule with their last runs, ordered by their next times."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now, last_runs = timezone.now(), find_last_runs()
        entries = [
            {
                "name": name,
                "task": find_task(name=entry["task"]),
                "cron": _describe_cron(entry["schedule"]),
                "last_run": last_runs.get(entry["task"]),
                "next_times": list_next_times(entry["schedule"], count=_NEXT_TIMES, now=now),
            }
            for name, entry in app.conf.beat_schedule.items()
        ]
        entries.sort(key=lambda entry: (entry["next_times"], entry["name"]))
        context = self.admin_site.each_context(request) | {
            "title": "Schedule",
            "entries": entries,
            "zone": str(app.timezone),
            "now": now,
        }
        return TemplateResponse(request, "career_navigator/admin_site/schedule.html", context)

    def _start(self, request: HttpRequest, name: str) -> HttpResponse:
        task = find_task(name=name)
        permissions = task.permissions if task else Task.permissions
        if task is not None and task.consequences is not None and request.method == "GET":
            require_permission(request, *permissions, method="GET")
            return self._ask_to_start(request, task, task.consequences(timezone.now()))
        user = require_permission(request, *permissions)
        if task is None:
            raise Http404
        try:
            run = request_run(task=task.name, started_by=user.get_username(), now=timezone.now())
        except RunIsOpen as error:
            open_run = error.run
            since = _format_time(open_run.started_at or open_run.created_at)
            text = f"“{task.title}” was not started: this run has been {open_run.status} since {since} UTC."
            messages.warning(request, f"{text} Wait until it ends, or cancel it.")
            return _redirect_to_run(open_run.pk)
        log_action(user, TaskRun.objects.get(pk=run.pk), f"Started the task “{task.title}”.")
        if enqueue_or_report(
            request,
            task,
            fallback_message="Try to start the task again later.",
            task_id=run.task_id,
            headers={STARTED_BY_HEADER: run.started_by},
        ):
            messages.success(request, f"“{task.title}” is queued.")
        else:
            finish_run(task_id=run.task_id, status="failed", error="the queue was unavailable", now=timezone.now())
        return _redirect_to_run(run.pk)

    def _ask_to_start(self, request: HttpRequest, task: Task, consequences: list[str]) -> HttpResponse:
        return render_confirmation(
            request,
            title=f"Run “{task.title}” now?",
            submit_label="Run now",
            facts=consequences,
            undo="This cannot be undone.",
            back=reverse("admin:career_navigator_taskrun_changelist"),
            opts=self.opts,
        )

    def _cancel(self, request: HttpRequest, run_id: str) -> HttpResponse:
        run = documents.TaskRunDocument.objects(id=run_id).first() if ObjectId.is_valid(run_id) else None
        task = find_task(name=run.task) if run is not None else None
        permissions = task.permissions if task else Task.permissions
        user = require_permission(request, *permissions, method="GET" if request.method == "GET" else "POST")
        if run is None:
            raise Http404
        title = self.title(run)
        if request.method == "GET":
            return render_confirmation(
                request,
                title=f"Cancel “{title}”?",
                submit_label="Cancel the run",
                facts=[
                    f"The run is {run.status}. {_describe_progress(run)}".strip(),
                    "The steps that are already done stay in effect.",
                ],
                undo="This cannot be undone, but you can start the task again.",
                back=reverse("admin:career_navigator_taskrun_change", args=[run.pk]),
                opts=self.opts,
            )
        if cancel_run(run=run, now=timezone.now()):
            log_action(user, TaskRun.objects.get(pk=run.pk), f"Cancelled the task “{title}”.")
            messages.success(request, f"“{title}” is cancelled. If it is already running, it stops after this step.")
        else:
            messages.info(request, "The run was not cancelled because it has already ended.")
        return _redirect_to_run(run.pk)

    def _state(self, request: HttpRequest, run_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            return JsonResponse({}, status=403)
        run = self.get_object(request, run_id)
        if run is None:
            raise Http404
        return JsonResponse(self._build_state(run))

    def _build_state(self, run: Any) -> dict[str, Any]:
        """Return the state of a run that its page shows and polls."""
        is_open = run.status in OPEN_TASK_RUN_STATUSES
        stopping = run.status == "running" and run.cancel_requested
        share = (run.progress_done or 0) / run.progress_total if run.progress_total else 0
        return {
            "status": run.status,
            "color": STATUS_COLORS.get(run.status, ""),
            "open": is_open,
            "percent": 100 if run.status == "finished" else min(100, round(100 * share)),
            "texts": {
                "outcome": self.outcome(run),
                "finished": _format_time(run.finished_at),
                "progress": _describe_progress(run),
                "waits": self._describe_wait(run) if run.status == "queued" else "",
                "cancelling": "The run is being cancelled. It stops after this step." if stopping else "",
            },
        }

    def _describe_wait(self, run: Any) -> str:
        """Describe what a queued run waits for: the running and earlier runs in its queue, or a worker."""
        queue = get_queue(run.task)
        ahead = [
            other
            for other in list_open_runs(now=timezone.now())
            if other.id != run.pk
            and get_queue(other.task) == queue
            and (other.status == "running" or other.created_at <= run.created_at)
        ]
        names = [
            f"“{self.title(other)}” ({other.status} since {_format_time(other.started_at or other.created_at)} UTC"
            f"{_prefix_comma(_describe_progress(other))})"
            for other in ahead[:_MAX_AHEAD]
        ]
        more = [f"{len(ahead) - _MAX_AHEAD} more"] if len(ahead) > _MAX_AHEAD else []
        try:
            if not list_alive_workers(now=timezone.now()):
                return "Waiting for a worker. No worker has sent a heartbeat recently."
            waiting = count_waiting_tasks().get(queue, 0)
        except (RedisError, OperationalError):
            return "Waiting for the queue, which is unavailable."
        if names:
            return f"Waiting for {', '.join([*names, *more])}."
        return f"Waiting for a free worker process of the queue “{queue}”, in which {waiting:,} tasks are waiting."


@admin.register(FailedLogin)
class FailedLoginAdmin(ReadOnlyDocumentAdmin):
    """Model admin for failed admin logins per account, client IP and day, which are stored for 90 days."""

    list_display = ("account", "client_ip", "count", "last_at")
    phone_columns = ("account", "client_ip", "count")
    list_filter = (FailedLoginFilter,)
    search_fields = ("account", "client_ip")
    empty_text = "This list shows logins to this admin with a wrong password or code, for 90 days."


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyMixin, StaffModelAdmin):
    """Read-only model admin for the log of staff actions."""

    list_display = ("action_time", "user", "kind", "object", "what", "values")
    phone_columns = ("what", "user", "action_time")
    empty_text = "This list shows everything that staff change or start."
    list_filter = ("action_flag", "user", "content_type", "action_time")
    fields = ("action_time", "user", "kind", "object", "what", "values")
    search_fields = ("object_repr", "change_message")
    list_select_related = ("user", "content_type")
    show_full_result_count = False

    @display(description="kind")
    def kind(self, entry: LogEntry) -> str:
        return str(entry.content_type.name) if entry.content_type else ""

    @display(description="object", ordering="object_repr")
    def object(self, entry: LogEntry) -> str:
        return entry.object_repr

    @display(description="what was done")
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()

    @display(description="old and new values")
    def values(self, entry: LogEntry) -> SafeString | str:
        changes = list_changes(entry)
        return format_html_join("", '<p class="staff-change">{}: <del>{}</del> → <ins>{}</ins></p>', changes) or "—"


def _get_title(name: str) -> str:
    task = find_task(name=name)
    return task.title if task else name


def _format_time(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else "—"


def _describe_cron(schedule: crontab) -> str:
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    return " ".join(str(getattr(schedule, f"_orig_{field}")) for field in fields)


def _redirect_to_run(run_id: Any) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:career_navigator_taskrun_change", args=[run_id]))


def _describe_progress(run: Any) -> str:
    # The last reported progress of a finished run is lower than what it has done.
    if run.status == "finished" or not (run.progress_done or run.progress_total):
        return ""
    total = f" of {run.progress_total:,}" if run.progress_total else ""
    return f"{run.progress_done or 0:,}{total} steps are done"


def _prefix_comma(text: str) -> str:
    return f", {text}" if text else ""
