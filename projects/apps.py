"""App configuration. The attributes are declarations read by `career_navigator.apps`."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Configuration of the projects app."""

    name = "projects"

    user_exports = {"project_progress": "projects.documents.export_progress"}
    user_erasures = {"project_progress": "projects.documents.erase_progress"}
    seeds = {"project_ideas": "projects.services.seed_ideas"}
    skill_merges = {"projects": "projects.services.on_skill_merged"}
    staff_roles = {"curator": ["*"], "operator": ["view_*"], "auditor": ["view_*"]}
