"""The admin site: login, two-factor authentication, dashboard, menu and staff roles.

Apps add their own panels, pages and permissions in their `AppConfig`.
"""
