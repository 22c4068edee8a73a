"""Index of this app's Celery tasks, for autodiscovery."""

from data_collections.sweeping import sweep

__all__ = ["sweep"]
