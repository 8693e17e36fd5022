"""The admin's theme: Unfold's settings and the colors of status labels."""

from pathlib import Path
from typing import Any

# Searched before the apps' templates because some of these templates override the theme's.
TEMPLATES_DIR = Path(__file__).resolve().parents[1] / "templates"
# Shades of blue in Unfold's format: red, green and blue values.
_PRIMARY = {
    "50": "239 246 255",
    "100": "219 234 254",
    "200": "191 219 254",
    "300": "147 197 253",
    "400": "96 165 250",
    "500": "59 130 246",
    "600": "37 99 235",
    "700": "29 78 216",
    "800": "30 64 175",
    "900": "30 58 138",
    "950": "23 37 84",
}
# Unfold's label color for each status, on all admin pages.
STATUS_COLORS = {
    "queued": "info",
    "running": "info",
    "waiting": "warning",
    "finished": "success",
    "skipped": "",
    "failed": "danger",
    "lost": "danger",
    "cancelled": "warning",
}


def build_theme(*, title: str) -> dict[str, Any]:
    """Return the value of the UNFOLD setting."""
    return {
        "SITE_TITLE": title,
        "SITE_HEADER": title,
        "SITE_SUBHEADER": "Staff",
        "SITE_SYMBOL": "explore",
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/career_navigator/compass.svg"}],
        "SITE_URL": "/docs",
        "STYLES": ["/static/career_navigator/staff.css"],
        "SCRIPTS": ["/static/career_navigator/accessibility.js", "/static/career_navigator/staff.js"],
        "DASHBOARD_CALLBACK": "career_navigator.admin_site.dashboard.add_dashboard",
        "SIDEBAR": {
            "show_search": True,
            "show_all_applications": False,
            "navigation": "career_navigator.admin_site.dashboard.build_menu",
        },
        "ACCOUNT": {"navigation": "career_navigator.admin_site.dashboard.list_account_links"},
        "COLORS": {"primary": _PRIMARY},
    }
