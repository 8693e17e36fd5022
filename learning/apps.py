"""App configuration. The attributes are declarations read by `career_navigator.apps`."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    """Configuration of the learning app."""

    name = "learning"

    user_exports = {"learning_progress": "learning.documents.export_progress"}
    user_erasures = {"learning_progress": "learning.documents.erase_progress"}
    attention = {"broken_links": "learning.admin.BROKEN_LINKS"}
    seeds = {
        "learning_resources": "learning.services.seed_resources",
        "blueprints": "learning.blueprint_services.seed_blueprints",
    }
    skill_merges = {
        "learning": "learning.services.on_skill_merged",
        "blueprints": "learning.blueprint_services.on_skill_merged",
    }
    staff_roles = {"curator": ["*"], "operator": ["view_*", "check_links"], "auditor": ["view_*"]}
