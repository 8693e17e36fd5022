from accounts.activity.views import ActivityViewSet
from accounts.applications.views import ApplicationViewSet, FunnelViewSet
from accounts.matches.views import MatchViewSet
from accounts.resumes.renderings.views import RenderingViewSet
from accounts.resumes.views import ResumeViewSet
from accounts.searches.views import SavedSearchViewSet, UnsubscribeViewSet
from accounts.users.views import UserEntranceViewSet, UserViewSet
from accounts.views import (
    EmailConfirmationViewSet,
    EmailMessageViewSet,
    ForgottenPasswordViewSet,
    LoginFormViewSet,
    MeViewSet,
    PasswordViewSet,
    SessionViewSet,
)
from career_navigator.api.routers import OptionalSlashRouter, route

router = OptionalSlashRouter()
router.register("activity", ActivityViewSet, basename="activity")
router.register("activity", FunnelViewSet, basename="funnel")
router.register("users", UserEntranceViewSet, basename="user-entrance")
router.register("users", UserViewSet, basename="user")
router.register("jobs", ApplicationViewSet, basename="application")
router.register("jobs", MatchViewSet, basename="match")
router.register("jobs/searches", SavedSearchViewSet, basename="saved-search")
router.register("jobs/searches", UnsubscribeViewSet, basename="saved-search-mails")
router.register("resumes", ResumeViewSet, basename="resume")
router.register("resumes", RenderingViewSet, basename="resume-file")

urlpatterns = [
    route("auth/register", SessionViewSet.as_view({"post": "register"}), name="auth-register"),
    route("auth/login", SessionViewSet.as_view({"post": "login"}), name="auth-login"),
    route("auth/login/form", LoginFormViewSet.as_view({"post": "login"}), name="auth-login-form"),
    route("auth/refresh", SessionViewSet.as_view({"post": "refresh"}), name="auth-refresh"),
    route("auth/logout", SessionViewSet.as_view({"post": "logout"}), name="auth-logout"),
    route(
        "auth/me",
        MeViewSet.as_view({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
        name="auth-me",
    ),
    route("auth/me/export", MeViewSet.as_view({"get": "export"}), name="auth-me-export"),
    route("auth/password", PasswordViewSet.as_view({"post": "change"}), name="auth-password"),
    route("auth/password/forgot", ForgottenPasswordViewSet.as_view({"post": "forgot"}), name="auth-password-forgot"),
    route("auth/password/reset", ForgottenPasswordViewSet.as_view({"post": "reset"}), name="auth-password-reset"),
    route(
        "auth/email/confirm",
        EmailConfirmationViewSet.as_view({"get": "page", "post": "confirm"}),
        name="auth-email-confirm",
    ),
    route("auth/email/send", EmailMessageViewSet.as_view({"post": "send"}), name="auth-email-send"),
]
