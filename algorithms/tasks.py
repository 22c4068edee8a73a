"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from algorithms.later import recover as recover_requests
from algorithms.later import run as run_request

__all__ = ["recover_requests", "run_request"]
