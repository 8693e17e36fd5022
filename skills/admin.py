"""Admin pages for the vocabulary: edit, import, export and merge skills."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminRadioSelectWidget

from career_navigator.admin_site.model_admin import enqueue_or_report, is_confirmed, render_selection_confirmation
from career_navigator.document_admin.admin import DocumentAdmin, DocumentForm
from career_navigator.document_admin.exchange import ExchangeMixin
from market.gaps import DEFAULT_THRESHOLD
from market.selectors import WINDOW_DAYS, get_role_demands, read_stats_version
from market.trends import compute_percentage
from skills.documents import REFERENCES
from skills.exchange import SkillResource
from skills.models import Skill
from skills.selectors import count_uses, get_vocabulary, list_uses
from skills.services import UnmergeableError, merge_skills
from skills.slug_admin import SKILL_SUGGESTIONS, AliasForm, describe_names, offer_renormalization, search_skills
from skills.vocabulary import CATEGORIES, KINDS

# Fields that determine which skills are extracted from a posting.
_EXTRACTION_FIELDS = frozenset({"name", "display_name", "aliases", "slugs", "is_skill"})


class CategoryFilter(admin.SimpleListFilter):
    """List filter by skill category."""

    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(category, category) for category in CATEGORIES]

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        return queryset.filter(category=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """List filter by kind of skill."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind.replace("_", " ")) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        return queryset.filter(kind=self.value()) if self.value() else queryset


class SkillForm(DocumentForm):
    """Form that rejects a spelling of another skill, because the other skill would take precedence."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        skill_name = self.instance.name or self.cleaned_data.get("name") or ""
        for field in ("display_name", "aliases", "slugs"):
            value = self.cleaned_data.get(field) or []
            for spelling in [value] if isinstance(value, str) else value:
                owner = get_vocabulary().get(spelling)
                if owner is not None and owner.name != skill_name.lower():
                    message = f"{spelling!r} is a spelling of {owner.name!r}. Remove it from that skill first."
                    self.add_error(field, message)
        return cleaned


@admin.register(Skill)
class SkillAdmin(ExchangeMixin, DocumentAdmin):
    """Admin for vocabulary entries.

    Staff can merge duplicate skills. Seeded entries cannot be deleted, but can be marked as not a skill.
    """

    form = SkillForm
    resource_classes = (SkillResource,)
    suggestions = dict.fromkeys(REFERENCES, SKILL_SUGGESTIONS)
    list_display = ("display_name", "name", "category", "alias_list", "is_skill", "updated_at")
    phone_columns = ("display_name", "category", "is_skill")
    empty_text = "Run manage.py seed to load the vocabulary, or import a file."
    list_filter = (CategoryFilter, KindFilter, "is_skill")
    search_fields = ("name", "display_name", "aliases", "slugs")
    fields = (
        *("name", "display_name", "category", "subcategory", "kind", "aliases", "slugs", *REFERENCES),
        *("external_ids", "is_skill", "used_in", "merged_names", "updated_at"),
    )
    readonly_fields = ("used_in", "merged_names", "updated_at")
    actions = ("merge", "mark_as_skills", "mark_as_not_skills")
    actions_detail = ("merge_with",)

    @admin.display(description="aliases")
    def alias_list(self, skill: Any) -> str:
        aliases = ", ".join(skill.aliases[:4])
        return f"{aliases}, …" if len(skill.aliases) > 4 else aliases

    @admin.display(description="used in")
    def used_in(self, skill: Any) -> SafeString | str:
        # Cached because the theme evaluates this field four times per page.
        if not hasattr(skill, "uses"):
            skill.uses = "—" if skill._state.adding else _render_uses(skill.name)
        uses: SafeString | str = skill.uses
        return uses

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The name is read-only after creation because other documents refer to a skill by its name.
        return (*self.readonly_fields, "name") if obj is not None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Seeding would create a deleted entry again, but keeps the `is_skill` flag.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.seed_hash)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("merge/", wrap(self.merge_view), name="skills_skill_merge"),
            path("suggest.json", wrap(self.suggest_view), name="skills_skill_suggest"),
            *super().get_urls(),
        ]

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """Return suggestions for the text `q`: skills with similar spellings, best first, and the exact match."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = request.GET.get("q", "")
        suggestions = [{"value": skill.name, "label": describe_names(skill)} for skill in search_skills(text)]
        match = get_vocabulary().get(text)
        exact_match = {"value": match.name, "label": match.display_name} if match else None
        return JsonResponse({"suggestions": suggestions, "exact_match": exact_match})

    @action(description="Merge with another skill…", permissions=["change"], url_path="merge-with")
    def merge_with(self, request: HttpRequest, object_id: str) -> HttpResponse:
        skill = self.get_object(request, object_id)
        if skill is None:
            raise Http404
        return HttpResponseRedirect(f"{reverse('admin:skills_skill_merge')}?{_encode_names([skill.name])}")

    @admin.action(description="Merge two skills", permissions=["change"])
    def merge(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        names = [skill.name for skill in queryset[:3]]
        if len(names) != 2:
            self.message_user(request, "Select exactly two skills to merge.", messages.WARNING)
            return None
        return HttpResponseRedirect(f"{reverse('admin:skills_skill_merge')}?{_encode_names(names)}")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or _EXTRACTION_FIELDS.intersection(form.changed_data):
            offer_renormalization(request)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        offer_renormalization(request)
        return super().process_result(result, request)

    @admin.action(description="Mark as skills", permissions=["change"])
    def mark_as_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        self.update_selected(request, queryset, is_skill=True)
        offer_renormalization(request)

    @admin.action(description="Mark as not skills", permissions=["change"])
    def mark_as_not_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        if not is_confirmed(request):
            return render_selection_confirmation(
                request,
                queryset,
                verb="Mark as not skills:",
                facts=["They disappear from all API responses and are no longer extracted from postings."],
                undo="You can undo this with “Mark as skills”.",
            )
        self.update_selected(request, queryset, is_skill=False)
        offer_renormalization(request)
        return None

    def merge_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        names = list(dict.fromkeys(request.GET.getlist("name")))[:2]
        if not names or Skill.objects.filter(name__in=names).count() < len(names):
            text = "One of the skills has been merged or deleted in the meantime. Select the skills again."
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:skills_skill_changelist"))
        if len(names) == 1:
            return self._ask_for_target(request, names[0])
        form = MergeForm(request.POST or None, names=names, initial={"target": request.GET.get("target")})
        if request.method == "POST" and form.is_valid():
            target = form.cleaned_data["target"]
            source = next(name for name in names if name != target)
            try:
                merge_skills(source=source, target=target, now=timezone.now())
            except UnmergeableError as error:
                form.add_error("target", str(error))
            else:
                skill = Skill.objects.get(name=target)
                self.log_change(request, skill, f"Merged {source} into this skill.")
                fallback_message = "The next refresh updates the stats."
                enqueue_or_report(request, "market.tasks.refresh_daily_stats", fallback_message=fallback_message)
                self.message_user(request, f"Merged {source} into {target}.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:skills_skill_change", args=[skill.pk]))
        context = self.admin_site.each_context(request) | {
            "title": "Merge two skills",
            "opts": self.opts,
            "form": form,
            "submit_label": "Merge",
            "note": "Users, postings, stats, resources, project ideas and progress move to the skill you keep.",
            "facts": _describe_uses(names),
            "undo": "This cannot be undone.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)

    def _ask_for_target(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask for the skill to merge `name` into, then redirect to the merge confirmation page."""
        source = get_vocabulary().get(name)
        form = TargetForm(request.POST or None, source=source.name if source else name)
        if request.method == "POST" and form.is_valid():
            target = form.cleaned_data["skill"]
            query = urlencode([("name", form.source), ("name", target), ("target", target)])
            return HttpResponseRedirect(f"{reverse('admin:skills_skill_merge')}?{query}")
        context = self.admin_site.each_context(request) | {
            "title": f"Merge {source.display_name if source else name} into which skill?",
            "opts": self.opts,
            "form": form,
            "submit_label": "Continue",
            "note": "Nothing is merged yet. The next page shows what the merge would change.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)


class TargetForm(AliasForm):
    """Form for the target skill of a merge."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def clean_skill(self) -> str:
        name = super().clean_skill()
        if name == self.source:
            raise forms.ValidationError("A skill cannot be merged with itself. Enter another skill.")
        return name


class MergeForm(forms.Form):
    """Form for choosing which of two skills to keep."""

    target = forms.ChoiceField(label="Skill to keep", widget=UnfoldAdminRadioSelectWidget)

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        skills = Skill.objects.filter(name__in=names).values_list("name", "display_name")
        choices = [(name, f"{display_name} ({name})") for name, display_name in skills]
        self.fields["target"].choices = choices  # type: ignore[attr-defined]


def _encode_names(names: list[str]) -> str:
    return urlencode([("name", name) for name in names])


# URL name of each admin list that can be filtered by skill. The keys are collection names.
_CHANGELIST_URL_NAMES = {
    "job_postings": "admin:market_jobposting_changelist",
    "learning_resources": "admin:learning_learningresource_changelist",
    "project_ideas": "admin:projects_projectidea_changelist",
}


def _render_uses(name: str) -> SafeString:
    """Render the uses of the skill, with links to the lists filtered by the skill."""
    query = urlencode({"skill": name})
    parts: list[Any] = [
        format_html('<a class="staff-link" href="{}?{}">{}</a>', reverse(_CHANGELIST_URL_NAMES[kind]), query, text)
        if kind in _CHANGELIST_URL_NAMES
        else text
        for kind, text in list_uses(name, count_uses([name]))
    ]
    for label, field in (
        ("prerequisite of", "prerequisites"),
        ("implied by", "implies"),
        ("related to", "related"),
    ):
        if names := sorted(skill.name for skill in get_vocabulary() if name in getattr(skill, field)):
            parts.append(f"{label} {', '.join(names)}")
    if roles := _list_roles(name):
        parts.append(f"required by the roles (and part of their roadmaps): {', '.join(roles)}")
    return format_html('<ul class="staff-list">{}</ul>', format_html_join("", "<li>{}</li>", ((p,) for p in parts)))


def _list_roles(skill: str) -> list[str]:
    """Return the roles that require the skill, each with the percentage of its postings, largest first."""
    # Reading demands before any stats exist would compute and cache an empty result.
    if read_stats_version() is None:
        return []
    shares = {
        role: compute_percentage(requirement.count, demand.jobs)
        for role, demand in get_role_demands(days=WINDOW_DAYS, now=timezone.now()).items()
        for requirement in demand.list_required(threshold=DEFAULT_THRESHOLD)
        if requirement.name == skill
    }
    return [f"{role} ({shares[role]:.0f}%)" for role in sorted(shares, key=lambda role: (-shares[role], role))]


def _describe_uses(names: list[str]) -> list[str]:
    """Return one line per skill that lists its uses."""
    counts = count_uses(names)
    return [f"{name}: {', '.join(text for _, text in list_uses(name, counts))}" for name in names]
