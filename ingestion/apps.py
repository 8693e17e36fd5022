"""App configuration of ingestion. `career_navigator.apps` documents the attributes."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """App configuration that registers ingestion's exports, checks, metrics, panels and staff roles."""

    name = "ingestion"

    seeds = {"boards": "ingestion.boards.seed_boards"}
    user_exports = {"collection_runs": "ingestion.selectors.export_requested_runs"}
    user_erasures = {"collection_runs": "ingestion.services.erase_requester"}
    readiness_checks = {"collection": "ingestion.dashboard.check_collection"}
    metrics = {"collection": "ingestion.dashboard.measure_collection"}
    dashboard_panels = {"collection": "ingestion.dashboard.show_collection"}
    attention = {
        "failed_runs": "ingestion.dashboard.FAILED_RUNS",
        "rejected_postings": "ingestion.dashboard.REJECTED_POSTINGS",
        "held_boards": "ingestion.board_admin.HELD_BOARDS",
    }
    menu_pages = {"collect_now": "ingestion.admin.COLLECT_NOW"}
    # Curators may see rejected postings, since these point to data that needs curation.
    staff_roles = {
        "curator": ["view_refusedposting", "view_board", "add_board", "change_board", "delete_board"],
        "operator": ["view_*", "trigger_collection", "change_board"],
        "auditor": ["view_*"],
    }
