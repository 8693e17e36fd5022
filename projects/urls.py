"""Routes under /projects."""

from career_navigator.api.routers import OptionalSlashRouter
from projects.views import ProjectViewSet

router = OptionalSlashRouter()
router.register("projects", ProjectViewSet, basename="project")
