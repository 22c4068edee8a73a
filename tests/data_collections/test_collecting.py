from __future__ import annotations

import pytest

from data_collections import collecting
from data_collections.models import Collection, DataFile
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Owner
from marketplace.lib.errors import BadInput, Conflict, NotAllowed
from tests.data_collections.conftest import Put, collection_of

PUBLIC = Collection.ReadAccess.PUBLIC


def test_collection_is_for_the_owners_algorithms_unless_said_otherwise(alice: Actor) -> None:
    collection = collection_of(alice, "models")

    assert str(collection) == "data://alice/models"
    assert collection.read_access == "my_algorithms"


@pytest.mark.parametrize("name", ["Models", "models"])
def test_name_is_taken_whatever_its_case(name: str, alice: Actor) -> None:
    collection_of(alice, "models")

    with pytest.raises(Conflict, match=f"data://alice/{name} exists already"):
        collection_of(alice, name)

    assert Collection.objects.count() == 1


@pytest.mark.parametrize("name", ["", "1st", "my-models", "a" * 31, "a/b", "..", "ä"])
def test_name_that_cannot_stand_in_a_url_is_refused(name: str, alice: Actor) -> None:
    with pytest.raises(BadInput, match="start with a letter"):
        collection_of(alice, name)

    assert not Collection.objects.exists()


def test_stranger_makes_nothing_for_others(alice: Actor, mallory: Actor) -> None:
    owner = Owner.objects.get(name="alice")

    with pytest.raises(NotAllowed, match="mallory may not create collections for alice"):
        collecting.create(owner, by=mallory, name="models")

    assert not Collection.objects.exists()


def test_change_of_access_is_recorded(alice: Actor) -> None:
    collection = collection_of(alice, "models")

    collecting.change_access(collection, by=alice, read_access=PUBLIC)

    collection.refresh_from_db()
    assert collection.read_access == PUBLIC
    entry = AuditEntry.objects.get(action="changed who reads")
    assert entry.details == {"before": "my_algorithms", "after": "public"}


def test_stranger_changes_and_deletes_nothing(alice: Actor, mallory: Actor) -> None:
    collection = collection_of(alice, "open", "public")

    with pytest.raises(NotAllowed):
        collecting.change_access(collection, by=mallory, read_access=PUBLIC)
    with pytest.raises(NotAllowed):
        collecting.delete(collection, by=mallory, with_files=True)

    assert Collection.objects.get().read_access == "public"


def test_collection_with_files_is_not_deleted_by_accident(alice: Actor, put: Put) -> None:
    collection = collection_of(alice, "models")
    put(".my/models/a", b"a", by=alice)

    with pytest.raises(Conflict, match="it holds 1 file"):
        collecting.delete(collection, by=alice)

    assert DataFile.objects.count() == 1


def test_collection_goes_with_its_files_when_asked(alice: Actor, put: Put) -> None:
    collection = collection_of(alice, "models")
    put(".my/models/a", b"a", by=alice)
    put(".my/models/b", b"b", by=alice)

    assert collecting.delete(collection, by=alice, with_files=True) == 2

    assert not DataFile.objects.exists()
    assert not Collection.objects.exists()
