"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from billing.lots import expire
from billing.reaping import reap
from billing.settlement import settle

__all__ = ["expire", "reap", "settle"]
