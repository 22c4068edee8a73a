"""Secrets of algorithms: who may set them, how they are kept, and that no door gives a value back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from algorithms import algorithm_secrets, resolving
from algorithms.algorithm_secrets import Given
from algorithms.models import Algorithm, Build, Secret
from marketplace.accounts import actors, keys, run_tokens
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, AuditEntry, Membership, Organization, Owner, User
from marketplace.lib.errors import BadInput, Conflict, TooLarge, TooMany, Unavailable
from runners.contracts.apply import Apply
from runners.specs import RunSpec
from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory

VALUE = "correct-horse-battery"
BODY = {
    "owner_type": "algorithm",
    "short_name": "mail",
    "provider_id": "internal",
    "secret_key": "MAIL_PASSWORD",
    "secret_value": VALUE,
    "description": " ",
}


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    return AlgorithmFactory.create(
        owner_id=alice.owner_id, owner=None, name="Hello", is_public=True
    )


@pytest.fixture
def secret(algorithm: Algorithm, alice: Actor) -> Secret:
    return algorithm_secrets.create(algorithm, given(), by=alice)


def given(**changes: Any) -> Given:
    return Given(**{"short_name": "mail", "secret_key": "MAIL_PASSWORD", "value": VALUE} | changes)


def client_of(actor: Actor, scopes: KeyScopes = keys.FULL) -> Client:
    owner = Owner.objects.get(name=actor.name)
    return Client(
        headers={"Authorization": keys.create(owner, by=actor, label="t", scopes=scopes)[1]}
    )


def client_inside(caller: Actor, algorithm: Algorithm) -> Client:
    """The algorithm itself, while it runs for somebody."""
    running = RunningCall(
        call_id=uuid4(),
        root_id=uuid4(),
        depth=0,
        algorithm_id=algorithm.pk,
        algorithm_owner_id=algorithm.owner_id,
        algorithm_path=str(algorithm),
        may_call_others=True,
    )
    token = run_tokens.sign(caller, running, expires_in=60)
    return Client(headers={"Authorization": f"Bearer {token}"})


def place(algorithm: Algorithm) -> str:
    return f"/v1/algorithms/{algorithm.pk}/secrets"


def post(client: Client, algorithm: Algorithm, **changes: object) -> Any:
    body = BODY | {"owner_id": str(algorithm.pk)} | changes
    return client.post(place(algorithm), body, content_type="application/json")


def test_owner_sets_lists_changes_and_removes_a_secret_and_never_reads_it(
    algorithm: Algorithm, alice: Actor
) -> None:
    client = client_of(alice)

    made = post(client, algorithm)
    at = f"{place(algorithm)}/{made.json()['id']}"
    listed = client.get(place(algorithm))
    changed = client.put(at, {"secret_value": "new-value"}, content_type="application/json")

    assert (made.status_code, listed.status_code, changed.status_code) == (201, 200, 200)
    shown = made.json()
    assert sorted(shown) == [
        "created", "description", "id", "modified", "owner_id", "owner_type", "provider_id",
        "secret_key", "short_name",
    ]  # fmt: skip
    assert shown["owner_id"] == str(algorithm.pk)
    assert listed.json() == {"secrets": [shown], "results": [shown]}
    assert resolving.variables(algorithm) == (("MAIL_PASSWORD", "new-value"),)
    for answer in (made, listed, changed):
        assert VALUE.encode() not in answer.content
        assert b"new-value" not in answer.content
    assert client.delete(at).status_code == 204
    assert client.get(place(algorithm)).json() == {"secrets": [], "results": []}
    assert resolving.variables(algorithm) == ()


def test_provider_is_told_to_whoever_has_a_key(alice: Actor) -> None:
    (provider,) = client_of(alice).get("/v1/secret-provider").json()

    assert (provider["id"], provider["isEnabled"], provider["isDefault"]) == (
        "internal",
        True,
        True,
    )
    assert Client().get("/v1/secret-provider").status_code == 401


def test_value_is_encrypted_at_rest_and_stands_in_no_audit_entry(
    secret: Secret, alice: Actor
) -> None:
    algorithm_secrets.change(secret, given(), by=alice)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM algorithms_secret")
        (row,) = cursor.fetchall()
    assert VALUE not in repr(row)
    entries = AuditEntry.objects.filter(action__endswith="a secret").order_by("pk")
    assert {entry.action for entry in entries} == {"created a secret", "changed a secret"}
    assert VALUE not in repr(list(entries.values()))
    secret.refresh_from_db()
    assert secret.unseal() == VALUE


def test_value_moved_to_another_algorithm_cannot_be_opened_there(secret: Secret) -> None:
    other = AlgorithmFactory.create()
    Secret.objects.filter(pk=secret.pk).update(algorithm=other)

    with pytest.raises(Unavailable):
        resolving.variables(other)


def test_secrets_under_a_changed_site_key_are_refused_in_a_sentence(
    secret: Secret, settings: LazySettings
) -> None:
    settings.SECRET_KEY = "another"

    with pytest.raises(Unavailable, match="owner must set them again"):
        resolving.variables(secret.algorithm)


def executor_of_alices_team(bob: Actor, algorithm: Algorithm) -> Client:
    team = Organization.objects.create(label="Team", contact_email="boss@example.org")
    algorithm.owner = Owner.objects.create(name="team", organization=team)
    algorithm.save()
    person = User.objects.get(pk=bob.user_id or 0)
    Membership.objects.create(organization=team, user=person, role="executor")
    return client_of(actors.of_user(person))


@pytest.mark.parametrize("who", ["stranger", "executor", "no-manage", "running", "nobody"])
def test_others_are_refused_and_nothing_happens(
    algorithm: Algorithm, secret: Secret, alice: Actor, bob: Actor, who: str
) -> None:
    only_calls = KeyScopes(algorithm_access=APIKey.AlgorithmAccess.FULL)
    client = {
        "stranger": lambda: client_of(bob),
        "executor": lambda: executor_of_alices_team(bob, algorithm),
        "no-manage": lambda: client_of(alice, only_calls),
        "running": lambda: client_inside(alice, algorithm),
        "nobody": Client,
    }[who]()
    at = f"{place(algorithm)}/{secret.pk}"
    before = list(Secret.objects.values())

    answers = [
        client.get(place(algorithm)),
        post(client, algorithm, secret_key="OTHER"),
        client.put(at, {"secret_value": "stolen"}, content_type="application/json"),
        client.delete(at),
    ]

    assert {answer.status_code for answer in answers} == {401 if who == "nobody" else 403}
    assert not any(b"MAIL_PASSWORD" in answer.content for answer in answers)
    assert list(Secret.objects.values()) == before


def test_private_algorithm_of_another_does_not_even_exist(
    algorithm: Algorithm, secret: Secret, bob: Actor
) -> None:
    Algorithm.objects.filter(pk=algorithm.pk).update(is_public=False)

    answer = client_of(bob).get(place(algorithm))

    assert (answer.status_code, answer.json()) == (404, {"error": "No such algorithm"})


def test_secret_is_not_found_below_another_algorithm(secret: Secret, alice: Actor) -> None:
    other = AlgorithmFactory.create(owner=secret.algorithm.owner)

    answer = client_of(alice).delete(f"{place(other)}/{secret.pk}")

    assert answer.status_code == 404
    assert Secret.objects.count() == 1


@pytest.mark.parametrize(
    "name",
    ["", "1ST", "MY-KEY", "A B", "A=B", "ÄRGER", "A\n", "A" * 101, 7, "PATH", "HOME", "http_proxy",
     "ALGORITHMIA_API", "LD_PRELOAD", "NVIDIA_VISIBLE_DEVICES", "AGORITHM_X"],
)  # fmt: skip
def test_name_that_is_no_variable_or_is_ours_is_refused(
    algorithm: Algorithm, alice: Actor, name: object
) -> None:
    with pytest.raises(BadInput):
        algorithm_secrets.create(algorithm, given(secret_key=name), by=alice)

    assert not Secret.objects.exists()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("", BadInput),
        ("a\0b", BadInput),
        (7, BadInput),
        (None, BadInput),
        ("a" * (32 * 1024 + 1), TooLarge),
        ("ä" * (16 * 1024 + 1), TooLarge),
    ],
)
def test_value_that_no_variable_can_hold_is_refused(
    algorithm: Algorithm, alice: Actor, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        algorithm_secrets.create(algorithm, given(value=value), by=alice)

    assert not Secret.objects.exists()


def test_value_of_the_greatest_size_is_kept_whole(algorithm: Algorithm, alice: Actor) -> None:
    algorithm_secrets.create(algorithm, given(value="ä" * (16 * 1024)), by=alice)

    assert resolving.variables(algorithm) == (("MAIL_PASSWORD", "ä" * (16 * 1024)),)


def test_second_secret_for_one_variable_is_refused(secret: Secret, alice: Actor) -> None:
    other = algorithm_secrets.create(secret.algorithm, given(secret_key="OTHER"), by=alice)

    with pytest.raises(Conflict):
        algorithm_secrets.create(secret.algorithm, given(value="second"), by=alice)
    with pytest.raises(Conflict):
        algorithm_secrets.change(other, Given(secret_key="MAIL_PASSWORD"), by=alice)

    assert resolving.variables(secret.algorithm) == (("MAIL_PASSWORD", VALUE), ("OTHER", VALUE))


def test_secret_number_fifty_one_is_refused(algorithm: Algorithm, alice: Actor) -> None:
    for number in range(50):
        algorithm_secrets.create(algorithm, given(secret_key=f"KEY_{number}"), by=alice)

    with pytest.raises(TooMany, match="50"):
        algorithm_secrets.create(algorithm, given(), by=alice)

    assert algorithm.secrets.count() == 50


@pytest.mark.parametrize("other", [{"owner_type": "user"}, {"provider_id": "vault"}])
def test_secret_of_another_kind_is_refused(
    algorithm: Algorithm, alice: Actor, other: dict[str, str]
) -> None:
    answer = post(client_of(alice), algorithm, **other)

    assert answer.status_code == 400
    assert not Secret.objects.exists()


def test_versions_and_builds_get_the_secrets_and_their_texts_show_none(
    secret: Secret, alice: Actor
) -> None:
    build: Build = BuildFactory.create(algorithm=secret.algorithm)
    VersionFactory.create(build=build, callability="public")

    for wanted in ("0.1.0", build.commit):
        target = resolving.resolve("alice", "Hello", wanted, by=alice)
        plan = Apply().plan(target.spec, mounts=(), sockets="", name="sandbox")
        assert target.spec.variables == (("MAIL_PASSWORD", VALUE),)
        assert ("MAIL_PASSWORD", VALUE) in plan.environment
        assert VALUE not in f"{target!r} {target.spec!r} {plan!r} {given()!r}"


def test_secret_cannot_replace_a_variable_of_ours_even_if_it_is_in_the_database() -> None:
    spec = RunSpec("alice/Hello", "src.Hello", variables=(("HOME", "/elsewhere"),))

    plan = Apply().plan(spec, mounts=(), sockets="", name="sandbox")

    assert dict(plan.environment)["HOME"] == "/tmp/work"


@pytest.mark.parametrize("act", ["create", "change", "remove"])
def test_resolutions_made_before_a_change_are_forgotten(
    secret: Secret, alice: Actor, act: str
) -> None:
    VersionFactory.create(
        build=BuildFactory.create(algorithm=secret.algorithm), callability="public"
    )
    target = resolving.resolve("alice", "Hello", "", by=alice)
    resolving.remember("alice", "Hello", "", alice, target)
    assert resolving.remembered("alice", "Hello", "", alice) is target

    if act == "create":
        algorithm_secrets.create(secret.algorithm, given(secret_key="NEW"), by=alice)
    elif act == "change":
        algorithm_secrets.change(secret, Given(value="new"), by=alice)
    else:
        algorithm_secrets.remove(secret, by=alice)

    assert resolving.remembered("alice", "Hello", "", alice) is None
    assert resolving.resolve("alice", "Hello", "", by=alice).spec != target.spec
