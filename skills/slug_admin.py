"""Admin pages for resolving unknown slugs, and the fuzzy search that suggests skills."""

from datetime import datetime
from typing import Any

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
from unfold.widgets import UnfoldAdminTextInputWidget

from career_navigator.admin_site.dashboard import Attention
from career_navigator.admin_site.model_admin import UndoMixin, is_confirmed, offer_task, render_selection_confirmation
from career_navigator.document_admin.admin import DocumentAdmin
from skills.models import UnknownSlug
from skills.selectors import get_vocabulary
from skills.services import UnresolvableSlugError, resolve_as_alias, resolve_as_new, undo_resolution
from skills.vocabulary import Skill, get_spelling_key

# Minimum similarity, in percent, of a suggested spelling.
_MIN_SIMILARITY = 75
_MAX_SUGGESTED = 10
# Maximum number of results listed individually in the message after a bulk action.
_MAX_TEXTS = 5


UNKNOWN_SLUGS = Attention(
    title="Unknown slugs",
    note="technologies in postings that are not in the vocabulary; the stats ignore them until you resolve them",
    permission="skills.view_unknownslug",
    route="admin:skills_unknownslug_changelist",
    query="",
    collection="unknown_slugs",
    condition=lambda now: {},
)


def offer_renormalization(request: HttpRequest) -> None:
    """Offer to start the task that extracts the skills of stored postings again."""
    why = "The change applies to new postings automatically. To apply it to stored postings, start:"
    offer_task(request, name="market.tasks.reread_skills", why=why)


@admin.register(UnknownSlug)
class UnknownSlugAdmin(UndoMixin, DocumentAdmin):
    """Admin for unknown slugs, which can be resolved in the list or on their pages."""

    list_display = ("slug", "count", "last_seen_at", "resolve_buttons")
    phone_columns = ("slug", "count", "resolve_buttons")
    empty_text = "Slugs appear here when collected postings contain technologies that are not in the vocabulary."
    search_fields = ("slug",)
    fields = ("slug", "count", "first_seen_at", "last_seen_at", "resolve_buttons")
    readonly_fields = ("slug", "count", "first_seen_at", "last_seen_at", "resolve_buttons")
    actions = ("create_skills", "mark_as_not_skills")
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resolve_view)
        return [path("<path:object_id>/resolve/", view, name="skills_unknownslug_resolve"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.list_display if self.has_change_permission(request) else self.list_display[:-1]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if self.has_change_permission(request) else self.fields[:-1]

    @admin.display(description="resolve as")
    def resolve_buttons(self, slug: Any) -> SafeString:
        """Render the buttons that resolve the slug. They submit the form of the page to `resolve_view`."""
        url = reverse("admin:skills_unknownslug_resolve", args=[slug.pk])
        resolutions = [("alias", name, name) for name in _find_similar_names(slug.slug)]
        resolutions += [("new", "", "a new skill"), ("no_skill", "", "not a skill")]
        buttons = format_html_join(
            " ",
            '<button type="submit" class="resolve border border-base-200 dark:border-base-700 rounded px-2 py-1"'
            ' formaction="{}?skill={}" name="resolve" value="{}" formnovalidate>{}</button>',
            ((url, name, resolution, label) for resolution, name, label in resolutions),
        )
        return format_html(
            '<span class="staff-resolve">{} <a class="underline" href="{}">another skill…</a></span>', buttons, url
        )

    @admin.action(description="Create skills", permissions=["change"])
    def create_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        return self._resolve_selected(request, queryset, "new", verb="Create skills from")

    @admin.action(description="Mark as not skills", permissions=["change"])
    def mark_as_not_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        return self._resolve_selected(request, queryset, "no_skill", verb="Mark as not skills:")

    def _resolve_selected(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]", resolution: str, *, verb: str
    ) -> HttpResponse | None:
        if not is_confirmed(request):
            return render_selection_confirmation(request, queryset, verb=verb, undo="You can undo this for one hour.")
        resolved = [result for slug in queryset if (result := self._resolve(request, slug, resolution, ""))]
        if resolved:
            texts = " ".join(result["text"] for result in resolved[:_MAX_TEXTS])
            more = f" And {len(resolved) - _MAX_TEXTS:,} more." if len(resolved) > _MAX_TEXTS else ""
            self.offer_undo(request, texts + more, {"resolved": resolved})
        offer_renormalization(request)
        return None

    def resolve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        slug = self.get_object(request, object_id)
        back = reverse("admin:skills_unknownslug_changelist")
        if slug is None:
            self.message_user(request, "This slug has already been resolved.", messages.WARNING)
            return HttpResponseRedirect(back)
        form = AliasForm(request.POST if "skill" in request.POST else None)
        if request.method == "POST" and "resolve" in request.POST:
            self._resolve_one(request, slug, request.POST["resolve"], request.GET.get("skill", ""))
            return HttpResponseRedirect(back)
        if request.method == "POST" and form.is_valid():
            self._resolve_one(request, slug, "alias", form.cleaned_data["skill"])
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": f"Which skill is {slug}?",
            "opts": self.opts,
            "form": form,
            "submit_label": "Resolve",
            "note": f"Seen {slug.count:,} time{'' if slug.count == 1 else 's'}.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)

    def _resolve_one(self, request: HttpRequest, slug: Any, resolution: str, skill: str) -> None:
        resolved = self._resolve(request, slug, resolution, skill)
        if resolved:
            self.offer_undo(request, resolved["text"], {"resolved": [resolved]})
        offer_renormalization(request)

    def _resolve(self, request: HttpRequest, slug: Any, resolution: str, skill: str) -> dict[str, Any] | None:
        """Resolve a slug and return the values that `undo` needs, or None if the slug could not be resolved."""
        now = timezone.now()
        created_at = None
        try:
            if resolution == "alias":
                resolve_as_alias(slug=slug.slug, skill=skill, now=now)
                text = f"Resolved {slug} as {skill}."
            else:
                skill = resolve_as_new(slug=slug.slug, is_skill=resolution == "new", now=now).name
                # Truncated to milliseconds, as MongoDB stores it, because `undo_resolution` compares the two.
                created_at = now.replace(microsecond=now.microsecond // 1000 * 1000).isoformat()
                text = f"Created the skill {slug}." if resolution == "new" else f"Marked {slug} as not a skill."
        except UnresolvableSlugError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        self.log_change(request, slug, text)
        seen = [slug.count, slug.first_seen_at.isoformat(), slug.last_seen_at.isoformat()]
        return {
            "id": str(slug.pk),
            "slug": slug.slug,
            "skill": skill,
            "created_at": created_at,
            "seen": seen,
            "text": text,
        }

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
        undone = 0
        for result in values["resolved"]:
            count, first_seen_at, last_seen_at = result["seen"]
            try:
                undo_resolution(
                    slug=result["slug"],
                    skill=result["skill"],
                    created_at=datetime.fromisoformat(result["created_at"]) if result["created_at"] else None,
                    seen={
                        "count": count,
                        "first_seen_at": datetime.fromisoformat(first_seen_at),
                        "last_seen_at": datetime.fromisoformat(last_seen_at),
                    },
                    now=timezone.now(),
                )
            except UnresolvableSlugError as error:
                self.message_user(request, str(error), messages.ERROR)
                continue
            undone += 1
            self.log_change(request, UnknownSlug(pk=result["id"], slug=result["slug"]), f"Undone: {result['text']}")
        if undone:
            self.message_user(request, f"Undone. Unknown slugs to resolve again: {undone:,}.", messages.SUCCESS)
            offer_renormalization(request)


class AliasForm(forms.Form):
    """Form for choosing a skill by any of its names."""

    skill = forms.CharField(
        label="Skill",
        max_length=100,
        help_text="Enter a name or an alias. Suggestions appear as you type.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "data-suggest": "skills/skill/suggest.json"}),
    )

    def clean_skill(self) -> str:
        found = get_vocabulary().get(self.cleaned_data["skill"])
        if found is None:
            raise forms.ValidationError("The vocabulary does not contain this skill.")
        return found.name


def search_skills(text: str) -> list[Skill]:
    """Return the skills whose names or aliases contain the text or are spelled like it, most similar first."""
    key = get_spelling_key(text)
    if not key:
        return []
    scored = []
    for skill in get_vocabulary():
        spellings = [get_spelling_key(spelling) for spelling in (skill.name, skill.display_name, *skill.aliases)]
        score = max(_score_similarity(key, spelling) for spelling in spellings)
        if score >= _MIN_SIMILARITY:
            scored.append((-score, skill.name, skill))
    return [skill for _, _, skill in sorted(scored)[:_MAX_SUGGESTED]]


def _score_similarity(key: str, spelling: str) -> float:
    if spelling.startswith(key):
        # The fewer characters follow the prefix, the better the match.
        return 200 - min(99, len(spelling) - len(key))
    return 101 if key in spelling else fuzz.ratio(key, spelling)


def show_skill(name: str) -> str:
    """Return the display name of a skill."""
    return get_vocabulary().get_display_name(name)


# Value of `DocumentAdmin.suggestions` for fields that contain skill names.
SKILL_SUGGESTIONS = ("skills/skill/suggest.json", show_skill)


def describe_names(skill: Skill) -> str:
    """Return the display name of a skill, followed by up to three aliases in parentheses."""
    return f"{skill.display_name} ({', '.join(skill.aliases[:3])})" if skill.aliases else skill.display_name


def _find_similar_names(slug: str) -> list[str]:
    """Return the names of at most two skills whose names are spelled most like the slug."""
    names = {skill.name: get_spelling_key(skill.name) for skill in get_vocabulary() if skill.is_skill}
    found = process.extract(get_spelling_key(slug), names, scorer=fuzz.ratio, limit=2, score_cutoff=_MIN_SIMILARITY)
    return [name for _, _, name in found]
