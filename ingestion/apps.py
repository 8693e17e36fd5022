"""What this app adds to the shared parts (`career_navigator.apps`)."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    name = "ingestion"

    user_exports = {"collection_runs": "ingestion.selectors.export_requested_runs"}
    user_erasures = {"collection_runs": "ingestion.services.erase_requester"}
    readiness_checks = {"collection": "ingestion.dashboard.check_collection"}
    metrics = {"collection": "ingestion.dashboard.measure_collection"}
    dashboard_panels = {"collection": "ingestion.dashboard.show_collection"}
    attention = {
        "failed_runs": "ingestion.dashboard.FAILED_RUNS",
        "rejected_postings": "ingestion.dashboard.REJECTED_POSTINGS",
    }
    menu_pages = {"collect_now": "ingestion.admin.COLLECT_NOW"}
    # A curator sees what collection could not take.
    staff_roles = {
        "curator": ["view_refusedposting"],
        "operator": ["view_*", "trigger_collection"],
        "auditor": ["view_*"],
    }
