"""What this part keeps of a person, for the archive of their data."""

from __future__ import annotations

from typing import Final

from algorithms.models import Algorithm, Call
from marketplace.accounts import exporting
from marketplace.accounts.exporting import Rows
from marketplace.accounts.models import Owner

MOST_CALLS: Final = 50_000


def _algorithms(owner: Owner) -> Rows:
    rows = Algorithm.objects.filter(owner=owner).order_by("name")
    return rows.values("name", "label", "tagline", "license", "is_public", "created_at")


def _calls(owner: Owner) -> Rows:
    """The latest calls, with what is kept of each; inputs and outputs are not."""
    rows = Call.objects.filter(caller=owner).order_by("-started_at")
    wanted = ("id", "algorithm__name", "result", "run_us", "total_us", "started_at")
    yield from rows.values(*wanted)[:MOST_CALLS]


exporting.sections["algorithms"] = _algorithms
exporting.sections["calls"] = _calls
