"""The colours of what goes on, over all of the staff's pages; the names are the theme's."""

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
