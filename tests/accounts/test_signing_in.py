from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from marketplace.accounts import attempts, keys, signing_in
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Attempt, FailedSignIn, Owner, User
from marketplace.api.authentication import actor_from_basic
from marketplace.lib.errors import NotAllowed, NotSignedIn, TooMany

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def fail(times: int, login: str = "alice", address: str = HERE) -> None:
    for _ in range(times):
        with pytest.raises(NotSignedIn):
            signing_in.check(login, "wrong", address=address)


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.org", " Alice@Example.org "])
def test_a_person_is_known_by_name_and_by_address(alice: Actor, login: str) -> None:
    assert signing_in.check(login, PASSWORD, address=HERE).pk == alice.user_id


@pytest.mark.parametrize(
    ("login", "password"),
    [("alice", "wrong"), ("alice", ""), ("nobody", PASSWORD), ("", ""), ("a\x00", "x")],
)
def test_a_wrong_pair_gets_the_same_sentence_whoever_it_is(
    alice: Actor, login: str, password: str
) -> None:
    with pytest.raises(NotSignedIn, match=r"The name or the password is not right\."):
        signing_in.check(login, password, address=HERE)


def test_after_five_wrong_passwords_even_the_right_one_must_wait(alice: Actor) -> None:
    fail(5)

    with pytest.raises(TooMany, match="Try again in 15 minutes") as refusal:
        signing_in.check("ALICE", PASSWORD, address=HERE)

    assert 0 < refusal.value.retry_after <= 901


def test_of_many_guesses_at_once_the_right_one_counts_among_the_first_only(
    alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = signing_in._is_right

    def slowly(user: User | None, password: str) -> bool:
        for _other in range(5):
            signing_in.note_failure("alice", address=HERE)
        return looks(user, password)

    monkeypatch.setattr(signing_in, "_is_right", slowly)

    with pytest.raises(TooMany):
        signing_in.check("alice", PASSWORD, address=HERE)


def test_of_many_attempts_at_once_only_so_many_are_admitted(
    alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    admitted: list[Attempt] = []
    create = Attempt.objects.create

    def attempt() -> None:
        with suppress(TooMany):
            attempts.admit("code", alice.user_id, most=5, within=timedelta(minutes=15))
            admitted.append(Attempt.objects.latest("pk"))

    def crowded(**values: Any) -> Attempt:
        monkeypatch.setattr(Attempt.objects, "create", create)
        for _other in range(10):
            attempt()
        return create(**values)

    monkeypatch.setattr(Attempt.objects, "create", crowded)
    attempt()

    assert (len(admitted), Attempt.objects.count()) == (5, 5)


def test_the_brake_lets_go_after_a_quarter_of_an_hour(alice: Actor) -> None:
    fail(5)

    FailedSignIn.objects.update(at=F("at") - timedelta(minutes=15, seconds=1))

    assert signing_in.check("alice", PASSWORD, address=HERE).username == "alice"


def test_a_stranger_who_guesses_does_not_lock_the_person_out(alice: Actor) -> None:
    fail(5)

    assert signing_in.check("alice", PASSWORD, address=ELSEWHERE).username == "alice"


def test_one_address_that_tries_many_names_is_stopped(alice: Actor) -> None:
    now = datetime.now(UTC)
    FailedSignIn.objects.bulk_create(
        FailedSignIn(at=now, login_digest=str(number), address=HERE) for number in range(50)
    )

    with pytest.raises(TooMany):
        signing_in.check("alice", PASSWORD, address=HERE)


def test_success_forgets_the_failures_before_it(alice: Actor) -> None:
    fail(4)

    signing_in.check("alice", PASSWORD, address=HERE)
    fail(4)

    assert FailedSignIn.objects.count() == 4


def test_what_was_typed_as_a_name_is_not_kept(alice: Actor) -> None:
    fail(1, login="my secret password")

    assert "secret" not in str(FailedSignIn.objects.values().get())


def test_a_suspended_person_is_told_so_only_with_the_right_password(alice: Actor) -> None:
    Owner.objects.filter(pk=alice.owner_id or "").update(is_suspended=True)

    with pytest.raises(NotAllowed, match="suspended"):
        signing_in.check("alice", PASSWORD, address=HERE)
    with pytest.raises(NotSignedIn):
        signing_in.check("alice", "wrong", address=HERE)


def test_who_has_no_password_cannot_sign_in_with_one(alice: Actor) -> None:
    person = User.objects.get()
    person.set_unusable_password()
    person.save()

    with pytest.raises(NotSignedIn):
        signing_in.check("alice", "", address=HERE)


def basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def test_git_takes_the_password_or_a_key(alice: Actor) -> None:
    _, secret = keys.create(Owner.objects.get(), by=alice, label="git")

    by_password = actor_from_basic(basic("alice", PASSWORD), address=HERE)
    by_key = actor_from_basic(basic("whoever", secret), address=HERE)

    assert (by_password.name, by_password.key_id) == ("alice", None)
    assert (by_key.name, by_key.key_label) == ("alice", "git")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic YWxpY2U=",
        "Bearer x",
        "Basic " + base64.b64encode(b"\xff:x").decode(),
        basic("alice", "wrong"),
        basic("alice", "simAgoNotReallyAKeyOfOurs0000"),
    ],
)
def test_git_is_refused_without_the_right_one(alice: Actor, header: str) -> None:
    with pytest.raises(NotSignedIn):
        actor_from_basic(header, address=HERE)


def test_git_is_braked_like_the_page(alice: Actor) -> None:
    fail(5)

    with pytest.raises(TooMany):
        actor_from_basic(basic("alice", PASSWORD), address=HERE)
