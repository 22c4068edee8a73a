"""Calls that nobody waits for: how many may wait, whose they still are, and who hears of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import F
from django.test import TestCase
from django.utils import timezone

from algorithms import gateway, later
from algorithms.charging import Cost
from algorithms.gateway import Answer, Ask
from algorithms.models import CallRequest
from algorithms.resolving import Target, of_version_row
from billing import ledger, settlement
from billing.models import Usage
from marketplace.accounts import actors, keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership, Organization, Owner, User
from marketplace.lib.errors import TooMany
from runners.specs import Kind, Outcome
from tests.factories import VersionFactory
from tests.ledgers import give, require_balanced_books, use
from tests.stripes import browser_of

pytestmark = pytest.mark.django_db

VOID = Ask(kind=Kind.JSON, body=b"1", timeout=10)


@pytest.fixture
def target() -> Target:
    return of_version_row(VersionFactory.create())


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Actor]:
    """Who has had a call run, each of which gives 1."""
    ran: list[Actor] = []

    def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
        ran.append(by)
        assert ask.call_id is not None
        return Answer(ask.call_id, target, Outcome(kind=Kind.JSON, body=b"1"), 5)

    monkeypatch.setattr(gateway, "call_now", call_now)
    return ran


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that workers have been told of."""
    sent: list[str] = []
    monkeypatch.setattr(later.run, "apply_async", lambda ids, **_: sent.extend(ids))
    return sent


def owner_of(actor: Actor) -> Owner:
    return Owner.objects.get(pk=actor.owner_id or "")


def message_of(request: CallRequest, actor: Actor) -> str:
    _, outcome = later.fetch(request.pk, by=actor)
    assert outcome is not None
    return outcome.failure.message if outcome.failure else ""


def test_accepted_call_runs_as_whoever_left_it(
    target: Target, bob: Actor, ran: list[Actor]
) -> None:
    request = later.accept(target, by=bob, ask=VOID)

    later.run(str(request.pk))

    assert ran == [bob]
    assert message_of(request, bob) == ""


def test_one_account_may_not_leave_more_than_its_share(
    target: Target, alice: Actor, bob: Actor, ran: list[Actor], settings: Any
) -> None:
    settings.WAITING_CALLS_PER_ACCOUNT = 2
    first = later.accept(target, by=bob, ask=VOID)
    later.accept(target, by=bob, ask=VOID)

    with pytest.raises(TooMany, match="2 calls waiting"):
        later.accept(target, by=bob, ask=VOID)
    later.accept(target, by=alice, ask=VOID)
    later.run(str(first.pk))
    later.accept(target, by=bob, ask=VOID)

    assert CallRequest.objects.filter(caller=bob.owner_id).count() == 3


def test_call_of_an_owner_suspended_meanwhile_is_not_run(
    target: Target, bob: Actor, ran: list[Actor]
) -> None:
    owner = owner_of(bob)
    key, _ = keys.create(owner, by=bob, label="program")
    by_session = later.accept(target, by=bob, ask=VOID)
    by_key = later.accept(target, by=actors.of_key(key), ask=VOID)
    owner.is_suspended = True
    owner.save()

    for request in (by_session, by_key):
        later.run(str(request.pk))

    assert ran == []
    assert (
        message_of(by_session, bob)
        == "The account this call was made from cannot be used any more."
    )
    assert message_of(by_key, bob) == "The key this call was made with cannot be used any more."


def test_call_with_the_key_of_somebody_who_has_left_the_organization_is_not_run(
    target: Target, bob: Actor, ran: list[Actor]
) -> None:
    team = Organization.objects.create(label="Team")
    owner = Owner.objects.create(name="team", organization=team)
    person = User.objects.get(pk=bob.user_id or 0)
    member = Membership.objects.create(organization=team, user=person, role="owner")
    key, _ = keys.create(owner, by=actors.of_user(person), label="program")
    request = later.accept(target, by=actors.of_key(key), ask=VOID)
    member.delete()

    later.run(str(request.pk))

    assert ran == []


def test_workers_hear_once_of_a_forgotten_call_however_often_it_is_looked_for(
    target: Target, bob: Actor, sent: list[str]
) -> None:
    request = later.accept(target, by=bob, ask=VOID)
    long_ago = timezone.now() - timedelta(minutes=5)
    CallRequest.objects.filter(pk=request.pk).update(created_at=long_ago)

    later.recover()
    later.recover()

    assert sent == [str(request.pk)]


def test_call_for_a_gpu_is_queued_for_runners_that_have_one(
    target: Target, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues: list[str] = []
    monkeypatch.setattr(later.run, "apply_async", lambda _ids, *, queue, **_: queues.append(queue))
    needing = replace(target, spec=replace(target.spec, machine="nvidia-h200", gpu=True))

    with TestCase.captureOnCommitCallbacks(execute=True):
        for wanted in (target, needing):
            later.accept(wanted, by=bob, ask=VOID)

    assert queues == ["call", "call.nvidia-h200"]


def test_call_whose_worker_died_is_sent_again_at_once(
    target: Target, bob: Actor, sent: list[str]
) -> None:
    request = later.accept(target, by=bob, ask=VOID)
    long_ago = timezone.now() - timedelta(minutes=5)
    CallRequest.objects.filter(pk=request.pk).update(
        state=CallRequest.State.RUNNING, attempts=1, heartbeat_at=long_ago
    )

    later.recover()

    assert sent == [str(request.pk)]


def test_call_that_found_no_room_is_tried_again_in_a_moment_and_not_counted(
    target: Target, bob: Actor, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> Answer:
        raise TooMany("This account has all its calls running.")

    planned: list[tuple[tuple[str], float]] = []
    monkeypatch.setattr(gateway, "call_now", busy)
    monkeypatch.setattr(
        later.run, "apply_async", lambda args, *, countdown, **_: planned.append((args, countdown))
    )
    request = later.accept(target, by=bob, ask=VOID)
    later.run(str(request.pk))

    later.recover()

    assert planned == [((str(request.pk),), later.AGAIN_AFTER_SECONDS)]
    assert sent == []
    request.refresh_from_db()
    assert (request.state, request.attempts) == (CallRequest.State.QUEUED, 0)


def charged(call_id: UUID, target: Target, payer: Actor, *, parent: Usage | None = None) -> Usage:
    """A call of the payer's that has run and cost 600."""
    made = use(owner_of(payer).pk, target.algorithm_owner_id, compute=100, royalty=500)
    Usage.objects.filter(pk=made.pk).update(
        call_id=call_id,
        root_id=parent.root_id if parent else call_id,
        parent_id=parent.pk if parent else None,
    )
    return Usage.objects.get(pk=call_id)


@pytest.mark.parametrize("is_killed_before_its_end", [False, True])
def test_call_that_runs_again_after_a_kill_is_paid_once_with_all_it_calls(
    target: Target,
    bob: Actor,
    monkeypatch: pytest.MonkeyPatch,
    is_killed_before_its_end: bool,
) -> None:
    give(bob.owner_id, 10_000)
    tries: list[UUID] = []

    def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
        assert ask.call_id is not None
        tries.append(ask.call_id)
        is_killed = len(tries) < 3
        root = charged(ask.call_id, target, bob)
        charged(uuid4(), target, bob, parent=root)
        if is_killed and is_killed_before_its_end:
            Usage.objects.filter(pk=root.pk).update(total=0, compute=0, royalty=0)
            root.payer.spending_limits.update(held=F("held") - 600)
        if is_killed:
            raise KeyboardInterrupt
        answer = Outcome(kind=Kind.JSON, body=b"1")
        return Answer(ask.call_id, target, answer, 5, Cost(compute=100, royalty=500, balance=8_800))

    monkeypatch.setattr(gateway, "call_now", call_now)
    request = later.accept(target, by=bob, ask=VOID)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            later.run(str(request.pk))
        CallRequest.objects.filter(pk=request.pk).update(state=CallRequest.State.QUEUED)
    later.run(str(request.pk))
    settlement.settle()

    given_back = [later.give_back_repeats(), later.give_back_repeats()]

    assert tries[0] == request.pk
    assert len(set(tries)) == 3
    assert message_of(request, bob) == ""
    fetched = browser_of(bob).get(f"/v1/requests/req-{request.pk}").json()
    assert fetched["metadata"]["cost"]["amount"] == "0.0006"
    assert fetched["metadata"]["cost"]["balance"] == "0.0088"
    assert given_back == [2 if is_killed_before_its_end else 4, 0]
    assert ledger.balance("customer_paid", bob.owner_id) == 10_000 - 2 * 600
    assert ledger.balance("author_pending", target.algorithm_owner_id) == 2 * 350
    require_balanced_books()


def test_answer_of_an_attempt_that_was_given_up_is_not_kept(
    target: Target, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
        CallRequest.objects.update(attempts=2)  # another worker has taken over meanwhile
        return Answer(request.pk, target, Outcome(kind=Kind.JSON, body=b"1"), 5)

    monkeypatch.setattr(gateway, "call_now", call_now)
    request = later.accept(target, by=bob, ask=VOID)

    later.run(str(request.pk))

    request.refresh_from_db()
    assert (request.state, request.answer) == (CallRequest.State.RUNNING, None)
