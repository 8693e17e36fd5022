"""Routes of the endpoints for trends, countries, jobs, gap analyses and roles."""

from career_navigator.api.routers import OptionalSlashRouter
from market.jobs.views import JobViewSet
from market.views import CountryViewSet, GapViewSet, MarketViewSet, RoleViewSet

router = OptionalSlashRouter()
router.register("market", MarketViewSet, basename="market")
router.register("countries", CountryViewSet, basename="country")
router.register("jobs", JobViewSet, basename="job")
router.register("skills", GapViewSet, basename="skill-gap")
router.register("skills/roles", RoleViewSet, basename="role")
