"""The admin of the project ideas."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from career_navigator.document_admin.admin import HiddenFilter
from career_navigator.document_admin.exchange import CuratedAdmin, DocumentResource
from projects.documents import ProjectIdea as Document
from projects.ideas import CATALOGUE
from projects.models import ProjectIdea


class ProjectIdeaResource(DocumentResource):
    catalogue = CATALOGUE

    class Meta(DocumentResource.Meta):
        model = ProjectIdea
        import_id_fields = ("id",)
        fields = ("id", *Document.CONTENT_FIELDS, "hidden")


@admin.register(ProjectIdea)
class ProjectIdeaAdmin(CuratedAdmin):
    """Ideas. Hidden ones are answered to nobody."""

    resource_classes = (ProjectIdeaResource,)
    list_display = ("title", "id", "difficulty", "estimated_time", "skill_list", "is_hidden")
    list_filter = ("difficulty", HiddenFilter)
    search_fields = ("title", "description", "skills", "roles")
    exclude = ("seed_hash",)
    readonly_fields = ("updated_at",)

    @admin.display(description="skills")
    def skill_list(self, idea: Any) -> str:
        return ", ".join(idea.skills)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Users' progress names an idea by its id.
        return (*self.readonly_fields, "id") if obj is not None else self.readonly_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = ProjectIdea.objects.order_by("-pk").values_list("pk", flat=True).first()
        return super().get_changeform_initial_data(request) | {"id": (last or 0) + 1}
