"""A token of the operator's identity provider instead of an API key."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from tests.api.identity_provider import PROVIDER, SOMEBODY, me

pytestmark = pytest.mark.usefixtures("provider")


def test_provider_says_who_it_is(alice: Actor) -> None:
    status, body = me()

    assert (status, body["name"]) == (200, "alice")
    assert "account" not in body["scopes"]
    assert "call" in body["scopes"]


@pytest.mark.django_db
def test_somebody_new_gets_an_account() -> None:
    status, body = me(sub="carol", email="carol@example.org", name="Carol")

    assert (status, body["name"]) == (200, "carol")
    owner = Owner.objects.select_related("user").get(name="carol")
    assert owner.user is not None
    assert (owner.user.email, owner.user.full_name) == ("carol@example.org", "Carol")
    assert not owner.user.has_usable_password()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": 1}, "has expired"),
        ({"aud": "another"}, "not of the provider"),
        ({"iss": "https://elsewhere.example.org"}, "not of the provider"),
        ({"sub": ""}, "does not say who you are"),
    ],
)
def test_other_tokens_are_refused(alice: Actor, claims: dict[str, object], told: str) -> None:
    status, body = me(PROVIDER, **claims)

    assert status == 401
    assert told in body["error"]["message"]


def test_forged_tokens_are_refused_and_make_nobody(alice: Actor) -> None:
    assert me(SOMEBODY)[0] == 401
    assert me(SOMEBODY, sub="carol")[0] == 401
    assert not Owner.objects.filter(name="carol").exists()


def test_site_without_a_provider_takes_no_tokens(alice: Actor, settings: LazySettings) -> None:
    settings.JWT_ISSUER = ""

    assert me()[0] == 401


def test_suspended_person_stays_out(alice: Actor) -> None:
    Owner.objects.filter(name="alice").update(is_suspended=True)

    assert me()[0] == 403
