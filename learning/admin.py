"""Admin pages for learning resources and blueprints."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from career_navigator.admin_site.dashboard import Attention
from career_navigator.document_admin.admin import ExactFilter, HiddenFilter
from career_navigator.document_admin.exchange import CuratedAdmin, DocumentResource
from learning import blueprints
from learning.documents import BlueprintDocument, LearningResourceDocument
from learning.models import Blueprint, LearningResource
from learning.resources import CATALOGUE
from skills.selectors import get_vocabulary
from skills.slug_admin import SKILL_SUGGESTIONS

BROKEN_LINKS = Attention(
    title="Broken links",
    note="learning resources that are left out of roadmaps until their URLs work again",
    permission="learning.view_learningresource",
    route="admin:learning_learningresource_changelist",
    query="?link=broken&hidden=no",
    collection="learning_resources",
    condition=lambda now: {"broken_since": {"$ne": None}, "hidden": {"$ne": True}},
)


class LearningResourceResource(DocumentResource):
    """Import and export of learning resources."""

    catalogue = CATALOGUE

    class Meta(DocumentResource.Meta):
        model = LearningResource
        import_id_fields = ("skill", "url")
        fields = (*LearningResourceDocument.SEEDED_FIELDS, "hidden")


class SkillFilter(ExactFilter):
    """List filter by skill, in any spelling."""

    title = "skill"
    parameter_name = "skill"
    field = "skill"

    def as_stored(self, text: str) -> str:
        return get_vocabulary().get_canonical_name(text.strip()) or text.strip().lower()


class BrokenFilter(admin.SimpleListFilter):
    """List filter for broken and working links."""

    title = "link"
    parameter_name = "link"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("broken", "Broken"), ("answers", "Working")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"broken", "answers"}:
            return queryset
        return queryset.filter(broken_since__isnull=self.value() == "answers")


@admin.register(LearningResource)
class LearningResourceAdmin(CuratedAdmin):
    """Admin for learning resources. The API does not return hidden or broken resources."""

    resource_classes = (LearningResourceResource,)
    list_display = ("title", "skill", "type", "level", "free", "link", "broken_since", "is_hidden")
    phone_columns = ("title", "skill", "broken_since")
    empty_text = "Run manage.py seed to load the platform's resources, or import a file."
    list_filter = (SkillFilter, "type", "level", "free", BrokenFilter, HiddenFilter)
    search_fields = ("title", "skill", "url", "provider")
    exclude = ("seed_hash",)
    readonly_fields = ("checked_at", "broken_since", "updated_at")
    actions = ("publish", "hide", "mark_broken", "mark_working")

    def formfield_for_dbfield(self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "skill":
            field.widget.attrs |= {"data-suggest": SKILL_SUGGESTIONS[0], "autocomplete": "off"}
        return field

    @admin.display(description="link")
    def link(self, resource: Any) -> SafeString:
        return format_html(
            '<a class="underline" href="{}" target="_blank" rel="noopener noreferrer">open</a>', resource.url
        )

    @admin.action(description="Mark as broken", permissions=["change"])
    def mark_broken(self, request: HttpRequest, queryset: Any) -> None:
        self.update_selected(request, queryset.filter(broken_since__isnull=True), broken_since=timezone.now())

    @admin.action(description="Mark as working", permissions=["change"])
    def mark_working(self, request: HttpRequest, queryset: Any) -> None:
        self.update_selected(request, queryset, broken_since=None)


class BlueprintResource(DocumentResource):
    """Import and export of blueprints."""

    catalogue = blueprints.CATALOGUE

    class Meta(DocumentResource.Meta):
        model = Blueprint
        import_id_fields = ("role",)
        fields = (*BlueprintDocument.SEEDED_FIELDS, "hidden")


@admin.register(Blueprint)
class BlueprintAdmin(CuratedAdmin):
    """Admin for blueprints. Roadmaps do not use hidden blueprints."""

    resource_classes = (BlueprintResource,)
    suggestions = {"never": SKILL_SUGGESTIONS}
    list_display = ("role", "core_hours", "updated_at", "is_hidden")
    phone_columns = ("role", "core_hours", "updated_at")
    empty_text = "Run manage.py seed to load the platform's blueprints, or import a file."
    list_filter = (HiddenFilter,)
    search_fields = ("role", "also_for", "core", "specialisation", "nice_to_have")
    exclude = ("seed_hash",)
    readonly_fields = ("updated_at",)

    @admin.display(description="hours of the core")
    def core_hours(self, blueprint: Any) -> int:
        core = blueprints.Tier.CORE
        return sum(blueprints.parse_entry(text, tier=core).hours for text in blueprint.core)
