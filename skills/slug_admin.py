"""The slugs that wait to be resolved in the admin, and looking for the skill that one is."""

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
from career_navigator.admin_site.model_admin import UndoMixin, ask_about_selected, is_confirmed, offer_task
from career_navigator.document_admin.admin import DocumentAdmin
from skills.models import UnknownSlug
from skills.selectors import get_vocabulary
from skills.services import UnresolvableSlugError, resolve_as_alias, resolve_as_new, undo_resolution
from skills.vocabulary import Skill, spelling_key

# Below this a spelling is too far off to be offered.
_MIN_LIKENESS = 75
_MAX_SUGGESTED = 10
# Of what is resolved at once, so many outcomes are reported one by one.
_MAX_TEXTS = 5


UNKNOWN_SLUGS = Attention(
    title="Unknown slugs",
    note="technologies in postings that the vocabulary does not know; until they are resolved no figure counts them",
    permission="skills.view_unknownslug",
    route="admin:skills_unknownslug_changelist",
    query="",
    collection="unknown_slugs",
    condition=lambda now: {},
)


def offer_renormalization(request: HttpRequest) -> None:
    why = "New postings follow by themselves; for those that are stored:"
    offer_task(request, name="market.tasks.reread_skills", why=why)


@admin.register(UnknownSlug)
class UnknownSlugAdmin(UndoMixin, DocumentAdmin):
    """Slugs that collection met, the most frequent first; each is resolved by one click or on its page."""

    list_display = ("slug", "count", "last_seen_at", "resolve_buttons")
    phone_columns = ("slug", "count", "resolve_buttons")
    empty_text = "Collections put slugs here that the vocabulary does not know."
    search_fields = ("slug",)
    fields = ("slug", "count", "first_seen_at", "last_seen_at", "resolve_buttons")
    readonly_fields = ("slug", "count", "first_seen_at", "last_seen_at", "resolve_buttons")
    actions = ("call_new_skills", "call_no_skills")
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
        # Nothing of it is edited, so nothing has to be remembered.
        return self.fields if self.has_change_permission(request) else self.fields[:-1]

    @admin.display(description="it is")
    def resolve_buttons(self, slug: Any) -> SafeString:
        """Buttons of the form that the list or the page is; each posts to the resolving view."""
        address = reverse("admin:skills_unknownslug_resolve", args=[slug.pk])
        near = _nearest(slug.slug)
        answers = [("alias", name, f"is {name}") for name in near]
        answers += [("new", "", "a new skill"), ("no_skill", "", "not a skill")]
        buttons = format_html_join(
            " ",
            '<button type="submit" class="resolve border border-base-200 dark:border-base-700 rounded px-2 py-1"'
            ' formaction="{}?skill={}" name="resolve" value="{}" formnovalidate>{}</button>',
            ((address, name, answer, label) for answer, name, label in answers),
        )
        return format_html(
            '<span class="staff-resolve">{} <a class="underline" href="{}">another…</a></span>', buttons, address
        )

    @admin.action(description="They are new skills", permissions=["change"])
    def call_new_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        return self._resolve_selected(request, queryset, "new", verb="Make skills of")

    @admin.action(description="They are not skills", permissions=["change"])
    def call_no_skills(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> HttpResponse | None:
        return self._resolve_selected(request, queryset, "no_skill", verb="Call no skills:")

    def _resolve_selected(
        self, request: HttpRequest, queryset: "models.QuerySet[Any]", answer: str, *, verb: str
    ) -> HttpResponse | None:
        if not is_confirmed(request):
            return ask_about_selected(request, queryset, verb=verb, undo="It can be undone for an hour, by “Undo”.")
        resolved = [each for slug in queryset if (each := self._resolve(request, slug, answer, ""))]
        if resolved:
            texts = " ".join(each["text"] for each in resolved[:_MAX_TEXTS])
            more = f" And {len(resolved) - _MAX_TEXTS:,} more." if len(resolved) > _MAX_TEXTS else ""
            self.offer_undo(request, texts + more, {"settled": resolved})
        offer_renormalization(request)
        return None

    def resolve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        slug = self.get_object(request, object_id)
        back = reverse("admin:skills_unknownslug_changelist")
        if slug is None:
            self.message_user(request, "Somebody resolved it already.", messages.WARNING)
            return HttpResponseRedirect(back)
        form = AliasForm(request.POST if "skill" in request.POST else None)
        if request.method == "POST" and "resolve" in request.POST:
            self._resolve_one(request, slug, request.POST["resolve"], request.GET.get("skill", ""))
            return HttpResponseRedirect(back)
        if request.method == "POST" and form.is_valid():
            self._resolve_one(request, slug, "alias", form.cleaned_data["skill"])
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": f"{slug}: which skill is it?",
            "opts": self.opts,
            "form": form,
            "act": "It is that skill",
            "note": f"Seen {slug.count:,} time{'' if slug.count == 1 else 's'}.",
        }
        return TemplateResponse(request, "career_navigator/question.html", context)

    def _resolve_one(self, request: HttpRequest, slug: Any, answer: str, skill: str) -> None:
        resolved = self._resolve(request, slug, answer, skill)
        if resolved:
            self.offer_undo(request, resolved["text"], {"settled": [resolved]})
        offer_renormalization(request)

    def _resolve(self, request: HttpRequest, slug: Any, answer: str, skill: str) -> dict[str, Any] | None:
        """Resolve a slug; what undoing it takes, or None where it could not be resolved so."""
        now = timezone.now()
        made_at = None
        try:
            if answer == "alias":
                resolve_as_alias(slug=slug.slug, skill=skill, now=now)
                text = f"{slug} is {skill}."
            else:
                skill = resolve_as_new(slug=slug.slug, is_skill=answer == "new", now=now).name
                # As it is stored, in milliseconds.
                made_at = now.replace(microsecond=now.microsecond // 1000 * 1000).isoformat()
                text = f"{slug} is a skill of its own." if answer == "new" else f"{slug} is not a skill."
        except UnresolvableSlugError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        self.log_change(request, slug, text)
        seen = [slug.count, slug.first_seen_at.isoformat(), slug.last_seen_at.isoformat()]
        return {"id": str(slug.pk), "slug": slug.slug, "skill": skill, "made_at": made_at, "seen": seen, "text": text}

    def undo(self, request: HttpRequest, values: dict[str, Any]) -> None:
        undone = 0
        for each in values["settled"]:
            count, first, last = each["seen"]
            try:
                undo_resolution(
                    slug=each["slug"],
                    skill=each["skill"],
                    created_at=datetime.fromisoformat(each["made_at"]) if each["made_at"] else None,
                    seen={
                        "count": count,
                        "first_seen_at": datetime.fromisoformat(first),
                        "last_seen_at": datetime.fromisoformat(last),
                    },
                    now=timezone.now(),
                )
            except UnresolvableSlugError as error:
                self.message_user(request, str(error), messages.ERROR)
                continue
            undone += 1
            self.log_change(request, UnknownSlug(pk=each["id"], slug=each["slug"]), f"Undone: {each['text']}")
        if undone:
            self.message_user(request, f"Undone: {undone:,} wait to be resolved again.", messages.SUCCESS)
            offer_renormalization(request)


class AliasForm(forms.Form):
    skill = forms.CharField(
        label="Skill",
        max_length=100,
        help_text="Its name or one of its aliases; suggestions appear while you type.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "data-suggest": "skills/skill/suggest.json"}),
    )

    def clean_skill(self) -> str:
        found = get_vocabulary().get(self.cleaned_data["skill"])
        if found is None:
            raise forms.ValidationError("The vocabulary has no such skill.")
        return found.name


def search_skills(text: str) -> list[Skill]:
    """The skills whose names or aliases have the text in them or are spelt like it, the most alike first."""
    key = spelling_key(text)
    if not key:
        return []
    scored = []
    for skill in get_vocabulary():
        spellings = [spelling_key(each) for each in (skill.name, skill.display_name, *skill.aliases)]
        score = max(_likeness(key, each) for each in spellings)
        if score >= _MIN_LIKENESS:
            scored.append((-score, skill.name, skill))
    return [skill for _, _, skill in sorted(scored)[:_MAX_SUGGESTED]]


def _likeness(key: str, spelling: str) -> float:
    if spelling.startswith(key):
        # The shorter it goes on, the better.
        return 200 - min(99, len(spelling) - len(key))
    return 101 if key in spelling else fuzz.ratio(key, spelling)


def show_skill(name: str) -> str:
    """Return how a skill is shown to people."""
    return get_vocabulary().display_name(name)


# Of fields with names of skills: see `DocumentAdmin.suggestions`.
SKILL_SUGGESTIONS = ("skills/skill/suggest.json", show_skill)


def describe_names(skill: Skill) -> str:
    return f"{skill.display_name} ({', '.join(skill.aliases[:3])})" if skill.aliases else skill.display_name


def _nearest(slug: str) -> list[str]:
    """The skills whose names are spelt most like the slug, at most two."""
    names = {skill.name: spelling_key(skill.name) for skill in get_vocabulary() if skill.is_skill}
    found = process.extract(spelling_key(slug), names, scorer=fuzz.ratio, limit=2, score_cutoff=_MIN_LIKENESS)
    return [name for _, _, name in found]
