from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.accounts import actors, keys, patterns
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, AuditEntry, Owner, User
from marketplace.accounts.scopes import Scope, covers
from marketplace.api.authentication import actor_from
from marketplace.lib import tokens
from marketplace.lib.errors import BadInput, Conflict, NotAllowed, NotSignedIn

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,5}", fullmatch=True)


def owner_of(actor: Actor) -> Owner:
    return Owner.objects.get(name=actor.name)


@pytest.mark.django_db
def test_a_stored_key_cannot_be_read_back(alice: Actor) -> None:
    key, secret = keys.create(owner_of(alice), by=alice, label="app")

    kept = " ".join(map(str, APIKey.objects.filter(pk=key.pk).values_list().get()))
    logged = " ".join(map(str, AuditEntry.objects.values_list("target", "details")))
    assert secret not in kept + logged
    assert key.mask == f"{secret[:8]}…{secret[-4:]}"


@pytest.mark.django_db
@pytest.mark.parametrize("scope", list(Scope))
def test_no_scope_of_a_key_lets_it_make_keys(alice: Actor, scope: Scope) -> None:
    owner = owner_of(alice)
    _, secret = keys.create(owner, by=alice, label="full")
    program = actor_from(secret)
    pretending = replace(program, scopes=frozenset({scope}))

    for actor in (program, pretending):
        with pytest.raises(NotAllowed):
            keys.create(owner, by=actor, label="more")

    assert APIKey.objects.count() == 1


@pytest.mark.django_db
def test_nobody_makes_a_key_for_another(alice: Actor, mallory: Actor) -> None:
    with pytest.raises(NotAllowed):
        keys.create(owner_of(alice), by=mallory, label="hers")

    assert not APIKey.objects.exists()


@pytest.mark.django_db
def test_only_staff_make_administration_keys(alice: Actor) -> None:
    with pytest.raises(NotAllowed, match="Only staff"):
        keys.create(owner_of(alice), by=alice, label="x", scopes=KeyScopes(is_admin=True))

    assert not APIKey.objects.exists()


@pytest.mark.django_db
def test_an_administration_key_calls_nothing_and_reads_nothing(alice: Actor) -> None:
    User.objects.update(is_staff=True)
    staff = actors.of_user(User.objects.get())
    scopes = KeyScopes(is_admin=True, algorithm_access=APIKey.AlgorithmAccess.FULL)

    _, secret = keys.create(owner_of(alice), by=staff, label="x", scopes=scopes)

    assert actor_from(secret).scopes == {Scope.ADMIN}


@pytest.mark.django_db
def test_an_expired_key_is_unknown(alice: Actor) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    key, secret = keys.create(owner_of(alice), by=alice, label="short", expires_at=later)
    APIKey.objects.filter(pk=key.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))

    with pytest.raises(NotSignedIn, match="expired"):
        actor_from(secret)


@pytest.mark.django_db
def test_revoking_twice_is_one_entry_in_the_audit(alice: Actor) -> None:
    key, secret = keys.create(owner_of(alice), by=alice, label="app")
    actor_from(secret)

    keys.revoke(key, by=alice)
    keys.revoke(key, by=alice)

    assert AuditEntry.objects.filter(action="revoked a key").count() == 1
    with pytest.raises(NotSignedIn):
        actor_from(secret)


@pytest.mark.django_db
def test_there_is_a_limit_to_keys(alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 2)
    for label in ("a", "b"):
        keys.create(owner_of(alice), by=alice, label=label)

    with pytest.raises(Conflict, match="revoke one"):
        keys.create(owner_of(alice), by=alice, label="c")


@pytest.mark.django_db
def test_an_older_use_does_not_cover_a_newer(alice: Actor) -> None:
    key, _ = keys.create(owner_of(alice), by=alice, label="app")

    keys.note_use({key.pk: (NOON, "192.0.2.2")})
    keys.note_use({key.pk: (NOON - timedelta(hours=1), "192.0.2.1")})

    key.refresh_from_db()
    assert (key.last_used_at, key.last_used_from) == (NOON, "192.0.2.2")


@pytest.mark.django_db
def test_a_use_without_an_address_is_noted_too(alice: Actor) -> None:
    key, _ = keys.create(owner_of(alice), by=alice, label="app")

    keys.note_use({key.pk: (NOON, "")})

    key.refresh_from_db()
    assert (key.last_used_at, key.last_used_from) == (NOON, None)


@given(st.text(max_size=40))
def test_text_that_is_no_key_is_never_taken_for_one(text: str) -> None:
    assert not tokens.is_well_formed(text)


@given(st.integers(0, 27), st.characters(codec="ascii"))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    key = tokens.new_api_key()
    changed = key[:place] + character + key[place + 1 :]

    assert tokens.is_well_formed(changed) == (changed == key)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*/x",
        "algo://",
        "algo://a",
        "algo://a/",
        "algo://a/b/c",
        "algo://a-b/c",
        "data://a/b",
        "algo://a/*/b",
        "algo://../x",
        "algo://a/b*",
        "http://algo/x",
    ],
)
def test_a_pattern_that_means_nothing_is_named(pattern: str) -> None:
    with pytest.raises(BadInput, match="is no pattern"):
        patterns.cleaned([pattern])


@given(NAMES, NAMES, NAMES)
def test_a_pattern_reaches_what_it_says_and_no_more(owner: str, name: str, other: str) -> None:
    whole, single = patterns.cleaned([f"{owner}/*", f"algo://{owner}/{name}"])

    assert covers((whole,), owner, other)
    assert covers((single,), owner.upper(), name.upper())
    assert covers((single,), owner, other) == (other.lower() == name.lower())
    assert covers((whole,), other, name) == (other.lower() == owner.lower())
    assert not covers((), owner, name)


def test_what_another_pattern_covers_is_pointed_out() -> None:
    known = patterns.cleaned(["a/*", "A/Digits", "b/Digits", "b/Digits/*", "bb/x"])

    assert patterns.covered(known) == [
        ("algo://A/Digits", "algo://a/*"),
        ("algo://b/Digits", "algo://b/Digits/*"),
    ]


@pytest.mark.parametrize(
    ("allowed", "page", "is_allowed"),
    [
        ("shop.test", "https://shop.test/a", True),
        ("shop.test", "https://shop.test:8443", True),
        ("shop.test:8443", "https://shop.test:8443", True),
        ("shop.test:8443", "https://shop.test", False),
        ("*.shop.test", "https://a.b.shop.test", True),
        ("*.shop.test", "https://shop.test", False),
        ("*.shop.test", "https://evilshop.test", False),
        ("shop.test", "https://shop.test.evil.test", False),
        ("shop.test", "https://evil.test/?shop.test", False),
        ("shop.test", "https://shop.test@evil.test/", False),
        ("shop.test", "null", False),
        ("*", "https://any.test", True),
        ("*", "null", False),
    ],
)
def test_a_page_is_of_the_host_a_key_names(allowed: str, page: str, is_allowed: bool) -> None:
    assert keys.is_page_of(allowed, page) is is_allowed
