"""Index of this app's Celery tasks, for autodiscovery."""

from __future__ import annotations

from algorithms.builds import recover as recover_builds
from algorithms.builds import run as run_build
from algorithms.importing import recover as recover_imports
from algorithms.importing import run as run_import
from algorithms.insights import tidy_up as tidy_up_insights
from algorithms.later import give_back_repeats
from algorithms.later import recover as recover_requests
from algorithms.later import run as run_request
from algorithms.publications import recover as recover_publications
from algorithms.publications import run as run_publication
from algorithms.retention import tidy_up as tidy_up_builds
from algorithms.runs import tidy_up as tidy_up_runs

__all__ = [
    "give_back_repeats",
    "recover_builds",
    "recover_imports",
    "recover_publications",
    "recover_requests",
    "run_build",
    "run_import",
    "run_publication",
    "run_request",
    "tidy_up_builds",
    "tidy_up_insights",
    "tidy_up_runs",
]
