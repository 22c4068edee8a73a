from __future__ import annotations

import threading

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from marketplace.accounts import registration
from marketplace.accounts.models import APIKey, AuditEntry, Owner, User
from marketplace.accounts.registration import SignedUp, sign_up
from marketplace.accounts.scopes import Scope
from marketplace.api.authentication import actor_from
from marketplace.lib import names
from marketplace.lib.errors import BadInput, Conflict, MarketplaceError

PASSWORD = "correct horse battery"


def join(name: str, email: str = "") -> SignedUp:
    return sign_up(username=name, email=email or f"{name}@example.org", password=PASSWORD)


@pytest.mark.django_db
def test_signing_up_gives_a_name_and_a_key_that_may_do_everything() -> None:
    made = join("carol")

    actor = actor_from(made.secret)
    assert (actor.name, actor.owner_id) == ("carol", made.owner.pk)
    assert actor.scopes == {Scope.CALL, Scope.MANAGE, Scope.DATA_READ, Scope.DATA_WRITE}
    assert (made.key.label, made.key.digest == made.secret) == ("default-key", False)
    assert made.user.check_password(PASSWORD)
    assert AuditEntry.objects.filter(action="signed up", target="carol").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["carol", "CAROL", "Carol"])
def test_a_name_is_given_once_whatever_its_letter_case(name: str) -> None:
    join("carol")

    with pytest.raises(Conflict) as refusal:
        join(name, "other@example.org")

    assert refusal.value.wire_code == 3003
    assert Owner.objects.count() == User.objects.count() == APIKey.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["carol@example.org", "Carol@EXAMPLE.org"])
def test_an_address_is_used_once_whatever_its_letter_case(email: str) -> None:
    join("carol")

    with pytest.raises(Conflict) as refusal:
        join("carol2", email)

    assert refusal.value.wire_code == 3004
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["admin", "Admin", "V1", "data", "algo", "agorithm"])
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(Conflict, match="reserved"):
        join(name)

    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["", "1carol", "_x", "ca-rol", "ca rol", "ca/rol", "../etc", "café", "a" * 31, "a\x00b"]
)
def test_names_that_no_client_could_write_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        join(name, "carol@example.org")

    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "password", "carolcarol1", ""])
def test_weak_passwords_are_refused_with_the_reason(password: str) -> None:
    with pytest.raises(BadInput, match="password"):
        sign_up(username="carolcarol", email="carol@example.org", password=password)

    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["", "carol", "carol@", "a@b@c", "carol@example.org\nBcc: x"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(BadInput):
        sign_up(username="carol", email=email, password=PASSWORD)

    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_want_the_same_name_at_once_one_gets_it() -> None:
    start = threading.Barrier(10)
    outcomes: list[str] = []

    def run(number: int) -> None:
        start.wait()
        try:
            join("carol" if number % 2 else "CAROL", f"p{number}@example.org")
            outcomes.append("made")
        except MarketplaceError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["conflict"] * 9 + ["made"]
    assert Owner.objects.count() == User.objects.count() == APIKey.objects.count() == 1


@pytest.mark.django_db
def test_who_loses_the_race_after_the_check_gets_the_same_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    join("carol")
    check, asked = registration.check_name, []

    def blind_at_first(name: str) -> str:
        asked.append(name)
        return name if len(asked) == 1 else check(name)

    monkeypatch.setattr(registration, "check_name", blind_at_first)

    with pytest.raises(Conflict, match="'carol' is taken"):
        join("carol", "other@example.org")

    assert Owner.objects.count() == 1


@given(st.text(max_size=40))
def test_a_checked_name_is_safe_in_addresses_and_paths(text: str) -> None:
    try:
        name = names.checked(text)
    except BadInput:
        return

    assert name.isascii()
    assert name.replace("_", "a").isalnum()
    assert 1 <= len(name) <= 30
