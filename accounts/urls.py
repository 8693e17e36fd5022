from accounts.activity.views import ActivityViewSet
from accounts.applications.views import ApplicationViewSet, FunnelViewSet, SavedJobViewSet
from accounts.views import ForgottenPasswordViewSet, LoginFormViewSet, MeViewSet, PasswordViewSet, SessionViewSet
from career_navigator.api import route

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
    route("activity/log", ActivityViewSet.as_view({"post": "log"}), name="activity-log"),
    route("activity/funnel", FunnelViewSet.as_view({"get": "retrieve"}), name="activity-funnel"),
    route("activity/user/<str:user_id>", ActivityViewSet.as_view({"get": "list"}), name="activity-user"),
    route("jobs/saved", SavedJobViewSet.as_view({"get": "list"}), name="jobs-saved"),
    route("jobs/<str:job_id>/save", SavedJobViewSet.as_view({"post": "save", "delete": "destroy"}), name="jobs-save"),
    route(
        "jobs/<str:job_id>/application",
        ApplicationViewSet.as_view({"get": "retrieve", "put": "update"}),
        name="jobs-application",
    ),
]
