from career_navigator.api import route
from market.views import MarketViewSet

urlpatterns = [
    route("market/trending", MarketViewSet.as_view({"get": "trending"}), name="market-trending"),
]
