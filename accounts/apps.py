"""App configuration: what accounts registers with the shared layer (see `career_navigator.apps`)."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app, with its data exports, erasures, duplicate mergers, dashboard panels and staff permissions."""

    name = "accounts"

    user_exports = {
        "sessions": "accounts.services.export_sessions",
        "last_login": "accounts.services.export_last_login",
        "password_resets": "accounts.services.export_resets",
        "email_confirmations": "accounts.credentials.export_confirmations",
        "mails": "accounts.mails.export_mails",
        "activities": "accounts.applications.selectors.export_activities",
        "applications": "accounts.applications.selectors.export_applications",
        "match_scores": "accounts.matches.services.export_matches",
        "resumes": "accounts.resumes.selectors.export_resumes",
        "saved_searches": "accounts.searches.selectors.export_searches",
    }
    user_erasures = {
        "sessions": "accounts.authentication.end_sessions",
        "password_resets": "accounts.services.erase_resets",
        "email_confirmations": "accounts.credentials.erase_confirmations",
        "mails": "accounts.mails.erase_mails",
        "activities": "accounts.applications.services.erase_activities",
        "applications": "accounts.applications.services.erase_applications",
        "match_scores": "accounts.matches.services.erase_matches",
        "resumes": "accounts.resumes.services.erase_resumes",
        "saved_searches": "accounts.searches.services.erase_searches",
    }
    duplicate_mergers = {
        "applications": "accounts.migrations.merge_applications",
        "match_scores": "accounts.migrations.merge_matches",
        "told_postings": "accounts.migrations.merge_told_postings",
        "resumes": "accounts.migrations.renumber_resumes",
        "saved_searches": "accounts.migrations.renumber_searches",
    }
    skill_merges = {"accounts": "accounts.services.on_skill_merged"}
    attention = {"failed_mails": "accounts.admin.FAILED_MAILS"}
    menu_pages = {"match_reliability": "accounts.match_admin.MATCH_RELIABILITY"}
    dashboard_panels = {"accounts": "accounts.admin.show_users"}
    staff_roles = {
        "support": ["*"],
        "helpdesk": ["view_*", "deactivate_person", "send_reset", "export_person"],
        "operator": ["view_mail"],
        "auditor": ["view_*"],
    }
