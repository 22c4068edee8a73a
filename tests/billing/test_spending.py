"""Who may spend what: exact near the limit, in every process, and after a process was killed."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import Settings

from algorithms.journal import Begun, Ended, Journal
from billing import budgets, leasing, ledger, reaping, settlement
from billing.bills import Bill, Charge
from billing.budgets import Subject
from billing.models import Budget, Lease, Limit, Spender, Usage
from billing.pricing import Price
from billing.teller import Teller
from billing.till import Chain, Who
from marketplace.accounts import actors
from marketplace.accounts.models import Owner, User
from marketplace.lib.errors import PaymentRequired
from tests.factories import OwnerFactory
from tests.ledgers import give, require_balanced_books, require_nothing_held

pytestmark = pytest.mark.django_db(transaction=True)

DOLLAR = 1_000_000


@pytest.fixture(autouse=True)
def no_gifts(settings: Settings) -> None:
    settings.FREE_CREDITS_PER_MONTH = 0


@pytest.fixture
def payer() -> Owner:
    owner: Owner = OwnerFactory.create()
    give(owner.pk, DOLLAR)
    return owner


@contextlib.contextmanager
def tellers(number: int) -> Iterator[list[Teller]]:
    """Several of what each process has one of."""
    made = [Teller() for _ in range(number)]
    for teller in made:
        teller.start()
    yield made
    for teller in made:
        teller.stop()


def who(owner: Owner, *, tree: UUID | None = None, key_id: UUID | None = None) -> Who:
    return Who(owner.pk, key_id, owner.user_id, uuid4(), tree)


async def try_to_hold(
    teller: Teller, payer: Who, amount: int, *, cap: int | None = None
) -> Chain | PaymentRequired:
    try:
        return await teller.hold(payer, amount, cap=cap)
    except PaymentRequired as refusal:
        return refusal


def test_of_two_hundred_at_once_exactly_those_are_admitted_that_can_be_paid(payer: Owner) -> None:
    async def ask(two: list[Teller]) -> list[Chain | PaymentRequired]:
        asked = [try_to_hold(two[number % 2], who(payer), DOLLAR // 100) for number in range(200)]
        return await asyncio.gather(*asked)

    with tellers(2) as two:
        answers = asyncio.run(ask(two))
        wallet = Limit.objects.get()
        admitted = [answer for answer in answers if isinstance(answer, Chain)]
        refused = [answer for answer in answers if isinstance(answer, PaymentRequired)]
        assert (len(admitted), len(refused)) == (100, 100)
        assert (wallet.held, wallet.available) == (DOLLAR, 0)
        assert "this account has 0.00 USD left" in refused[0].message
        assert "Nothing was charged" in refused[0].message
        for number, answer in enumerate(answers):
            if isinstance(answer, Chain):
                two[number % 2].till.give(answer, DOLLAR // 100)

    assert Limit.objects.get().available == DOLLAR
    require_nothing_held()
    require_balanced_books()


def test_slack_is_small_and_goes_back_to_whoever_needs_it(payer: Owner) -> None:
    async def ask(first: Teller, second: Teller) -> None:
        chain = await first.hold(who(payer), 1000)
        first.till.give(chain, 1000)
        assert 1000 < first.till.slip(chain.leased[0]).free <= DOLLAR // 32 + 1000
        await second.hold(who(payer), DOLLAR)

    with tellers(2) as (first, second):
        asyncio.run(ask(first, second))

        assert Limit.objects.get().available == 0
        assert Lease.objects.get(spender_id=second.spender).amount == DOLLAR


def test_every_budget_holds_at_once_and_a_refusal_names_the_one_that_is_short(
    payer: Owner,
) -> None:
    by = actors.of_user(User.objects.get(owner=payer))
    monthly = budgets.create(payer, by=by, subject=Subject(), period="month", amount=5000)
    mine = Subject(Budget.Scope.MEMBER, username=by.name)
    daily = budgets.create(payer, by=by, subject=mine, period="day", amount=300)

    async def ask(teller: Teller) -> list[Chain | PaymentRequired]:
        return [await try_to_hold(teller, who(payer), amount) for amount in (300, 1)]

    with tellers(1) as [teller]:
        admitted, refused = asyncio.run(ask(teller))

    assert isinstance(admitted, Chain)
    assert len(admitted.limit_ids) == 3
    assert isinstance(refused, PaymentRequired)
    assert f"the budget of {by.name} for today has 0.00 USD left" in refused.message
    assert refused.details["budget"] == str(daily.pk)
    assert str(refused.details["resets_at"]) in refused.message
    assert "/billing/budgets/" in refused.message
    assert Limit.objects.get(budget=monthly).spent == 0


def test_new_window_has_all_of_its_budget_and_a_clock_set_back_finds_the_old_one(
    payer: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = actors.of_user(User.objects.get(owner=payer))
    budget = budgets.create(payer, by=by, subject=Subject(), period="day", amount=100)
    evening = datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC)
    seen = []
    for now in (evening, evening + timedelta(seconds=1), evening):
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        [window] = leasing.payers([payer.pk])[payer.pk].windows
        seen.append(window.limit_id)

    assert seen[0] == seen[2] != seen[1]
    ends = (
        Limit.objects.filter(budget=budget).order_by("starts_at").values_list("ends_at", flat=True)
    )
    assert list(ends) == [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)]


def test_max_cost_of_a_tree_holds_in_every_process_and_what_is_left_goes_back(
    payer: Owner,
) -> None:
    tree = who(payer, tree=uuid4())

    theirs: list[Chain] = []

    async def ask(root: Teller, other: Teller) -> None:
        chain = await root.hold(tree, 400, cap=1000)
        theirs.append(await other.hold(tree, 600))
        for teller in (root, other):
            refused = await try_to_hold(teller, tree, 1)
            assert isinstance(refused, PaymentRequired)
            assert "Max-Cost" in refused.message
        root.till.give(chain, 400)
        root.close_tree(chain)

    with tellers(2) as (root, other):
        asyncio.run(ask(root, other))
        assert Limit.objects.get(kind="wallet").held in (600, 1000)
        other.till.give(theirs[0], 600)

    reaping.reap()
    require_nothing_held()
    assert not Limit.objects.filter(kind="tree").exists()


def test_max_cost_within_a_max_cost_bounds_its_part_and_gives_the_rest_back_to_the_whole(
    payer: Owner,
) -> None:
    whole, part = who(payer, tree=uuid4()), who(payer, tree=uuid4())

    async def ask(root: Teller, other: Teller) -> None:
        first = await root.hold(whole, 100, cap=1000)
        second = await other.hold(part, 200, cap=600, within=whole.tree)
        beside, below = await try_to_hold(other, whole, 301), await try_to_hold(other, part, 401)
        for refused in (beside, below):
            assert isinstance(refused, PaymentRequired)
            assert "Max-Cost" in refused.message
        assert second.limit_ids[:-1] == first.limit_ids
        other.till.give(second, 200)
        other.close_tree(second)
        while await Limit.objects.filter(call_id=part.tree).aexists():
            await asyncio.sleep(0.02)
        again = await other.hold(whole, 900)
        other.till.give(again, 900)
        root.till.give(first, 100)
        root.close_tree(first)

    with tellers(2) as (root, other):
        asyncio.run(ask(root, other))

    reaping.reap()
    require_nothing_held()
    assert not Limit.objects.filter(kind="tree").exists()


def test_max_cost_of_nothing_lets_a_tree_run_and_refuses_what_costs_something(
    payer: Owner,
) -> None:
    tree = who(payer, tree=uuid4())

    async def ask(teller: Teller) -> list[Chain | PaymentRequired]:
        root = await teller.hold(tree, 0, cap=0)
        paid = await try_to_hold(teller, tree, 1)
        teller.close_tree(root)
        return [root, paid]

    with tellers(1) as [teller]:
        root, paid = asyncio.run(ask(teller))

    assert isinstance(root, Chain)
    assert isinstance(paid, PaymentRequired)
    assert "the Max-Cost of its tree of calls has 0.00 USD left" in paid.message
    reaping.reap()
    require_nothing_held()
    assert not Limit.objects.filter(kind="tree").exists()


def test_frozen_account_spends_nothing_with_a_max_cost_or_without(payer: Owner) -> None:
    Limit.objects.update(frozen_because="A payment is disputed.")

    async def ask(teller: Teller) -> list[Chain | PaymentRequired]:
        tree = who(payer, tree=uuid4())
        return [
            await try_to_hold(teller, who(payer), 1),
            await try_to_hold(teller, tree, 1, cap=100),
        ]

    with tellers(1) as [teller]:
        answers = asyncio.run(ask(teller))

    for refused in answers:
        assert isinstance(refused, PaymentRequired)
        assert "This account is frozen: A payment is disputed." in refused.message
    require_nothing_held()


@pytest.mark.parametrize("seconds_since_the_last_beat", [3600, 0])
def test_process_believed_dead_spends_nothing_of_what_was_taken_from_it(
    payer: Owner, seconds_since_the_last_beat: int
) -> None:
    with tellers(1) as [teller]:
        chain = asyncio.run(teller.hold(who(payer), 500))
        Spender.objects.update(seen_at=timezone.now() - timedelta(hours=1))
        reaping.reap()
        teller._beaten_at = time.monotonic() - seconds_since_the_last_beat
        asyncio.run(teller.hold(who(payer), DOLLAR))
        teller.till.give(chain, 500, spent=500)

        assert Limit.objects.get().held == DOLLAR
    assert Spender.objects.count() == 1


# Killed at any moment


def _call(payer: Owner, chain: Chain, amount: int) -> tuple[Begun, Ended]:
    call_id = uuid4()
    bill = Bill(
        payer_id=payer.pk,
        author_id=payer.pk,
        member_id=None,
        tag="",
        price=Price(1, 1, 7000, 10),
        limit_ids=chain.limit_ids,
        leased=chain.leased,
        spender=chain.spender,
    )
    begun = Begun(
        id=call_id,
        root_id=call_id,
        parent_id=None,
        depth=0,
        caller_id=payer.pk,
        key_id=None,
        algorithm_id=uuid4(),
        version_id=None,
        build_id=uuid4(),
        input_bytes=1,
        is_async=False,
        started_at=time.time(),
        bill=bill,
    )
    charge = Charge("billed", 10, random.randint(0, amount), 0, amount)
    return begun, Ended(id=call_id, result="succeeded", total_us=1, charge=charge)


async def _spend(folder: Path, payer: Owner, journal: Journal, teller: Teller) -> None:
    """Call after call, eight at a time, each answer noted once it is given."""
    answered = (folder / "answered").open("a")

    async def one() -> None:
        amount = random.randint(1, DOLLAR // 40)
        chain = await try_to_hold(teller, who(payer), amount)
        if isinstance(chain, PaymentRequired):
            (folder / "empty").touch()
            await asyncio.sleep(0.01)
            return
        begun, ended = _call(payer, chain, amount)
        journal.begin(begun)
        await asyncio.sleep(random.random() / 100)
        journal.end(ended)
        assert ended.charge is not None
        teller.till.give(chain, amount, spent=ended.charge.total)
        answered.write(f"{begun.id.hex} {ended.charge.total}\n")
        answered.flush()

    while True:
        await asyncio.gather(*(one() for _ in range(8)))


def _live_until_killed(folder: Path, payer: Owner) -> None:
    connections.close_all()
    journal = Journal(folder / "journal")
    journal.start()
    teller = Teller(journal.id)
    teller.start()
    asyncio.run(_spend(folder, payer, journal, teller))


def _wait_until_calls_run(folder: Path) -> None:
    """Until something more was answered, or there is no money left to answer anything."""
    answered, deadline = folder / "answered", time.monotonic() + 30
    before = answered.stat().st_size if answered.exists() else 0
    while time.monotonic() < deadline and not (folder / "empty").exists():
        if answered.exists() and answered.stat().st_size > before:
            return
        time.sleep(0.01)


def _settle_and_die(folder: Path, payer: Owner) -> None:
    """A settler that is killed inside its transaction, after everything but the commit."""
    connections.close_all()
    mark = settlement._mark

    def killed(*arguments: object) -> None:
        mark(*arguments)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    settlement._mark = killed  # type: ignore[assignment]
    settlement.settle_batch(5)
    time.sleep(60)


def test_whatever_is_killed_whenever_what_was_answered_is_charged_and_nothing_else(
    payer: Owner, tmp_path: Path
) -> None:
    (tmp_path / "journal").mkdir()
    context = multiprocessing.get_context("fork")
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # no connection for two processes
    for life in range(5):
        work = [_live_until_killed, _live_until_killed, _settle_and_die][: 3 if life else 2]
        processes = [context.Process(target=target, args=(tmp_path, payer)) for target in work]
        for process in processes:
            process.start()
        _wait_until_calls_run(tmp_path)
        time.sleep(random.random() / 3)
        for process in processes:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
            process.join()

    successor = Journal(tmp_path / "journal")
    successor.start()
    successor.stop()
    settlement.settle()
    reaping.release(successor.id)

    lines = [line.split() for line in (tmp_path / "answered").read_text().splitlines()]
    answered = {UUID(hex=call): int(total) for call, total in lines}
    charged = dict(Usage.objects.values_list("pk", "total"))
    assert len(answered) > 20
    assert {call: charged.get(call) for call in answered} == answered
    spent = sum(charged.values())
    assert spent == ledger.balance("compute_revenue") <= DOLLAR
    assert ledger.balance("bad_debt") == 0
    assert ledger.balance("customer_paid", payer.pk) == DOLLAR - spent
    require_nothing_held()
    require_balanced_books()
