from career_navigator.api.routers import route
from projects.views import ProjectProgressViewSet, ProjectViewSet

urlpatterns = [
    route(
        "projects/recommendations",
        ProjectViewSet.as_view({"get": "recommendations"}),
        name="projects-recommendations",
    ),
    route("projects/skill-building", ProjectViewSet.as_view({"get": "skill_building"}), name="projects-skill-building"),
    route("projects/search", ProjectViewSet.as_view({"get": "search"}), name="projects-search"),
    route("projects/all", ProjectViewSet.as_view({"get": "everything"}), name="projects-all"),
    route("projects/progress", ProjectProgressViewSet.as_view({"get": "show"}), name="projects-progress"),
    route(
        "projects/<str:project_id>/progress",
        ProjectProgressViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="project-progress",
    ),
]
