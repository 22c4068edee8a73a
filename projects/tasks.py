"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from projects.keeping import bring_up
from projects.launching import recover

__all__ = ["bring_up", "recover"]
