"""The admin of the project ideas."""

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
    catalogue = CATALOGUE

    class Meta(DocumentResource.Meta):
        model = ProjectIdea
        import_id_fields = ("id",)
        fields = ("id", *Document.CONTENT_FIELDS, "hidden")


class SkillFilter(ExactFilter):
    title = "skill"
    parameter_name = "skill"
    field = "skills"

    def as_stored(self, text: str) -> str:
        return get_vocabulary().canonical(text.strip()) or text.strip().lower()


@admin.register(ProjectIdea)
class ProjectIdeaAdmin(CuratedAdmin):
    """Ideas. Hidden ones are answered to nobody."""

    resource_classes = (ProjectIdeaResource,)
    suggestions = {"skills": SKILL_SUGGESTIONS, "roles": ("projects/projectidea/suggest-roles.json", None)}
    list_display = ("title", "id", "difficulty", "estimated_time", "skill_list", "is_hidden")
    phone_columns = ("title", "difficulty", "estimated_time")
    empty_text = "The command manage.py seed loads those of the platform; an import adds a file of your own."
    list_filter = (SkillFilter, "difficulty", HiddenFilter)
    search_fields = ("title", "description", "skills", "roles")
    exclude = ("seed_hash",)
    readonly_fields = ("updated_at",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.suggest_roles_view)
        return [path("suggest-roles.json", view, name="projects_projectidea_suggest_roles"), *super().get_urls()]

    def suggest_roles_view(self, request: HttpRequest) -> HttpResponse:
        """The roles of other ideas that have the text `q` in them, and the one that it is."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = " ".join(request.GET.get("q", "").split()).casefold()
        roles = sorted(role for role in Document.objects.distinct("roles") if text and text in role.casefold())
        found = [{"value": role, "label": role} for role in roles]
        meant = next((each for each in found if each["value"].casefold() == text), None)
        return JsonResponse({"found": found[:_MAX_SUGGESTED], "meant": meant})

    @admin.display(description="skills")
    def skill_list(self, idea: Any) -> str:
        return ", ".join(idea.skills)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Users' progress names an idea by its id.
        return (*self.readonly_fields, "id") if obj is not None else self.readonly_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = ProjectIdea.objects.order_by("-pk").values_list("pk", flat=True).first()
        return super().get_changeform_initial_data(request) | {"id": (last or 0) + 1}
