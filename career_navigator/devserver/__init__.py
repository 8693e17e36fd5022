"""Runs a complete installation on one machine: embedded servers and the process manager behind `manage.py run`."""
