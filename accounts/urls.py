"""URL routes of the accounts app."""

from accounts.applications.views import ActivityViewSet, ApplicationViewSet, FunnelViewSet
from accounts.matches.views import MatchViewSet
from accounts.resumes.download_views import ResumeFileViewSet
from accounts.resumes.views import ResumeViewSet
from accounts.searches.views import SavedSearchViewSet, UnsubscribeViewSet
from accounts.user_views import UserAuthViewSet, UserViewSet
from accounts.views import AuthViewSet, ProfileViewSet
from career_navigator.api.routers import OptionalSlashRouter

router = OptionalSlashRouter()
router.register("auth", AuthViewSet, basename="auth")
router.register("auth", ProfileViewSet, basename="auth-me")
router.register("activity", ActivityViewSet, basename="activity")
router.register("activity", FunnelViewSet, basename="funnel")
router.register("users", UserAuthViewSet, basename="user-auth")
router.register("users", UserViewSet, basename="user")
router.register("jobs", ApplicationViewSet, basename="application")
router.register("jobs", MatchViewSet, basename="match")
router.register("jobs/searches", SavedSearchViewSet, basename="saved-search")
router.register("jobs/searches", UnsubscribeViewSet, basename="saved-search-mails")
router.register("resumes", ResumeViewSet, basename="resume")
router.register("resumes", ResumeFileViewSet, basename="resume-file")
