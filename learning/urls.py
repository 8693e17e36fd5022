"""Routes under /learning."""

from career_navigator.api.routers import OptionalSlashRouter
from learning.views import ResourceViewSet, RoadmapViewSet, SkillProgressViewSet

router = OptionalSlashRouter()
router.register("learning", RoadmapViewSet, basename="learning")
router.register("learning/resources", ResourceViewSet, basename="learning-resource")
router.register("learning/progress", SkillProgressViewSet, basename="learning-progress")
