"""Admin pages for project ideas."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path

from career_navigator.document_admin.admin import ExactFilter, HiddenFilter
from career_navigator.document_admin.exchange import CuratedAdmin, DocumentResource
from projects.documents import ProjectIdeaDocument as Document
from projects.ideas import CATALOGUE
from projects.models import ProjectIdea
from skills.selectors import get_vocabulary
from skills.slug_admin import SKILL_SUGGESTIONS

_MAX_SUGGESTED = 10


class ProjectIdeaResource(DocumentResource):
    """Import and export of project ideas."""

    catalogue = CATALOGUE

    class Meta(DocumentResource.Meta):
        model = ProjectIdea
        import_id_fields = ("id",)
        fields = ("id", *Document.CONTENT_FIELDS, "hidden")


class SkillFilter(ExactFilter):
    """List filter by skill, in any spelling."""

    title = "skill"
    parameter_name = "skill"
    field = "skills"

    def as_stored(self, text: str) -> str:
        return get_vocabulary().get_canonical_name(text.strip()) or text.strip().lower()


@admin.register(ProjectIdea)
class ProjectIdeaAdmin(CuratedAdmin):
    """Admin for project ideas. The API does not return hidden ideas."""

    resource_classes = (ProjectIdeaResource,)
    suggestions = {"skills": SKILL_SUGGESTIONS, "roles": ("projects/projectidea/suggest-roles.json", None)}
    list_display = ("title", "id", "difficulty", "estimated_time", "skill_list", "is_hidden")
    phone_columns = ("title", "difficulty", "estimated_time")
    empty_text = "Run manage.py seed to load the platform's ideas, or import a file."
    list_filter = (SkillFilter, "difficulty", HiddenFilter)
    search_fields = ("title", "description", "skills", "roles")
    exclude = ("seed_hash",)
    readonly_fields = ("updated_at",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.suggest_roles_view)
        return [path("suggest-roles.json", view, name="projects_projectidea_suggest_roles"), *super().get_urls()]

    def suggest_roles_view(self, request: HttpRequest) -> HttpResponse:
        """Return the roles of all ideas that contain the text `q`, and the exact match."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = " ".join(request.GET.get("q", "").split()).casefold()
        roles = sorted(role for role in Document.objects.distinct("roles") if text and text in role.casefold())
        suggestions = [{"value": role, "label": role} for role in roles]
        exact_match = next((suggestion for suggestion in suggestions if suggestion["value"].casefold() == text), None)
        return JsonResponse({"suggestions": suggestions[:_MAX_SUGGESTED], "exact_match": exact_match})

    @admin.display(description="skills")
    def skill_list(self, idea: Any) -> str:
        return ", ".join(idea.skills)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The id is read-only after creation because users' progress refers to an idea by its id.
        return (*self.readonly_fields, "id") if obj is not None else self.readonly_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = ProjectIdea.objects.order_by("-pk").values_list("pk", flat=True).first()
        return super().get_changeform_initial_data(request) | {"id": (last or 0) + 1}
