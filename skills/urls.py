from career_navigator.api import route
from skills.views import GapViewSet, RoleViewSet, SkillViewSet

urlpatterns = [
    route("skills", SkillViewSet.as_view({"get": "list"}), name="skills"),
    route("skills/normalize", SkillViewSet.as_view({"post": "normalize"}), name="skills-normalize"),
    route("skills/extract", SkillViewSet.as_view({"post": "extract"}), name="skills-extract"),
    route("skills/gap-analysis", GapViewSet.as_view({"get": "analyze"}), name="skills-gap-analysis"),
    route("skills/roles", RoleViewSet.as_view({"get": "list"}), name="skills-roles"),
    # Last, since a name may have a slash in it: "ci/cd".
    route("skills/<path:name>", SkillViewSet.as_view({"get": "retrieve"}), name="skill"),
]
