"""The part of the small world that is about money: credit, calls that cost, receipts, budgets."""

from __future__ import annotations

from django.utils import timezone

from algorithms.models import Algorithm
from billing import budgets
from billing.budgets import Subject
from billing.models import Budget, Usage
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from tests.billing.test_receipts import called, settled_and_receipted
from tests.ledgers import give

CENT = 10_000


def spend(algorithm: Algorithm, *, author: Actor, caller: Actor) -> dict[str, str]:
    """Let the caller pay for calls of the algorithm, within bounds; give one receipt and the month."""
    assert caller.owner_id is not None
    give(caller.owner_id, 2000 * CENT, name="show")
    paid = [called(caller, author, compute=12 + number) for number in range(8)]
    ids = [each.pk for each in paid]
    Usage.objects.filter(pk__in=ids).update(algorithm_id=algorithm.pk, path=str(algorithm))
    settled_and_receipted()
    owner = Owner.objects.get(pk=caller.owner_id)
    for subject, period, amount in (
        (Subject(), Budget.Period.MONTH, 500 * CENT),
        (
            Subject(
                Budget.Scope.ALGORITHM, algorithm_id=algorithm.pk, algorithm_path=str(algorithm)
            ),
            Budget.Period.DAY,
            CENT,
        ),
    ):
        budgets.create(owner, by=caller, subject=subject, period=period, amount=amount)
    return {"receipt": str(paid[0].pk), "month": f"{timezone.now():%Y-%m}"}
