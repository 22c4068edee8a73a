"""Whom a budget bounds, exactly how far, and from when on it is whole again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from billing import budgets
from billing.budgets import Subject
from billing.models import Budget, Limit
from billing.teller import Teller
from billing.till import Chain, Who
from marketplace.accounts import actors, keys
from marketplace.accounts.models import Membership, Organization, Owner, User
from marketplace.lib.errors import BadInput, PaymentRequired
from tests.billing.test_spending import tellers, try_to_hold
from tests.factories import OwnerFactory
from tests.ledgers import give

pytestmark = pytest.mark.django_db(transaction=True)

ALGORITHM = uuid4()


@pytest.fixture(autouse=True)
def no_gifts(settings: Settings) -> None:
    settings.FREE_CREDITS_PER_MONTH = 0


def organization_of(*members: User) -> Owner:
    made = Organization.objects.create(label="Works")
    for number, member in enumerate(members):
        role = "member" if number else "owner"
        Membership.objects.create(organization=made, user=member, role=role)
    owner = Owner.objects.create(name="works", organization=made)
    give(owner.pk, 1_000_000)
    return owner


def asked(who: Who, *amounts: int) -> list[bool]:
    """Which of these amounts can be set aside, one after the other."""

    async def ask(teller: Teller) -> list[Chain | PaymentRequired]:
        return [await try_to_hold(teller, who, amount) for amount in amounts]

    with tellers(1) as [teller]:
        answers = asyncio.run(ask(teller))
        for answer, amount in zip(answers, amounts, strict=True):
            if isinstance(answer, Chain):
                teller.till.give(answer, amount)
    return [isinstance(answer, Chain) for answer in answers]


@pytest.mark.parametrize("scope", ["account", "key", "member", "algorithm"])
def test_budget_bounds_its_own_calls_to_the_last_micro_unit_and_no_others(scope: str) -> None:
    people = [User.objects.get(owner=OwnerFactory.create()) for _ in range(2)]
    owner = organization_of(*people)
    by = actors.of_user(people[0])
    key, _ = keys.create(owner, by=by, label="program")
    subject = {
        "account": Subject(),
        "key": Subject(Budget.Scope.KEY, key_id=key.pk),
        "member": Subject(Budget.Scope.MEMBER, username=people[0].username),
        "algorithm": Subject(
            Budget.Scope.ALGORITHM, algorithm_id=ALGORITHM, algorithm_path="works/One"
        ),
    }[scope]
    budgets.create(owner, by=by, subject=subject, period="day", amount=300)
    inside = Who(owner.pk, key.pk, people[0].pk, ALGORITHM)
    other: dict[str, Who] = {
        "account": inside,
        "key": inside._replace(key_id=uuid4()),
        "member": inside._replace(member_id=people[1].pk),
        "algorithm": inside._replace(algorithm_id=uuid4()),
    }

    within = asked(inside, 301, 200, 100, 1)
    outside = asked(other[scope], 301)

    assert within == [False, True, True, False]
    assert outside == [scope != "account"]


def test_day_that_ends_while_calls_go_on_leaves_the_whole_budget_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner: Owner = OwnerFactory.create()
    give(owner.pk, 1_000_000)
    by = actors.of_user(User.objects.get(owner=owner))
    budgets.create(owner, by=by, subject=Subject(), period="day", amount=100)
    midnight = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    clock = [midnight.replace(microsecond=0) - timedelta(seconds=1)]
    monkeypatch.setattr(timezone, "now", lambda: clock[-1])
    who = Who(owner.pk, None, owner.user_id, ALGORITHM)

    async def spend_until_the_day_is_over(teller: Teller) -> list[bool]:
        seen = [isinstance(await try_to_hold(teller, who, 100), Chain) for _ in range(2)]
        clock.append(clock[-1] + timedelta(seconds=1))
        async with asyncio.timeout(60):
            while not isinstance(await try_to_hold(teller, who, 100), Chain):
                await asyncio.sleep(0.05)
        return seen

    with tellers(1) as [teller]:
        seen = asyncio.run(spend_until_the_day_is_over(teller))

        windows = Limit.objects.filter(kind="window").order_by("starts_at")
        assert [window.held for window in windows] == [100, 100]
    assert seen == [True, False]
    assert windows[0].ends_at == windows[1].starts_at == midnight.replace(microsecond=0)


@pytest.mark.parametrize(
    "subject",
    [
        Subject(Budget.Scope.KEY, key_id=UUID(int=1)),
        Subject(Budget.Scope.MEMBER, username="mallory"),
        Subject(Budget.Scope.ALGORITHM),
    ],
)
def test_budget_for_what_the_owner_has_not_is_refused(subject: Subject) -> None:
    owner: Owner = OwnerFactory.create()
    by = actors.of_user(User.objects.get(owner=owner))

    with pytest.raises(BadInput):
        budgets.create(owner, by=by, subject=subject, period="day", amount=100)

    assert not Budget.objects.exists()
