"""What a build prints, line by line."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from algorithms import growing_logs
from algorithms.growing_logs import MAX_CHARACTERS, GrowingLog
from algorithms.models import BuildLogChunk

LOG: Final = GrowingLog(
    BuildLogChunk,
    "build",
    cut=f"… The log is cut here: it has more than {MAX_CHARACTERS} characters. The build goes on.\n",
)
group = LOG.group
append = LOG.append
close = LOG.close
read = LOG.read
whole = LOG.whole
end = LOG.end
wake = LOG.wake


class Writer(growing_logs.Writer):
    """Collects the lines of one build."""

    def __init__(self, build_id: UUID) -> None:
        super().__init__(LOG, build_id)
