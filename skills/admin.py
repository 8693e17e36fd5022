"""The admin of the vocabulary: its entries, and the slugs that wait to be settled."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from rapidfuzz import fuzz, process
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from career_navigator.admin_site.model_admin import enqueue_or_report, offer_task
from career_navigator.document_admin.admin import DocumentAdmin, DocumentForm
from career_navigator.document_admin.exchange import DocumentResource, ExchangeMixin, ImportLookups
from skills.documents import VOCABULARY, SkillDocument
from skills.models import Skill, UnknownSlug
from skills.selectors import vocabulary
from skills.services import UnmergeableError, UnresolvableSlugError, merge_skills, resolve_as_alias, resolve_as_new
from skills.vocabulary import CATEGORIES, spelling_key

# Below this a spelling is too far off to be offered.
_LIKE_ENOUGH = 75
# What decides which skills are read from a posting.
_READ_BY = frozenset({"name", "display_name", "aliases", "slugs", "is_skill"})


class SkillLookups(ImportLookups):
    """Knows the prerequisites of every skill, those of earlier rows too."""

    def __init__(self, document: type[SkillDocument]) -> None:
        super().__init__(document)
        rows = document.objects.only("name", "prerequisites").as_pymongo()
        self._prerequisites: dict[str, list[str]] = {row["name"]: row.get("prerequisites", []) for row in rows}

    def prepare(self, document: Any) -> None:
        document.all_prerequisites = self._prerequisites

    def accept(self, model: Any) -> None:
        super().accept(model)
        self._prerequisites[model.name] = model.prerequisites


class SkillResource(DocumentResource):
    catalogue = VOCABULARY
    lookups_class = SkillLookups

    class Meta(DocumentResource.Meta):
        model = Skill
        import_id_fields = ("name",)
        fields = (
            *("name", "display_name", "category", "subcategory", "aliases", "slugs"),
            *("prerequisites", "related", "is_skill"),
        )


class CategoryFilter(admin.SimpleListFilter):
    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(category, category) for category in CATEGORIES]

    def queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        return queryset.filter(category=self.value()) if self.value() else queryset


class SkillForm(DocumentForm):
    """Refuses spellings that mean another skill: there they would be of no effect."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        own = self.instance.name or self.cleaned_data.get("name") or ""
        for field in ("display_name", "aliases", "slugs"):
            given = self.cleaned_data.get(field) or []
            for spelling in [given] if isinstance(given, str) else given:
                owner = vocabulary().get(spelling)
                if owner is not None and owner.name != own.lower():
                    self.add_error(field, f"{spelling!r} means {owner.name!r}; take it from there first.")
        return cleaned


@admin.register(Skill)
class SkillAdmin(ExchangeMixin, DocumentAdmin):
    """Entries of the vocabulary. Two that are one skill are merged; what seeding wrote is not deleted but set aside."""

    form = SkillForm
    resource_classes = (SkillResource,)
    list_display = ("display_name", "name", "category", "alias_list", "is_skill", "updated_at")
    list_filter = (CategoryFilter, "is_skill")
    search_fields = ("name", "display_name", "aliases", "slugs")
    fields = (
        *("name", "display_name", "category", "subcategory", "aliases", "slugs", "prerequisites", "related"),
        *("is_skill", "merged_names", "updated_at"),
    )
    readonly_fields = ("merged_names", "updated_at")
    actions = ("merge", "call_skills", "call_no_skills")

    @admin.display(description="aliases")
    def alias_list(self, skill: Any) -> str:
        shown = ", ".join(skill.aliases[:4])
        return f"{shown}, …" if len(skill.aliases) > 4 else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Everything names a skill by its name: another name is a new skill, or a merge.
        return (*self.readonly_fields, "name") if obj is not None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Seeding would bring it back; "not a skill" lasts.
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.seed_hash)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.merge_view)
        return [path("merge/", view, name="skills_skill_merge"), *super().get_urls()]

    @admin.action(description="Merge two skills", permissions=["change"])
    def merge(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        names = [skill.name for skill in queryset[:3]]
        if len(names) != 2:
            self.message_user(request, "Choose the two skills that are one.", messages.WARNING)
            return None
        return HttpResponseRedirect(f"{reverse('admin:skills_skill_merge')}?{_query(names)}")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or _READ_BY.intersection(form.changed_data):
            _offer_rereading(request)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        _offer_rereading(request)
        return super().process_result(result, request)

    @admin.action(description="Call them skills", permissions=["change"])
    def call_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        self.change_each(request, queryset, is_skill=True)
        _offer_rereading(request)

    @admin.action(description="Call them no skills", permissions=["change"])
    def call_no_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        self.change_each(request, queryset, is_skill=False)
        _offer_rereading(request)

    def merge_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        names = request.GET.getlist("name")
        form = MergeForm(request.POST or None, names=names)
        if request.method == "POST" and form.is_valid():
            kept = form.cleaned_data["kept"]
            gone = next(name for name in names if name != kept)
            try:
                merge_skills(gone=gone, kept=kept, now=timezone.now())
            except UnmergeableError as error:
                form.add_error("kept", str(error))
            else:
                skill = Skill.objects.get(name=kept)
                self.log_change(request, skill, f"Merged {gone} into it.")
                later = "The figures follow with the next refresh."
                enqueue_or_report(request, "market.tasks.refresh_daily_stats", otherwise=later)
                self.message_user(request, f"{gone} is {kept} now.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:skills_skill_change", args=[skill.pk]))
        context = self.admin_site.each_context(request) | {
            "title": "Merge two skills",
            "opts": self.opts,
            "form": form,
            "act": "Merge",
            "note": "Users, postings, figures, resources, project ideas and progress go to the skill that stays.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)


class MergeForm(forms.Form):
    kept = forms.ChoiceField(label="Which stays?", widget=UnfoldAdminRadioSelectWidget)

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Skill.objects.filter(name__in=names[:2]).values_list("name", "display_name")
        choices = [(name, f"{shown} ({name})") for name, shown in found]
        kept = self.fields["kept"]
        kept.choices = choices if len(choices) == 2 else []  # type: ignore[attr-defined]


def _query(names: list[str]) -> str:
    return urlencode([("name", name) for name in names])


@admin.register(UnknownSlug)
class UnknownSlugAdmin(DocumentAdmin):
    """Slugs that collection met, the most frequent first; each is settled by one click or on its page."""

    list_display = ("slug", "count", "last_seen_at", "settle_buttons")
    search_fields = ("slug",)
    fields = ("slug", "count", "first_seen_at", "last_seen_at", "settle_buttons")
    readonly_fields = ("slug", "count", "first_seen_at", "last_seen_at", "settle_buttons")
    actions = ("call_new_skills", "call_no_skills")
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.settle_view)
        return [path("<path:object_id>/settle/", view, name="skills_unknownslug_settle"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display if self.has_change_permission(request) else self.list_display[:-1]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Nothing of it is edited, so nothing has to be remembered.
        return self.fields if self.has_change_permission(request) else self.fields[:-1]

    @admin.display(description="it is")
    def settle_buttons(self, slug: Any) -> SafeString:
        """Buttons of the form that the list or the page is; each posts to the settling view."""
        address = reverse("admin:skills_unknownslug_settle", args=[slug.pk])
        near = _nearest(slug.slug)
        answers = [("alias", name, f"is {name}") for name in near]
        answers += [("new", "", "a new skill"), ("no_skill", "", "not a skill")]
        buttons = format_html_join(
            " ",
            '<button type="submit" class="settle border border-base-200 dark:border-base-700 rounded px-2 py-1"'
            ' formaction="{}?skill={}" name="settle" value="{}" formnovalidate>{}</button>',
            ((address, name, answer, label) for answer, name, label in answers),
        )
        return format_html(
            '<span class="staff-settle">{} <a class="underline" href="{}">another…</a></span>', buttons, address
        )

    @admin.action(description="They are new skills", permissions=["change"])
    def call_new_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        for slug in queryset:
            self._settle(request, slug, "new", "")
        _offer_rereading(request)

    @admin.action(description="They are not skills", permissions=["change"])
    def call_no_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        for slug in queryset:
            self._settle(request, slug, "no_skill", "")
        _offer_rereading(request)

    def settle_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        slug = self.get_object(request, object_id)
        back = reverse("admin:skills_unknownslug_changelist")
        if slug is None:
            self.message_user(request, "Somebody settled it already.", messages.WARNING)
            return HttpResponseRedirect(back)
        form = AliasForm(request.POST if "skill" in request.POST else None)
        if request.method == "POST" and "settle" in request.POST:
            self._settle(request, slug, request.POST["settle"], request.GET.get("skill", ""))
            _offer_rereading(request)
            return HttpResponseRedirect(back)
        if request.method == "POST" and form.is_valid():
            self._settle(request, slug, "alias", form.cleaned_data["skill"])
            _offer_rereading(request)
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": f"{slug}: which skill is it?",
            "opts": self.opts,
            "form": form,
            "act": "It is that skill",
            "note": f"Seen {slug.count} times.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)

    def _settle(self, request: HttpRequest, slug: Any, answer: str, skill: str) -> None:
        now = timezone.now()
        try:
            if answer == "alias":
                resolve_as_alias(slug=slug.slug, skill=skill, now=now)
                text = f"{slug} is {skill}."
            else:
                resolve_as_new(slug=slug.slug, is_skill=answer == "new", now=now)
                text = f"{slug} is a skill of its own." if answer == "new" else f"{slug} is not a skill."
        except UnresolvableSlugError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        self.log_change(request, slug, text)
        self.message_user(request, text, messages.SUCCESS)


class AliasForm(forms.Form):
    skill = forms.CharField(
        label="Skill",
        max_length=100,
        help_text="Its name or one of its aliases.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def clean_skill(self) -> str:
        found = vocabulary().get(self.cleaned_data["skill"])
        if found is None:
            raise forms.ValidationError("The vocabulary has no such skill.")
        return found.name


def _offer_rereading(request: HttpRequest) -> None:
    why = "New postings follow by themselves; for those that are stored:"
    offer_task(request, name="market.tasks.reread_skills", why=why)


def _nearest(slug: str) -> list[str]:
    """The skills whose names are spelt most like the slug, at most two."""
    names = {skill.name: spelling_key(skill.name) for skill in vocabulary() if skill.is_skill}
    found = process.extract(spelling_key(slug), names, scorer=fuzz.ratio, limit=2, score_cutoff=_LIKE_ENOUGH)
    return [name for _, _, name in found]
