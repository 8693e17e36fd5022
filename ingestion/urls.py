"""Routes of ingestion."""

from career_navigator.api.routers import OptionalSlashRouter
from ingestion.views import FetchJobsViewSet, WebhookViewSet

router = OptionalSlashRouter()
router.register("ingestion/webhooks", WebhookViewSet, basename="webhook")
router.register("jobs/fetch_jobs", FetchJobsViewSet, basename="jobs-fetch")
