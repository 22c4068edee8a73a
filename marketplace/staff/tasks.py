"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from marketplace.staff.health_samples import sample as sample_health

__all__ = ["sample_health"]
