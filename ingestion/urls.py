from career_navigator.api import route
from ingestion.views import TheirStackWebhookViewSet

urlpatterns = [
    route(
        "ingestion/webhooks/theirstack",
        TheirStackWebhookViewSet.as_view({"post": "receive"}),
        name="theirstack-webhook",
    ),
]
