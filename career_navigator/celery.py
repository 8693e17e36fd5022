"""The Celery application: tasks are found in each app's `tasks.py`, settings under the CELERY_ prefix."""

import os

from celery import Celery

from career_navigator import task_signals as task_signals  # connects its receivers
from career_navigator.worker_heartbeat import Heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")
# Django's checks load every view and page of the admin, which a worker has no use for: a second and a half of its
# start, and of its memory. `manage.py check` runs them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("career_navigator", task_cls="career_navigator.background:Task")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Heartbeat)
