from career_navigator.api.routers import OptionalSlashRouter
from ingestion.fetching.views import FetchJobsViewSet
from ingestion.views import WebhookViewSet

router = OptionalSlashRouter()
router.register("ingestion/webhooks", WebhookViewSet, basename="webhook")
router.register("jobs/fetch_jobs", FetchJobsViewSet, basename="jobs-fetch")
