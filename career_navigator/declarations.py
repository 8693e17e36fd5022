"""What apps add to the shared parts: attributes of their `AppConfig` that map names to dotted paths.

The paths are imported when a part first asks. Imported when Django is set up, they would be a fifth of what every
command loads, mostly for nothing.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

# What each attribute leads to.
KINDS = {
    "user_exports": "takes a user's id and returns what is stored about the user, in a form that JSON can have",
    "user_erasures": "takes a user's id and removes that, or what ties it to the user; harmless when called again",
    "skill_merges": "takes the name of the skill that goes, that of the other one, the time; harmless when repeated",
    "duplicate_mergers": "merges what is stored twice in the collection of that name; returns how many documents",
    "readiness_checks": "returns a `Check`, within a second; one that raises because a server is unavailable is not ok",
    "metrics": "yields metric families whose names begin with `career_navigator_`, within a second",
    "dashboard_panels": "takes the time and yields the cards and charts of the dashboard",
    "menu_pages": "a `MenuPage` of the admin, by the name of its route",
}


@cache
def get_declared(kind: str) -> dict[str, Any]:
    """Return what the apps declare under an attribute, by name, in the order of the apps."""
    return {
        name: import_string(path)
        for config in apps.get_app_configs()
        for name, path in getattr(config, kind, {}).items()
    }


def load_declared() -> None:
    """Import all of it: servers and workers do so before they answer or fork."""
    for kind in KINDS:
        get_declared(kind)
