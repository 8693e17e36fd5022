from career_navigator.api.routers import route
from learning.views import ResourceViewSet, RoadmapViewSet, SkillProgressViewSet

urlpatterns = [
    route("learning/roadmap", RoadmapViewSet.as_view({"get": "retrieve"}), name="learning-roadmap"),
    route("learning/roadmap.md", RoadmapViewSet.as_view({"get": "markdown"}), name="learning-roadmap-markdown"),
    route("learning/roadmap.ics", RoadmapViewSet.as_view({"get": "calendar"}), name="learning-roadmap-calendar"),
    route("learning/resources", ResourceViewSet.as_view({"get": "list"}), name="learning-resources"),
    route("learning/resources/search", ResourceViewSet.as_view({"get": "search"}), name="learning-resources-search"),
    route("learning/progress", SkillProgressViewSet.as_view({"get": "show"}), name="learning-progress"),
    # A name may have a slash in it: "ci/cd".
    route(
        "learning/progress/<path:skill>",
        SkillProgressViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="learning-progress-skill",
    ),
]
