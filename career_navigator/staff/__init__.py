"""The staff's site: logging in, the dashboard, chores, roles. The apps register what they show and do."""
