from career_navigator.api.routers import route
from market.country_views import CountryViewSet
from market.jobs.views import JobViewSet
from market.views import MarketViewSet

urlpatterns = [
    route("market/trending", MarketViewSet.as_view({"get": "trending"}), name="market-trending"),
    route("countries", CountryViewSet.as_view({"get": "show"}), name="countries"),
    route("jobs/list_jobs", JobViewSet.as_view({"get": "newest"}), name="jobs-list"),
    route("jobs/relevant_jobs", JobViewSet.as_view({"post": "relevant"}), name="jobs-relevant"),
    # After every path under /jobs that is fixed; those of accounts come before the market's.
    route("jobs/<str:job_id>", JobViewSet.as_view({"get": "retrieve"}), name="jobs-get"),
]
