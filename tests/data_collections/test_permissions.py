"""Who reaches what: one table of actors against kinds of collections."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from data_collections import collecting, files, uris
from data_collections.listing import list_folder
from data_collections.models import Collection, DataFile
from marketplace.accounts import actors
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.accounts.models import Membership, Organization, Owner, User
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import MarketplaceError, NotAllowed, NotFound, NotSignedIn
from tests.data_collections.conftest import Put, Running, collection_of, content_of

READ, WRITE = Scope.DATA_READ, Scope.DATA_WRITE
OPEN = ("private", "my_algorithms", "public")
ACCESSES = (*OPEN, "sealed")

# Which of the four collections of alice each one can read, and which they can write to.
TABLE = {
    "alice": (ACCESSES, ACCESSES),
    "key that may read and write": (ACCESSES, ACCESSES),
    "key that may only read": (ACCESSES, ()),
    "key without data scope": (("public",), ()),
    "stranger": (("public",), ()),
    "nobody": (("public",), ()),
    "own algorithm, called by alice": (OPEN, OPEN),
    "own algorithm, called by bob": (("my_algorithms", "public"), ()),
    "own algorithm, called by a visitor": (("my_algorithms", "public"), ()),
    "own algorithm, called with a key without data scope": (("my_algorithms", "public"), ()),
    "bob's algorithm, called by alice": (OPEN, OPEN),
    "bob's algorithm, called with a key of alice that may only read": (OPEN, ()),
    "bob's algorithm, called with a key of alice without data scope": (("public",), ()),
    "bob's algorithm, called by bob": (("public",), ()),
}


def _without(actor: Actor, *scopes: Scope) -> Actor:
    return replace(actor, scopes=actor.scopes - set(scopes), key_id=uuid4(), key_label="small")


@pytest.fixture
def cast(alice: Actor, bob: Actor, mallory: Actor, running: Running) -> dict[str, Actor]:
    return {
        "alice": alice,
        "key that may read and write": _without(alice),
        "key that may only read": _without(alice, WRITE),
        "key without data scope": _without(alice, READ, WRITE),
        "stranger": mallory,
        "nobody": ANONYMOUS,
        "own algorithm, called by alice": running(alice, alice),
        "own algorithm, called by bob": running(bob, alice),
        "own algorithm, called by a visitor": running(ANONYMOUS, alice),
        "own algorithm, called with a key without data scope": running(
            _without(bob, READ, WRITE), alice
        ),
        "bob's algorithm, called by alice": running(alice, bob),
        "bob's algorithm, called with a key of alice that may only read": running(
            _without(alice, WRITE), bob
        ),
        "bob's algorithm, called with a key of alice without data scope": running(
            _without(alice, READ, WRITE), bob
        ),
        "bob's algorithm, called by bob": running(bob, bob),
    }


@pytest.mark.parametrize("who", TABLE)
def test_each_reads_and_writes_what_the_table_says(
    who: str, cast: dict[str, Actor], alice: Actor, put: Put
) -> None:
    readable, writable = TABLE[who]
    for access in ACCESSES:
        collection_of(alice, access, access)
        put(f"data://alice/{access}/file", b"content", by=alice)

    reads = {access for access in ACCESSES if _succeeds_to_read(cast[who], access)}
    writes = {access for access in ACCESSES if _succeeds_to_write(cast[who], access, put)}

    assert reads == set(readable)
    assert writes == set(writable)
    assert DataFile.objects.count() == len(ACCESSES) + len(writable)


@pytest.mark.parametrize("who", [name for name in TABLE if "data scope" not in name])
def test_listing_an_owner_shows_exactly_what_can_be_read(
    who: str, cast: dict[str, Actor], alice: Actor
) -> None:
    for access in ACCESSES:
        collection_of(alice, access, access)

    listing = list_folder(uris.parse("data://alice"), by=cast[who])

    assert set(listing.folders) == set(TABLE[who][0])


def test_key_without_data_scope_is_told_what_it_lacks(alice: Actor) -> None:
    collection_of(alice, "models")
    key = replace(_without(alice, READ, WRITE), scopes=frozenset({Scope.CALL}))

    with pytest.raises(NotAllowed) as refusal:
        list_folder(uris.parse("data://.my"), by=key)

    assert refusal.value.message == (
        "alice may not list data of alice with the key “small”, which allows: call."
    )


def test_stranger_cannot_tell_a_private_collection_from_none(alice: Actor, mallory: Actor) -> None:
    collection_of(alice, "secret", "private")

    with pytest.raises(NotFound) as private:
        list_folder(uris.parse("data://alice/secret"), by=mallory)
    with pytest.raises(NotFound) as missing:
        list_folder(uris.parse("data://alice/nowhere"), by=mallory)

    assert private.value.message.replace("secret", "nowhere") == missing.value.message


def test_author_is_told_why_their_algorithm_cannot_read_for_others(
    alice: Actor, bob: Actor, put: Put, running: Running
) -> None:
    collection_of(alice, "models", "private")
    put("data://alice/models/a", b"x", by=alice)

    with pytest.raises(NotAllowed, match="data://alice/models is private, so alice/Reader may not"):
        content_of("data://alice/models/a", by=running(bob, alice))


def test_algorithm_of_the_owner_cannot_unseal_what_it_is_judged_by(
    alice: Actor, running: Running
) -> None:
    rows = collection_of(alice, "rows", "sealed")

    with pytest.raises(NotAllowed):
        collecting.change_access(
            rows, by=running(alice, alice), read_access=Collection.ReadAccess.PRIVATE
        )
    with pytest.raises(NotAllowed, match="data://alice/rows is sealed: no algorithm may read it"):
        content_of("data://alice/rows/a", by=running(alice, alice))

    rows.refresh_from_db()
    assert rows.read_access == "sealed"


def test_public_collections_of_a_suspended_owner_are_closed(
    alice: Actor, bob: Actor, put: Put
) -> None:
    collection_of(alice, "open", "public")
    put("data://alice/open/a", b"x", by=alice)
    Owner.objects.filter(name="alice").update(is_suspended=True)

    with pytest.raises(NotFound):
        content_of("data://alice/open/a", by=bob)


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("owner", True, True),
        ("member", True, True),
        ("executor", False, False),
        ("invited", False, False),
    ],
)
def test_role_in_an_organization_decides(
    role: str, reads: bool, writes: bool, bob: Actor, put: Put
) -> None:
    team = Organization.objects.create(label="Team")
    owner = Owner.objects.create(name="team", organization=team)
    user = User.objects.get(username="bob")
    Membership.objects.create(organization=team, user=user, role=role)
    member = actors.of_user(user)
    Collection.objects.create(owner=owner, name="private", read_access="private")

    assert _succeeds_to_write(member, "private", put, owner="team") is writes
    assert ("private" in list_folder(uris.parse("data://team"), by=member).folders) is reads


def test_algorithm_of_others_cannot_lay_its_callers_data_open(
    alice: Actor, bob: Actor, running: Running
) -> None:
    collection = collection_of(alice, "models", "private")
    owner = Owner.objects.get(name="alice")
    algorithm = running(alice, bob)

    with pytest.raises(NotAllowed):
        collecting.change_access(collection, by=algorithm, read_access=Collection.ReadAccess.PUBLIC)
    with pytest.raises(NotAllowed, match="may not make public collections"):
        collecting.create(
            owner, by=algorithm, name="leak", read_access=Collection.ReadAccess.PUBLIC
        )

    assert list(Collection.objects.values_list("name", "read_access")) == [("models", "private")]


def test_session_is_shared_by_a_call_tree_and_by_nobody_else(
    alice: Actor, bob: Actor, put: Put, running: Running
) -> None:
    root = uuid4()
    without_scopes = replace(bob, scopes=frozenset())
    outer = running(without_scopes, alice, path="alice/Outer", root_id=root)
    inner = running(without_scopes, bob, path="bob/Inner", root_id=root)
    other = running(bob, alice, path="alice/Outer")

    put("data://.session/note", b"from outer", by=outer)

    assert content_of("data://.session/note", by=inner) == b"from outer"
    with pytest.raises(NotFound):
        content_of("data://.session/note", by=other)
    with pytest.raises(NotFound, match="only inside a running algorithm"):
        content_of("data://.session/note", by=bob)


def test_visitors_algorithm_has_a_session_too(alice: Actor, put: Put, running: Running) -> None:
    visitor = running(ANONYMOUS, alice)

    put("data://.session/note", b"x", by=visitor)

    assert content_of("data://.session/note", by=visitor) == b"x"


def test_visitor_has_no_store_of_their_own(alice: Actor, put: Put, running: Running) -> None:
    with pytest.raises(NotSignedIn):
        put("data://.algo/temp/note", b"x", by=running(ANONYMOUS, alice))

    assert not Collection.objects.exists()


def test_empty_session_can_be_listed(alice: Actor, running: Running) -> None:
    assert list_folder(uris.parse("data://.session"), by=running(alice, alice)).files == ()


@pytest.mark.parametrize("store", ["temp", "perm"])
def test_algorithms_store_is_kept_apart_for_each_caller(
    *, store: str, alice: Actor, bob: Actor, mallory: Actor, put: Put, running: Running
) -> None:
    put(
        f"data://.algo/{store}/note",
        b"for bob",
        by=running(replace(bob, scopes=frozenset()), alice),
    )
    put(f"data://.algo/{store}/note", b"for alice", by=running(alice, alice))

    assert content_of(f"data://.algo/alice/Reader/{store}/note", by=bob) == b"for bob"
    assert content_of(f"data://.algo/{store}/note", by=running(bob, alice)) == b"for bob"
    assert content_of(f"data://.algo/alice/Reader/{store}/note", by=alice) == b"for alice"
    with pytest.raises(NotFound):
        content_of(f"data://.algo/alice/Reader/{store}/note", by=mallory)


def test_algorithm_without_data_scope_reads_only_its_own_store(
    alice: Actor, bob: Actor, put: Put, running: Running
) -> None:
    caller = replace(bob, scopes=frozenset({Scope.CALL}))
    put("data://.algo/perm/note", b"x", by=running(caller, alice, path="alice/One"))

    with pytest.raises(NotAllowed):
        content_of("data://.algo/alice/One/perm/note", by=running(caller, alice, path="alice/Two"))


def test_nobody_makes_up_an_algorithms_store_from_outside(bob: Actor, put: Put) -> None:
    with pytest.raises(NotFound):
        put("data://.algo/alice/Reader/perm/note", b"x", by=bob)

    assert not Collection.objects.exists()


def test_my_is_the_caller_and_not_the_author(
    alice: Actor, bob: Actor, put: Put, running: Running
) -> None:
    collection_of(bob, "inbox", "private")

    put("data://.my/inbox/note", b"hello bob", by=running(bob, alice))

    assert content_of("data://bob/inbox/note", by=bob) == b"hello bob"


def _succeeds_to_read(actor: Actor, collection: str) -> bool:
    try:
        return content_of(f"data://alice/{collection}/file", by=actor) == b"content"
    except MarketplaceError:
        return False


def _succeeds_to_write(actor: Actor, collection: str, put: Put, owner: str = "alice") -> bool:
    try:
        put(f"data://{owner}/{collection}/new", b"content", by=actor)
    except MarketplaceError:
        return False
    return files.find(uris.parse(f"data://{owner}/{collection}/new"), by=actor).blob.size == 7
