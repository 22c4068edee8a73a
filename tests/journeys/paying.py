"""What calls have cost, by their answers and by the books."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx

from tests.journeys.calling import until
from tests.live import Site

BOOKS = (
    "from billing.models import Usage; from billing import settlement; from tests import ledgers; "
    "settlement.settle(); ledgers.require_balanced_books(); ledgers.require_nothing_held(); "
    "print(sum(Usage.objects.filter(payer__name='{name}').values_list('total', flat=True)))"
)


def cost(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()["metadata"]["cost"]
    return found


def spent(site: Site, name: str) -> int:
    """What the person was charged, once nothing is held any more and the books are balanced."""
    problems: list[str] = []

    def look() -> bool:
        try:
            problems[:] = [site.manage("shell", "-v", "0", "-c", BOOKS.format(name=name))]
        except AssertionError as error:
            problems[:] = [str(error)]
        return problems[0].strip().isdigit()

    with contextlib.suppress(AssertionError):
        until(look, seconds=120)
    assert problems[0].strip().isdigit(), problems[0][-3000:]
    return int(problems[0])
