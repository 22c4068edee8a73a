"""What a launch prints, from its first line to its last; only the oldest part of a long one goes."""

from __future__ import annotations

from typing import Final

from algorithms.growing_logs import GrowingLog
from projects.models import LaunchLogChunk

LOG: Final = GrowingLog(LaunchLogChunk, "launch", pace=64_000)
