"""`data://.algo/default`: an algorithm's own word for the collection that its author chose."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from algorithms import authoring
from algorithms.models import Algorithm
from data_collections import collecting
from data_collections.models import Collection, DefaultCollection
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.models import Owner
from tests.compat.management_api import Api, api_of
from tests.factories import EnvironmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_data_folder")]


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owner = Owner.objects.get(name="alice")
    return authoring.create(owner, by=alice, name="Net", environment=EnvironmentFactory.create())


@pytest.fixture
def models(alice: Actor) -> Collection:
    made = collecting.create(Owner.objects.get(name="alice"), by=alice, name="models")
    stored = api_of(alice).client.put("/v1/data/alice/models/net.dat", b"weights")
    assert stored.status_code == 200
    return made


def inside(algorithm: Algorithm, caller: Actor) -> dict[str, str]:
    """The header of the algorithm while it runs for the caller."""
    running = RunningCall(
        call_id=uuid.uuid4(),
        root_id=uuid.uuid4(),
        depth=0,
        algorithm_id=algorithm.pk,
        algorithm_owner_id=algorithm.owner_id,
        algorithm_path=str(algorithm),
        may_call_others=False,
    )
    return {"Authorization": f"Bearer {run_tokens.sign(caller, running, expires_in=60)}"}


@pytest.mark.parametrize("place", ["alice/Net", "{id}"])
def test_callers_read_what_the_author_has_chosen_and_write_nothing(
    client: Client, alice: Actor, bob: Actor, algorithm: Algorithm, models: Collection, place: str
) -> None:
    place = place.format(id=algorithm.pk)

    chosen = api_of(alice).post(f"/v1/algorithms/{place}/collections/{models.pk}")
    header = inside(algorithm, bob)
    found = client.get("/v1/data/.algo/default/net.dat", headers=header)
    listed = client.get("/v1/data/.algo/default", headers=header)
    written = client.put("/v1/data/.algo/default/mine", b"x", headers=header)

    assert chosen == (204, None)
    assert b"".join(found.streaming_content) == b"weights"  # type: ignore[attr-defined]
    assert [file["filename"] for file in listed.json()["files"]] == ["net.dat"]
    assert written.status_code == 403
    assert models.files.count() == 1


def test_without_a_choice_and_from_outside_the_word_means_nothing(
    client: Client, alice: Actor, bob: Actor, algorithm: Algorithm, models: Collection
) -> None:
    none = client.get("/v1/data/.algo/default/net.dat", headers=inside(algorithm, bob))
    outside = api_of(alice).get("/v1/data/.algo/default/net.dat")

    assert none.status_code == 404
    assert "No default collection is assigned to alice/Net" in none.json()["error"]["message"]
    assert outside[0] == 400
    assert "only inside a running algorithm" in outside[1]["error"]["message"]


def test_strangers_choose_nothing_and_nothing_unknown_is_chosen(
    alice: Actor, bob: Actor, mallory: Actor, algorithm: Algorithm, models: Collection
) -> None:
    Collection.objects.update(read_access="private")
    theirs = collecting.create(Owner.objects.get(name="bob"), by=bob, name="theirs")

    refused = {
        (api_of(mallory).post(f"/v1/algorithms/{algorithm.pk}/collections/{models.pk}")[0]),
        (api_of(alice).post(f"/v1/algorithms/{algorithm.pk}/collections/{theirs.pk}")[0]),
        (api_of(alice).post(f"/v1/algorithms/{algorithm.pk}/collections/{uuid.uuid4()}")[0]),
    }

    assert refused == {404}
    assert not DefaultCollection.objects.exists()


def test_choice_ends_with_the_collection_and_with_the_algorithm(
    client: Client, alice: Actor, algorithm: Algorithm, models: Collection
) -> None:
    api: Api = api_of(alice)
    api.post(f"/v1/algorithms/{algorithm.pk}/collections/{models.pk}")
    header = inside(algorithm, alice)

    collecting.delete(models, by=alice, with_files=True)
    gone = client.get("/v1/data/.algo/default/net.dat", headers=header)
    another = collecting.create(Owner.objects.get(name="alice"), by=alice, name="another")
    api.post(f"/v1/algorithms/{algorithm.pk}/collections/{another.pk}")
    authoring.delete(algorithm, by=alice)

    assert gone.status_code == 404
    assert not DefaultCollection.objects.exists()
