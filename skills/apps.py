"""What this app adds to the shared parts (`career_navigator.apps`)."""

from django.apps import AppConfig


class SkillsConfig(AppConfig):
    name = "skills"

    seeds = {"skills": "skills.services.seed_skills"}
    staff_roles = {"curator": ["*"], "operator": ["view_*"], "auditor": ["view_*"]}
