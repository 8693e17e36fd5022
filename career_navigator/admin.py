"""The admin of the shared modules: maintenance tasks, the log, and the staff's own accounts."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import ManyToManyField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from career_navigator.admin_site.model_admin import (
    ReadOnlyMixin,
    StaffModelAdmin,
    enqueue_or_report,
    find_task,
    list_tasks,
    log_action,
    require_permission,
)
from career_navigator.admin_site.site import disable_second_factor
from career_navigator.admin_site.theme import STATUS_COLORS
from career_navigator.background import STARTED_BY_HEADER, finish_run, request_run
from career_navigator.document_admin.admin import ReadOnlyDocumentAdmin
from career_navigator.documents import OPEN_TASK_RUN_STATUSES
from career_navigator.models import TaskRun

admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)


@admin.register(TaskRun)
class TaskRunAdmin(ReadOnlyDocumentAdmin):
    """Maintenance tasks: started from the buttons above the list of their runs, followed on the page of a run."""

    list_display = ("title", "state", "starter", "created_at", "started_at", "finished_at", "outcome")
    list_filter = ("task", "status", "started_by")
    list_before_template = "career_navigator/admin_site/tasks.html"
    change_form_template = "career_navigator/admin_site/task_run.html"

    @display(description="task", ordering="task")
    def title(self, obj: Any) -> str:
        task = find_task(name=obj.task)
        return task.title if task else str(obj.task)

    @display(description="status", label=STATUS_COLORS)
    def state(self, obj: Any) -> str:
        return str(obj.status)

    @display(description="started by", ordering="started_by")
    def starter(self, obj: Any) -> str:
        return obj.started_by or "schedule"

    @display(description="outcome")
    def outcome(self, obj: Any) -> str:
        return obj.result or obj.error or ("nothing to do" if obj.status == "finished" else "")

    def get_urls(self) -> list[URLPattern]:
        return [
            path("start/<str:name>/", self.admin_site.admin_view(self._start), name="start_task"),
            path("<str:run_id>/state.json", self.admin_site.admin_view(self._state), name="task_state"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {"tasks": list_tasks(user=cast(User, request.user)), "title": "Maintenance tasks"}
        return super().changelist_view(request, (extra_context or {}) | context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        run = self.get_object(request, object_id)
        context = {"title_of_task": self.title(run), "starter": self.starter(run)} if run else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)

    def _start(self, request: HttpRequest, name: str) -> HttpResponse:
        task = find_task(name=name)
        user = require_permission(request, task.permission if task else "career_navigator.run_task")
        if task is None:
            raise Http404
        run = request_run(task=task.name, started_by=user.get_username(), now=timezone.now())
        log_action(user, TaskRun.objects.get(pk=run.pk), f"Started the task “{task.title}”.")
        if enqueue_or_report(
            request,
            task,
            otherwise="Start the task again when it is back.",
            task_id=run.task_id,
            headers={STARTED_BY_HEADER: run.started_by},
        ):
            messages.success(request, f"“{task.title}” is queued.")
        else:
            finish_run(task_id=run.task_id, status="failed", error="the queue did not answer", now=timezone.now())
        return HttpResponseRedirect(reverse("admin:career_navigator_taskrun_change", args=[run.pk]))

    def _state(self, request: HttpRequest, run_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            return JsonResponse({}, status=403)
        run = self.get_object(request, run_id)
        if run is None:
            raise Http404
        return JsonResponse(
            {
                "status": run.status,
                "color": STATUS_COLORS.get(run.status, ""),
                "open": run.status in OPEN_TASK_RUN_STATUSES,
                "texts": {"outcome": self.outcome(run), "finished": _time(run.finished_at)},
            }
        )


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyMixin, StaffModelAdmin):
    """Every act of the staff; nobody changes it."""

    list_display = ("action_time", "user", "kind", "object", "what")
    list_filter = ("action_flag", "user", "content_type", "action_time")
    fields = ("action_time", "user", "kind", "object", "what")
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


@admin.register(User)
class StaffAccountAdmin(DjangoUserAdmin, StaffModelAdmin):
    """The staff's own accounts. Nothing of a password is shown; a device that was lost is taken off here."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "is_superuser", "is_active", "second_factor", "last_login")
    list_filter = ("groups", "is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password_link", "second_factor")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("What it may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    # Roles give permissions; single ones beside them nobody would find again.
    filter_horizontal = ()
    formfield_overrides = {ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget}}
    readonly_fields = ("password_link", "second_factor", "last_login", "date_joined")
    actions = ("remove_second_factor",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        users = list(changelist.result_list)
        # One question each for all rows; the backend has no `prefetch_related`.
        names = dict(Group.objects.values_list("pk", "name"))
        memberships = User.groups.through.objects.filter(user_id__in=[user.pk for user in users])
        roles: dict[Any, list[str]] = {}
        for user_id, group_id in memberships.values_list("user_id", "group_id"):
            roles.setdefault(user_id, []).append(names[group_id])
        with_device = _with_device(users)
        for user in users:
            user.shown_roles = ", ".join(sorted(roles.get(user.pk, ()))) or "—"
            user.has_device = user.pk in with_device
        changelist.result_list = users
        return changelist

    @admin.display(description="roles")
    def roles(self, user: Any) -> str:
        return str(user.shown_roles)

    @admin.display(description="second factor", boolean=True)
    def second_factor(self, user: Any) -> bool:
        return bool(user.has_device if hasattr(user, "has_device") else _with_device([user]))

    @admin.display(description="password")
    def password_link(self, user: User) -> SafeString:
        address = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a class="staff-link" href="{}">Set a new one</a>', address)

    @admin.action(description="Take off the second factor", permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: Any) -> None:
        removed = 0
        for user in queryset:
            if disable_second_factor(user=user):
                log_action(cast(User, request.user), user, "Took off the second factor.")
                removed += 1
        self.message_user(request, f"{removed} taken off.", messages.SUCCESS if removed else messages.INFO)


@admin.register(Group)
class StaffRoleAdmin(DjangoGroupAdmin, StaffModelAdmin):
    """What each role may do."""


def _with_device(users: list[User]) -> set[Any]:
    """The keys of those who log in with a second factor."""
    devices = TOTPDevice.objects.filter(user_id__in=[user.pk for user in users], confirmed=True)
    return set(devices.values_list("user_id", flat=True))


def _time(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else "—"
