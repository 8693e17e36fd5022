"""The staff's site: logging in, the dashboard, maintenance tasks, roles. The apps register what they show and do."""
