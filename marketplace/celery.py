"""The Celery app: its queues, and the beat timetable in settings.

Queues: `build` and `call` are served by runners (one worker process per host), `default` by
any worker.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
