"""Staff hear of earnings that look like fraud, once a day, and of no others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from billing import velocity
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, Owner
from tests.factories import UserFactory
from tests.ledgers import give
from tests.stripes import use

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _staff(alice: Actor, bob: Actor, mallory: Actor) -> None:
    cache.clear()
    UserFactory.create(is_staff=True)
    Owner.objects.update(created_at=timezone.now() - 365 * DAY)
    for payer in (alice, mallory):
        give(payer.owner_id, 2_000_000_000)


def test_sudden_earnings_are_told_to_staff_once_a_day(alice: Actor, bob: Actor) -> None:
    now = timezone.now()
    use(alice, bob, royalty=30_000_000, at=now - 5 * DAY)
    use(alice, bob, royalty=40_000_000, at=now)

    told = [velocity.look(), velocity.look()]

    assert told == [1, 0]
    notice = Notification.objects.get(title__contains="within a day")
    assert notice.title == "bob has earned $28.00 within a day"
    assert notice.body == "Before, it was $0.70 a day."
    assert notice.url.endswith("/staff/money/accounts/bob/")


def test_earnings_from_one_new_account_are_told_however_usual_they_are(
    alice: Actor, bob: Actor, mallory: Actor
) -> None:
    now = timezone.now()
    for days in range(1, 29):
        use(alice, bob, royalty=40_000_000, at=now - days * DAY)
    use(mallory, bob, royalty=40_000_000, at=now)
    usual = velocity.look()
    Owner.objects.filter(name="mallory").update(created_at=now - 3 * DAY)

    assert (usual, velocity.look()) == (0, 1)
    body = Notification.objects.get(title__contains="within a day").body
    assert "Nearly all of it was paid by mallory, an account that is new." in body


def test_small_change_concerns_nobody(alice: Actor, bob: Actor) -> None:
    use(alice, bob, royalty=28_000_000)

    assert velocity.look() == 0
