"""Routes under /skills."""

from career_navigator.api.routers import OptionalSlashRouter
from skills.views import SkillViewSet

router = OptionalSlashRouter()
router.register("skills", SkillViewSet, basename="skill")
