from career_navigator.api.routers import route
from ingestion.fetching.views import FetchJobsViewSet
from ingestion.views import TheirStackWebhookViewSet

urlpatterns = [
    route(
        "ingestion/webhooks/theirstack",
        TheirStackWebhookViewSet.as_view({"post": "receive"}),
        name="theirstack-webhook",
    ),
    route("jobs/fetch_jobs", FetchJobsViewSet.as_view({"post": "fetch"}), name="jobs-fetch"),
    route("jobs/fetch_jobs/<str:run_id>", FetchJobsViewSet.as_view({"get": "retrieve"}), name="jobs-fetch-run"),
]
