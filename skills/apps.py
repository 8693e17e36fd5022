"""App configuration. The attributes are declarations read by `career_navigator.apps`."""

from django.apps import AppConfig


class SkillsConfig(AppConfig):
    """Configuration of the skill vocabulary app."""

    name = "skills"

    attention = {"unknown_slugs": "skills.slug_admin.UNKNOWN_SLUGS"}
    seeds = {"skills": "skills.services.seed_skills"}
    staff_roles = {"curator": ["*"], "operator": ["view_*"], "auditor": ["view_*"]}
