"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from projects.keeping import bring_up
from projects.launching import recover
from projects.reserving import recover as recover_reservations
from projects.warming import keep_warm

__all__ = ["bring_up", "keep_warm", "recover", "recover_reservations"]
