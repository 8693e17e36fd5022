"""App config of the market app."""

from django.apps import AppConfig


class MarketConfig(AppConfig):
    """Registers the seed of the table of roles, skill merges, dashboard panels, metrics and staff roles.

    See `career_navigator.apps`.
    """

    name = "market"

    seeds = {"roles": "market.role_services.seed_roles"}
    skill_merges = {"market": "market.skill_merges.on_skill_merged"}
    dashboard_panels = {"market": "market.dashboard.show_market"}
    metrics = {"figures": "market.dashboard.measure_daily_stats"}
    staff_roles = {
        "curator": ["view_*", "add_role", "change_role", "delete_role", "change_jobposting", "reread_skills"],
        "operator": ["view_*", "reread_skills"],
        "auditor": ["view_*"],
    }
