"""The process manager and the embedded servers of `manage.py run`, which run a complete installation on one machine."""
