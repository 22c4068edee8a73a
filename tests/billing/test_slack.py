"""What is set aside: calls go on from it whatever the database is busy with, and it goes back."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from billing import caps
from billing.models import Limit
from billing.teller import Teller
from billing.till import LOW_CALLS, Chain, Who
from tests.factories import OwnerFactory
from tests.ledgers import give, require_balanced_books, require_nothing_held

pytestmark = pytest.mark.django_db(transaction=True)

CALL = 1_000
READY = 16
"""The teller keeps slack for so many calls like the last."""


async def admitted(teller: Teller, who: Who, calls: int) -> list[Chain]:
    """Calls one after another; each in progress."""
    found = []
    for _ in range(calls):
        async with asyncio.timeout(10):
            found.append(await teller.hold(who, CALL))
        await asyncio.sleep(0.02)  # the teller's thread may begin what it has been asked
    return found


def test_calls_go_on_while_the_teller_waits_for_its_turn_at_the_database(
    settings: Settings,
) -> None:
    settings.FREE_CREDITS_PER_MONTH = 0
    payer = OwnerFactory.create()
    give(payer.pk, 1_000_000)
    who = Who(payer.pk, None, payer.user_id, uuid4(), None)
    teller = Teller()
    teller.start()

    with asyncio.Runner() as runner:
        [first] = runner.run(admitted(teller, who, 1))
        with transaction.atomic():
            list(Limit.objects.select_for_update())
            while_locked = runner.run(admitted(teller, who, READY))
        more_than_lay_ready = runner.run(admitted(teller, who, LOW_CALLS))

    for chain in (first, *while_locked, *more_than_lay_ready):
        teller.till.give(chain, CALL)
    teller.stop()
    assert [slip.out for slip in first.slips] == [0]
    require_nothing_held()
    require_balanced_books()


def test_trees_within_trees_are_forgotten_from_the_inside() -> None:
    payer = OwnerFactory.create()
    give(payer.pk, 1_000_000)
    whole, part = (Who(payer.pk, None, payer.user_id, uuid4(), uuid4()) for _ in range(2))
    trees = Limit.objects.filter(kind="tree")
    teller = Teller()
    teller.start()

    async def open_both() -> None:
        await teller.hold(whole, 0, cap=1000)
        await teller.hold(part, 0, cap=1000, within=whole.tree)

    asyncio.run(open_both())
    trees.update(spent=F("ceiling"), held=0, ends_at=timezone.now())  # as settlement leaves them

    caps.tidy()
    first = list(trees.values_list("call_id", flat=True))
    caps.tidy()
    teller.stop()
    assert first == [whole.tree]
    assert not trees.exists()
