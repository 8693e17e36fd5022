from career_navigator.api.routers import OptionalSlashRouter
from skills.views import GapViewSet, RoleViewSet, SkillViewSet

router = OptionalSlashRouter()
router.register("skills", SkillViewSet, basename="skill")
router.register("skills", GapViewSet, basename="skill-gap")
router.register("skills/roles", RoleViewSet, basename="role")
