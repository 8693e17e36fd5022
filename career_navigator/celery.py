"""The Celery application: tasks are found in each app's `tasks.py`, settings under the CELERY_ prefix."""

import os

from celery import Celery

from career_navigator import task_signals as task_signals  # connects its receivers
from career_navigator.worker_heartbeat import Heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "career_navigator.settings")

app = Celery("career_navigator")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Heartbeat)
