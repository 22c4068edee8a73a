"""The site itself. Loads the Celery app, so that `shared_task` finds it."""

from marketplace.celery import app as celery_app

__all__ = ["celery_app"]
