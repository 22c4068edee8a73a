"""Calls that nobody waits for: how many may wait, whose they still are, and who hears of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from algorithms import gateway, later
from algorithms.gateway import Answer, Ask
from algorithms.models import CallRequest
from algorithms.resolving import Target, of_version_row
from marketplace.accounts import actors, keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Membership, Organization, Owner, User
from marketplace.lib.errors import TooMany
from runners.specs import Kind, Outcome
from tests.factories import VersionFactory

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
    monkeypatch.setattr(later.run, "delay", sent.append)
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
        later.run, "apply_async", lambda args, countdown: planned.append((args, countdown))
    )
    request = later.accept(target, by=bob, ask=VOID)
    later.run(str(request.pk))

    later.recover()

    assert planned == [((str(request.pk),), later.AGAIN_AFTER_SECONDS)]
    assert sent == []
    request.refresh_from_db()
    assert (request.state, request.attempts) == (CallRequest.State.QUEUED, 0)
