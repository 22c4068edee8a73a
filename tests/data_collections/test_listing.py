from __future__ import annotations

import pytest
from django.utils import timezone

from data_collections import uris
from data_collections.listing import list_folder
from data_collections.models import Blob, Collection, DataFile
from marketplace.accounts import actors
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.accounts.models import Membership, Organization, Owner, User
from marketplace.lib.errors import BadInput, NotFound, NotSignedIn
from tests.data_collections.conftest import Put, Running, collection_of


def _fill(collection: Collection, count: int) -> list[str]:
    blob = Blob.objects.create(pk="0" * 64, md5="0" * 32, size=1, wanted_at=timezone.now())
    names = [f"file {number:05d} ü" for number in range(count)]
    DataFile.objects.bulk_create(
        DataFile(collection=collection, name=name, blob=blob, size=1, modified_at=timezone.now())
        for name in names
    )
    return names


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (1000, [1000]), (2001, [1000, 1000, 1])])
def test_long_folder_comes_in_pages_of_a_thousand(
    count: int, pages: list[int], alice: Actor
) -> None:
    names = _fill(collection_of(alice, "many"), count)
    seen: list[list[str]] = []
    marker: str | None = ""

    while marker is not None:
        listing = list_folder(uris.parse(".my/many"), by=alice, marker=marker)
        seen.append([file.name for file in listing.files])
        marker = listing.marker

    assert [len(page) for page in seen] == pages
    assert [name for page in seen for name in page] == names


def test_many_collections_come_in_pages_too(alice: Actor) -> None:
    owner = Owner.objects.get(name="alice")
    Collection.objects.bulk_create(
        Collection(owner=owner, name=f"c{number:04d}") for number in range(1001)
    )

    first = list_folder(uris.parse(".my"), by=alice)
    second = list_folder(uris.parse(".my"), by=alice, marker=first.marker or "")

    assert len(first.folders) == 1000
    assert second.folders == ("c1000",)
    assert second.marker is None


def test_file_added_meanwhile_neither_repeats_nor_hides_another(alice: Actor) -> None:
    collection = collection_of(alice, "many")
    names = _fill(collection, 1500)
    first = list_folder(uris.parse(".my/many"), by=alice)
    DataFile.objects.filter(collection=collection, name=names[3]).delete()

    second = list_folder(uris.parse(".my/many"), by=alice, marker=first.marker or "")

    assert [file.name for file in second.files] == names[1000:]


@pytest.mark.parametrize("marker", ["!", "é", "_____w", "AA=A"])
def test_marker_that_nobody_gave_out_is_refused(marker: str, alice: Actor) -> None:
    collection_of(alice, "many")

    with pytest.raises(BadInput, match="This marker is not one") as refusal:
        list_folder(uris.parse(".my/many"), by=alice, marker=marker)

    assert refusal.value.wire_code == 5002


def test_root_names_the_asker_first_and_then_their_organizations(alice: Actor) -> None:
    team = Organization.objects.create(label="A team")
    Owner.objects.create(name="a_team", organization=team)
    user = User.objects.get(username="alice")
    Membership.objects.create(organization=team, user=user, role="member")

    listing = list_folder(uris.parse("data://"), by=actors.of_user(user))

    assert listing.folders == ("alice", "a_team")


def test_root_of_nobody_is_refused(db: None) -> None:
    with pytest.raises(NotSignedIn):
        list_folder(uris.parse("data://"), by=ANONYMOUS)


def test_unknown_owner_is_said_to_be_unknown(alice: Actor) -> None:
    with pytest.raises(NotFound, match="Nobody here is called zoe"):
        list_folder(uris.parse("data://zoe"), by=alice)


def test_algorithms_stores_can_be_walked_from_the_top(
    alice: Actor, bob: Actor, put: Put, running: Running
) -> None:
    put(".algo/perm/x", b"x", by=running(bob, alice, path="alice/One"))
    put(".algo/temp/x", b"x", by=running(bob, alice, path="alice/One"))
    put(".algo/temp/x", b"x", by=running(bob, alice, path="alice/Two"))
    put(".algo/temp/x", b"x", by=running(alice, bob, path="bob/Three"))

    def folders(uri: str) -> tuple[str, ...]:
        return list_folder(uris.parse(uri), by=bob).folders

    assert folders(".algo") == ("alice",)
    assert folders(".algo/alice") == ("One", "Two")
    assert folders(".algo/Alice/one") == ("perm", "temp")
    assert [
        file.name for file in list_folder(uris.parse(".algo/alice/One/temp"), by=bob).files
    ] == ["x"]
    with pytest.raises(NotFound):
        folders(".algo/bob")
