"""The admin of the vocabulary: its entries, and the slugs that wait to be resolved."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.widgets import UnfoldAdminRadioSelectWidget

from career_navigator.admin_site.model_admin import ask_about_selected, enqueue_or_report, is_confirmed
from career_navigator.document_admin.admin import DocumentAdmin, DocumentForm
from career_navigator.document_admin.exchange import DocumentResource, ExchangeMixin
from career_navigator.document_admin.import_lookups import ImportLookups
from market.gaps import DEFAULT_THRESHOLD
from market.selectors import WINDOW_DAYS, get_role_demands, read_stats_version
from market.trends import percentage
from skills.documents import VOCABULARY, SkillDocument
from skills.models import Skill, SkillLookups
from skills.selectors import count_uses, get_vocabulary, list_uses
from skills.services import UnmergeableError, merge_skills
from skills.slug_admin import SKILL_SUGGESTIONS, AliasForm, describe_names, offer_renormalization, search_skills
from skills.vocabulary import CATEGORIES, spelling_key

# Where a skill has its spellings, the ones that win first.
_SPELLED_IN = ("name", "display_name", "aliases", "slugs")
# What decides which skills are read from a posting.
_READ_BY = frozenset({"name", "display_name", "aliases", "slugs", "is_skill"})


class SkillImportLookups(SkillLookups, ImportLookups):
    """Knows the spellings and prerequisites of every skill, those of earlier rows too."""

    def __init__(self, document: type[SkillDocument]) -> None:
        super().__init__(document)
        self._prerequisites: dict[str, list[str]] = {}
        # The names that the file's rows bring and that were not accepted yet.
        self._promised: set[str] = set()
        # Names win over display names, those over aliases, those over slugs, as in the vocabulary.
        self._owners: list[dict[str, str]] = [{} for _ in _SPELLED_IN]
        for row in document.objects.only("prerequisites", *_SPELLED_IN).order_by("name").as_pymongo():
            self._add(row)

    def expect(self, keys: Iterable[tuple[Any, ...]]) -> None:
        self._promised = {name for (name,) in keys}.difference(self._prerequisites)
        for name in self._promised:
            self._prerequisites[name] = []

    def find_missing(self, model: Any) -> str:
        for field in ("prerequisites", "related"):
            if missing := self._promised.intersection(getattr(model, field)):
                return f"{field}: the vocabulary has no {', '.join(sorted(missing))}."
        return ""

    def withdraw(self, model: Any) -> None:
        if model._state.adding:
            self._promised.add(model.name)

    def prepare(self, document: Any) -> None:
        document.all_prerequisites = self._prerequisites

    def accept(self, model: Any) -> None:
        super().accept(model)
        self._promised.discard(model.name)
        self._add({name: getattr(model, name) for name in ("prerequisites", *_SPELLED_IN)})

    def spell(self, name: str, value: Any) -> Any:
        return self.find_owner(value) or value

    def find_owner(self, spelling: str) -> str | None:
        name = " ".join(spelling.split()).lower()
        if name in self._prerequisites:
            return name
        key = spelling_key(spelling)
        return next((owners[key] for owners in self._owners if key in owners), None)

    def _add(self, row: Mapping[str, Any]) -> None:
        self._prerequisites[row["name"]] = row.get("prerequisites") or []
        for field, owners in zip(_SPELLED_IN, self._owners, strict=True):
            given = row.get(field) or ()
            for spelling in [given] if isinstance(given, str) else given:
                if key := spelling_key(spelling):
                    owners.setdefault(key, row["name"])


class SkillResource(DocumentResource):
    catalogue = VOCABULARY
    lookups_class = SkillImportLookups
    lookups: SkillImportLookups

    class Meta(DocumentResource.Meta):
        model = Skill
        import_id_fields = ("name",)
        fields = (
            *("name", "display_name", "category", "subcategory", "aliases", "slugs"),
            *("prerequisites", "related", "is_skill"),
        )

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Let a row name its skill in any spelling, unless it shows another skill under an alias."""
        super().before_import_row(row, **kwargs)
        name, shown = (str(row.get(column) or "").strip() for column in ("name", "display_name"))
        owner = self.lookups.find_owner(name)
        if owner is None:
            return
        if owner != " ".join(name.split()).lower() and shown and self.lookups.find_owner(shown) != owner:
            message = f"{name!r} means {owner!r}: write that name, or take the spelling from there first."
            raise ValidationError({"name": message})
        row["name"] = owner


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
                owner = get_vocabulary().get(spelling)
                if owner is not None and owner.name != own.lower():
                    self.add_error(field, f"{spelling!r} means {owner.name!r}; take it from there first.")
        return cleaned


@admin.register(Skill)
class SkillAdmin(ExchangeMixin, DocumentAdmin):
    """Entries of the vocabulary. Two that are one skill are merged; what seeding wrote is not deleted but set aside."""

    form = SkillForm
    resource_classes = (SkillResource,)
    suggestions = {"prerequisites": SKILL_SUGGESTIONS, "related": SKILL_SUGGESTIONS}
    list_display = ("display_name", "name", "category", "alias_list", "is_skill", "updated_at")
    phone_columns = ("display_name", "category", "is_skill")
    empty_text = "The command manage.py seed loads the vocabulary; an import adds a file of your own."
    list_filter = (CategoryFilter, "is_skill")
    search_fields = ("name", "display_name", "aliases", "slugs")
    fields = (
        *("name", "display_name", "category", "subcategory", "aliases", "slugs", "prerequisites", "related"),
        *("is_skill", "used_in", "merged_names", "updated_at"),
    )
    readonly_fields = ("used_in", "merged_names", "updated_at")
    actions = ("merge", "call_skills", "call_no_skills")
    actions_detail = ("merge_with",)

    @admin.display(description="aliases")
    def alias_list(self, skill: Any) -> str:
        shown = ", ".join(skill.aliases[:4])
        return f"{shown}, …" if len(skill.aliases) > 4 else shown

    @admin.display(description="used in")
    def used_in(self, skill: Any) -> SafeString | str:
        # The theme asks for it four times a page.
        if not hasattr(skill, "uses"):
            skill.uses = "—" if skill._state.adding else _render_uses(skill.name)
        uses: SafeString | str = skill.uses
        return uses

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
        wrap = self.admin_site.admin_view
        return [
            path("merge/", wrap(self.merge_view), name="skills_skill_merge"),
            path("suggest.json", wrap(self.suggest_view), name="skills_skill_suggest"),
            *super().get_urls(),
        ]

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """Skills whose names or aliases are like the text `q`, the most alike first, and the one that it means."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = request.GET.get("q", "")
        found = [{"value": each.name, "label": describe_names(each)} for each in search_skills(text)]
        meant = get_vocabulary().get(text)
        named = {"value": meant.name, "label": meant.display_name} if meant else None
        return JsonResponse({"found": found, "meant": named})

    @action(description="Merge with another skill…", permissions=["change"], url_path="merge-with")
    def merge_with(self, request: HttpRequest, object_id: str) -> HttpResponse:
        skill = self.get_object(request, object_id)
        if skill is None:
            raise Http404
        return HttpResponseRedirect(f"{reverse('admin:skills_skill_merge')}?{_query([skill.name])}")

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
            offer_renormalization(request)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        offer_renormalization(request)
        return super().process_result(result, request)

    @admin.action(description="Call them skills", permissions=["change"])
    def call_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        self.change_each(request, queryset, is_skill=True)
        offer_renormalization(request)

    @admin.action(description="Call them no skills", permissions=["change"])
    def call_no_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        if not is_confirmed(request):
            return ask_about_selected(
                request,
                queryset,
                verb="Call no skills:",
                facts=["They are in no answer any more, and no posting is read to ask for them."],
                undo="It can be undone: by “Call them skills”.",
            )
        self.change_each(request, queryset, is_skill=False)
        offer_renormalization(request)
        return None

    def merge_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        names = list(dict.fromkeys(request.GET.getlist("name")))[:2]
        if not names or Skill.objects.filter(name__in=names).count() < len(names):
            text = "Somebody has merged or deleted one of the skills meanwhile. Choose them again."
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:skills_skill_changelist"))
        if len(names) == 1:
            return self._ask_for_target(request, names[0])
        form = MergeForm(request.POST or None, names=names, initial={"kept": request.GET.get("keep")})
        if request.method == "POST" and form.is_valid():
            kept = form.cleaned_data["kept"]
            gone = next(name for name in names if name != kept)
            try:
                merge_skills(source=gone, target=kept, now=timezone.now())
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
            "facts": _describe_uses(names),
            "undo": "It cannot be undone.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)

    def _ask_for_target(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask which skill another one is to be merged into; the question that follows says what is merged."""
        source = get_vocabulary().get(name)
        form = TargetForm(request.POST or None, source=source.name if source else name)
        if request.method == "POST" and form.is_valid():
            target = form.cleaned_data["skill"]
            query = urlencode([("name", form.source), ("name", target), ("keep", target)])
            return HttpResponseRedirect(f"{reverse('admin:skills_skill_merge')}?{query}")
        context = self.admin_site.each_context(request) | {
            "title": f"Merge {source.display_name if source else name} into which skill?",
            "opts": self.opts,
            "form": form,
            "act": "Go on",
            "note": "Nothing is merged yet: the next page says what would be.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)


class TargetForm(AliasForm):
    """The skill that another one is merged into."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def clean_skill(self) -> str:
        name = super().clean_skill()
        if name == self.source:
            raise forms.ValidationError("That is the skill itself; name the other one.")
        return name


class MergeForm(forms.Form):
    kept = forms.ChoiceField(label="Which stays?", widget=UnfoldAdminRadioSelectWidget)

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = Skill.objects.filter(name__in=names).values_list("name", "display_name")
        self.fields["kept"].choices = [(name, f"{shown} ({name})") for name, shown in found]  # type: ignore[attr-defined]


def _query(names: list[str]) -> str:
    return urlencode([("name", name) for name in names])


# The lists that are filtered by a skill.
_LISTS = {
    "job_postings": "admin:market_jobposting_changelist",
    "learning_resources": "admin:learning_learningresource_changelist",
    "project_ideas": "admin:projects_projectidea_changelist",
}


def _render_uses(name: str) -> SafeString:
    """Return all that names the skill, with links to the lists that are filtered by it."""
    query = urlencode({"skill": name})
    parts: list[Any] = [
        format_html('<a class="staff-link" href="{}?{}">{}</a>', reverse(_LISTS[kind]), query, text)
        if kind in _LISTS
        else text
        for kind, text in list_uses(name, count_uses([name]))
    ]
    for what, field in (("prerequisite of", "prerequisites"), ("related to", "related")):
        if names := sorted(each.name for each in get_vocabulary() if name in getattr(each, field)):
            parts.append(f"{what} {', '.join(names)}")
    if roles := _list_roles(name):
        parts.append(f"required, and so in the roadmap, of {', '.join(roles)}")
    return format_html('<ul class="staff-list">{}</ul>', format_html_join("", "<li>{}</li>", ((p,) for p in parts)))


def _list_roles(skill: str) -> list[str]:
    """Return the roles whose postings require the skill, with the share that does, the largest first."""
    # Before the first stats are computed there is nothing to read, nor to keep.
    if read_stats_version() is None:
        return []
    shares = {
        role: percentage(found.count, demand.postings)
        for role, demand in get_role_demands(days=WINDOW_DAYS, now=timezone.now()).items()
        for found in demand.required(threshold=DEFAULT_THRESHOLD)
        if found.name == skill
    }
    return [f"{role} ({shares[role]:.0f} %)" for role in sorted(shares, key=lambda role: (-shares[role], role))]


def _describe_uses(names: list[str]) -> list[str]:
    """Say of each skill how much names it."""
    counts = count_uses(names)
    return [f"{name}: {', '.join(text for _, text in list_uses(name, counts))}" for name in names]
