"""Publishing: who may, what becomes of a build, and that a refusal leaves nothing behind."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace

import pytest
from django.db import connection

from algorithms import gateway, publishing
from algorithms.gateway import Answer, Ask
from algorithms.models import Algorithm, Build, Version
from algorithms.publishing import publish
from algorithms.resolving import Target
from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Membership, Organization, Owner, User
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import BadInput, MarketplaceError, NotAllowed, NotSignedIn
from marketplace.lib.semver import Part
from runners.specs import Failure, Kind, Network, Outcome
from tests.factories import AlgorithmFactory, BuildFactory, OwnerFactory

Runs = list[tuple[Target, Ask]]


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owned: Algorithm = AlgorithmFactory.create(owner=Owner.objects.get(name="alice"), name="Hello")
    BuildFactory.create(algorithm=owned)
    return owned


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The gateway, which answers every sample with "Hello" and remembers what it was asked."""
    asked: Runs = []

    def call_now(target: Target, *, by: Actor, ask: Ask) -> Answer:
        asked.append((target, ask))
        failed = ask.body == b'"bad"'
        failure = Failure("boom", "InputError") if failed else None
        return Answer(uuid.uuid4(), target, Outcome(Kind.TEXT, b"Hello", failure=failure), 1)

    monkeypatch.setattr(gateway, "call_now", call_now)
    return asked


def rebuilt(algorithm: Algorithm) -> Algorithm:
    BuildFactory.create(algorithm=algorithm)
    return Algorithm.objects.get(pk=algorithm.pk)


def test_what_changed_since_the_algorithm_was_read_stays_changed(
    algorithm: Algorithm, alice: Actor
) -> None:
    Algorithm.objects.update(readme="# From the build", source_visibility="open", tagline="New")

    publish(algorithm, by=alice, tagline="Newer")

    algorithm.refresh_from_db()
    assert algorithm.readme == "# From the build"
    assert algorithm.source_visibility == "open"
    assert algorithm.tagline == "Newer"


def test_first_version_is_0_1_0_private_and_recorded(algorithm: Algorithm, alice: Actor) -> None:
    version = publish(algorithm, by=alice, part=Part.MAJOR, release_notes="Works.")

    assert str(version) == "alice/Hello/0.1.0"
    assert version.callability == "private"
    assert version.release_notes == "Works."
    assert version.build == algorithm.builds.get()
    assert not Algorithm.objects.get().is_public
    assert AuditEntry.objects.get(action="published").target == "alice/Hello/0.1.0"


def test_public_version_makes_the_algorithm_public(algorithm: Algorithm, alice: Actor) -> None:
    publish(algorithm, by=alice, callability="public")

    assert Algorithm.objects.get().is_public


def test_version_without_a_part_is_a_minor_release(algorithm: Algorithm, alice: Actor) -> None:
    publish(algorithm, by=alice)

    assert str(publish(rebuilt(algorithm), by=alice).number) == "0.2.0"
    assert str(publish(rebuilt(algorithm), by=alice, part=Part.REVISION).number) == "0.2.1"
    assert str(publish(rebuilt(algorithm), by=alice, part=Part.MAJOR).number) == "1.0.0"


def test_version_freezes_the_settings_of_its_day(algorithm: Algorithm, alice: Actor) -> None:
    first = publish(
        algorithm, by=alice, callability="public", network_access="full", royalty_microcredits=5
    )
    Algorithm.objects.update(network_access="isolated", royalty_microcredits=0)

    first.refresh_from_db()
    assert (first.network_access, first.royalty_microcredits) == ("full", 5)


def test_settings_named_when_publishing_stay_with_the_algorithm(
    algorithm: Algorithm, alice: Actor
) -> None:
    publish(algorithm, by=alice, label="New label", may_call_others=True)

    kept = Algorithm.objects.get()
    assert (kept.label, kept.may_call_others) == ("New label", True)


def test_release_too_small_for_its_changes_is_refused_in_words(
    algorithm: Algorithm, alice: Actor
) -> None:
    publish(algorithm, by=alice, callability="public")

    with pytest.raises(BadInput, match=r"major release \(1\.0\.0\) at least.*internet"):
        publish(rebuilt(algorithm), by=alice, part=Part.MINOR, network_access="full")

    assert Version.objects.count() == 1
    assert Algorithm.objects.get().network_access == "isolated"


def test_release_without_a_part_is_as_large_as_it_must_be(
    algorithm: Algorithm, alice: Actor
) -> None:
    publish(algorithm, by=alice, callability="public")

    version = publish(rebuilt(algorithm), by=alice, network_access="full")

    assert str(version.number) == "1.0.0"
    assert version.is_public


def test_only_the_newest_successful_build_is_published(algorithm: Algorithm, alice: Actor) -> None:
    newest = BuildFactory.create(algorithm=algorithm)
    BuildFactory.create(algorithm=algorithm, state=Build.State.FAILED)
    BuildFactory.create(algorithm=algorithm, state=Build.State.RUNNING)

    assert publish(algorithm, by=alice).build == newest


def test_what_is_published_must_be_built_again_first(algorithm: Algorithm, alice: Actor) -> None:
    publish(algorithm, by=alice)
    BuildFactory.create(algorithm=algorithm, state=Build.State.FAILED)

    with pytest.raises(BadInput) as refused:
        publish(algorithm, by=alice)

    assert refused.value.message == "Version already published. Please compile your algorithm."
    assert refused.value.wire_code == 1007
    assert Version.objects.count() == 1


def test_algorithm_without_a_good_build_is_not_published(alice: Actor) -> None:
    owner = Owner.objects.get(name="alice")
    build = BuildFactory.create(algorithm__owner=owner, state=Build.State.FAILED)

    with pytest.raises(BadInput, match="no successful build") as refused:
        publish(build.algorithm, by=alice)

    assert refused.value.wire_code == 1007


def test_sample_is_run_on_the_build_with_the_terms_it_will_have(
    algorithm: Algorithm, alice: Actor, runs: Runs
) -> None:
    version = publish(algorithm, by=alice, sample_input='{"a": 1}', network_access="full")

    ((target, ask),) = runs
    assert target.build_id == version.build_id
    assert target.spec.network is Network.FULL
    assert (ask.kind, ask.body) == (Kind.JSON, b'{"a": 1}')
    assert (version.sample_input, version.sample_output) == ('{"a": 1}', '"Hello"')


def test_plan_claims_nothing_of_an_output_that_the_sample_has_yet_to_give(
    algorithm: Algorithm, alice: Actor, runs: Runs
) -> None:
    publish(algorithm, by=alice, sample_input='"World"')

    plan = publishing.planned(rebuilt(algorithm), by=alice)

    assert runs
    assert (plan.differences, plan.smallest) == ((), Part.REVISION)


def test_sample_that_is_no_json_is_run_as_text(
    algorithm: Algorithm, alice: Actor, runs: Runs
) -> None:
    publish(algorithm, by=alice, sample_input="Grüße, Welt")

    assert runs[0][1].kind is Kind.TEXT
    assert runs[0][1].body == "Grüße, Welt".encode()


def test_sample_that_fails_stops_the_publish(
    algorithm: Algorithm, alice: Actor, runs: Runs
) -> None:
    with pytest.raises(BadInput, match="nothing was published: boom"):
        publish(algorithm, by=alice, callability="public", sample_input='"bad"', label="New")

    assert not Version.objects.exists()
    assert Algorithm.objects.get().label == "Hello"
    assert not Algorithm.objects.get().is_public
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("who", ["stranger", "nobody", "key without management", "executor"])
def test_stranger_is_refused_and_nothing_is_published(
    who: str, algorithm: Algorithm, alice: Actor, mallory: Actor, runs: Runs
) -> None:
    asking = {
        "stranger": mallory,
        "nobody": actors.ANONYMOUS,
        "key without management": replace(alice, scopes=frozenset({Scope.CALL})),
        "executor": replace(mallory, executes_for=frozenset({algorithm.owner_id})),
    }[who]

    with pytest.raises((NotAllowed, NotSignedIn)):
        publish(algorithm, by=asking, callability="public", sample_input="1")

    assert not Version.objects.exists()
    assert not runs


def test_in_an_organization_only_its_owners_publish_for_everyone(db: None) -> None:
    organization = Organization.objects.create(label="Acme")
    acme = OwnerFactory.create(name="acme", user=None, organization=organization)
    people = {}
    for role in ("owner", "member"):
        name = OwnerFactory.create(name=f"acme_{role}").name
        user = User.objects.get(username=name)
        Membership.objects.create(organization=organization, user=user, role=role)
        people[role] = actors.of_user(user)
    algorithm = BuildFactory.create(algorithm__owner=acme).algorithm

    with pytest.raises(NotAllowed):
        publish(algorithm, by=people["member"], callability="public")
    assert not Version.objects.exists()

    assert not publish(algorithm, by=people["member"]).is_public
    assert publish(rebuilt(algorithm), by=people["owner"], callability="public").is_public


@pytest.mark.parametrize(
    "wrong",
    [
        {"callability": "secret"},
        {"royalty_microcredits": -1},
        {"royalty_microcredits": 1.5},
        {"license": "wtfpl"},
        {"license": "mit", "source_visibility": "closed"},
        {"release_notes": "x" * 20_001},
        {"sample_input": "x" * 100_001},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_be_are_refused_and_nothing_is_published(
    wrong: dict[str, object], algorithm: Algorithm, alice: Actor, runs: Runs
) -> None:
    with pytest.raises(BadInput):
        publish(algorithm, by=alice, **wrong)  # type: ignore[arg-type]

    assert not Version.objects.exists()
    assert not runs


@pytest.mark.django_db(transaction=True)
def test_of_many_publishes_at_once_one_wins(algorithm: Algorithm, alice: Actor) -> None:
    start, results = threading.Barrier(4), []

    def attempt() -> None:
        try:
            start.wait()
            results.append(str(publish(Algorithm.objects.get(), by=alice).number))
        except MarketplaceError as error:
            results.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results.count("0.1.0") == 1
    assert set(results) <= {"0.1.0", "bad_input", "conflict"}
    assert Version.objects.count() == 1


def test_planning_says_what_would_happen_and_does_nothing(
    algorithm: Algorithm, alice: Actor, runs: Runs
) -> None:
    publish(algorithm, by=alice, callability="public")

    plan = publishing.planned(rebuilt(algorithm), by=alice, royalty_microcredits=7)

    assert plan.parts == (Part.MAJOR,)
    assert str(plan.number(Part.MAJOR)) == "1.0.0"
    assert plan.reasons == ("What was free stays free within a major version.",)
    assert Version.objects.count() == 1
