from __future__ import annotations

import pytest

from algorithms.models import Algorithm, Build, Version
from algorithms.resolving import resolve
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict, NotAllowed, NotFound
from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    return AlgorithmFactory.create(
        owner_id=alice.owner_id, owner=None, name="Hello", is_public=True
    )


def _publish(algorithm: Algorithm, number: str, *, public: bool = True) -> Version:
    major, minor, revision = map(int, number.split("."))
    callability = Version.Callability.PUBLIC if public else Version.Callability.PRIVATE
    build = BuildFactory.create(algorithm=algorithm, environment=algorithm.environment)
    version: Version = VersionFactory.create(
        build=build,
        algorithm=algorithm,
        major=major,
        minor=minor,
        revision=revision,
        callability=callability,
    )
    return version


@pytest.fixture
def versions(algorithm: Algorithm) -> None:
    for number in ("0.1.0", "1.0.0", "1.2.0", "1.2.1", "1.10.0"):
        _publish(algorithm, number)
    for number in ("1.2.2", "2.0.0"):
        _publish(algorithm, number, public=False)


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "1.10.0"),
        ("latest", "1.10.0"),
        ("1", "1.10.0"),
        ("1.*", "1.10.0"),
        ("1.2", "1.2.1"),
        ("1.2.*", "1.2.1"),
        ("1.2.x", "1.2.1"),
        ("1.2.0", "1.2.0"),
        ("0", "0.1.0"),
    ],
)
def test_a_stranger_gets_the_public_version_asked_for(bob: Actor, wanted: str, found: str) -> None:
    assert resolve("alice", "hello", wanted, by=bob).label == found


@pytest.mark.usefixtures("versions")
def test_partial_forms_never_reach_private_versions_even_for_the_owner(alice: Actor) -> None:
    assert resolve("alice", "Hello", "1.2", by=alice).label == "1.2.1"
    with pytest.raises(NotFound):
        resolve("alice", "Hello", "2", by=alice)


@pytest.mark.usefixtures("versions")
def test_private_versions_are_for_the_owner(alice: Actor, bob: Actor) -> None:
    assert resolve("alice", "Hello", "2.0.0", by=alice).label == "2.0.0"
    assert resolve("alice", "Hello", "latestPrivate", by=alice).label == "2.0.0"
    for wanted in ("2.0.0", "latestPrivate"):
        with pytest.raises(NotAllowed):
            resolve("alice", "Hello", wanted, by=bob)


def test_a_build_is_called_by_its_commit_by_the_owner_only(
    algorithm: Algorithm, alice: Actor, bob: Actor
) -> None:
    build = BuildFactory.create(algorithm=algorithm, environment=algorithm.environment)

    assert resolve("alice", "Hello", build.commit, by=alice).build_id == build.pk
    with pytest.raises(NotAllowed):
        resolve("alice", "Hello", build.commit, by=bob)


def test_a_commit_whose_build_failed_says_why(algorithm: Algorithm, alice: Actor) -> None:
    build = BuildFactory.create(
        algorithm=algorithm,
        environment=algorithm.environment,
        state=Build.State.FAILED,
        error="No version of nothing exists",
    )

    with pytest.raises(Conflict, match="No version of nothing exists"):
        resolve("alice", "Hello", build.commit, by=alice)


def test_an_algorithm_that_was_never_published_does_not_exist_for_strangers(
    alice: Actor, bob: Actor
) -> None:
    AlgorithmFactory.create(owner_id=alice.owner_id, owner=None, name="Secret")

    with pytest.raises(NotFound, match="algo://alice/Secret not found"):
        resolve("alice", "Secret", "", by=bob)


@pytest.mark.usefixtures("versions")
def test_nonsense_is_refused_with_the_forms_there_are(bob: Actor) -> None:
    with pytest.raises(BadInput, match=r"write 1\.2\.3"):
        resolve("alice", "Hello", "newest-please", by=bob)


@pytest.mark.usefixtures("versions")
def test_an_algorithm_is_found_by_its_id_too(algorithm: Algorithm, bob: Actor) -> None:
    assert resolve(str(algorithm.pk), "", "1.2", by=bob).label == "1.2.1"
