"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from marketplace.catalog.discovery.following import announce
from marketplace.catalog.measuring import measure_all, measure_called

__all__ = ["announce", "measure_all", "measure_called"]
