from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from django.test import Client

from data_collections.models import Collection, DataFile
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from tests.data_collections.conftest import Put, collection_of


def program_of(actor: Actor, scopes: KeyScopes = keys.FULL) -> Client:
    owner = Owner.objects.get(name=actor.name)
    return Client(
        headers={"Authorization": keys.create(owner, by=actor, label="t", scopes=scopes)[1]}
    )


@pytest.fixture
def alices(alice: Actor) -> Client:
    return program_of(alice)


def send(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    response = client.generic(method, path, b"" if body is None else orjson.dumps(body))
    return response.status_code, response.json() if response.content else None


def test_collection_is_made_read_changed_and_deleted(alices: Client) -> None:
    made, shown = send(alices, "POST", "/api/collections", {"name": "models"})
    changed, after = send(
        alices, "PATCH", "/api/collections/alice/models/", {"read_access": "public"}
    )
    read, seen = send(alices, "GET", "/api/collections/alice/models")
    deleted, nothing = send(alices, "DELETE", "/api/collections/alice/models")

    assert (made, changed, read, deleted, nothing) == (201, 200, 200, 204, None)
    assert shown["read_access"] == "my_algorithms"
    assert shown["uri"] == "data://alice/models"
    assert after == seen == {**shown, "read_access": "public"}
    assert not Collection.objects.exists()


def test_list_counts_files_and_bytes(alices: Client, alice: Actor, put: Put) -> None:
    collection_of(alice, "empty")
    collection_of(alice, "models")
    put(".my/models/a", b"abc", by=alice)
    put(".my/models/b", b"de", by=alice)

    _, listing = send(alices, "GET", "/api/collections")

    assert [(row["name"], row["file_count"], row["size_bytes"]) for row in listing["results"]] == [
        ("empty", 0, 0),
        ("models", 2, 5),
    ]


def test_files_are_listed_with_their_hashes(alices: Client, alice: Actor, put: Put) -> None:
    collection_of(alice, "models")
    put(".my/models/a", b"\0abc", by=alice)

    _, listing = send(alices, "GET", "/api/collections/alice/models/files?limit=1")

    (row,) = listing["results"]
    assert listing["marker"] is None
    assert row["uri"] == "data://alice/models/a"
    assert row["sha256"] == hashlib.sha256(b"\0abc").hexdigest()
    assert (row["size_bytes"], row["content_type"]) == (4, "application/octet-stream")


def test_stranger_sees_public_collections_of_an_owner_and_no_others(
    alice: Actor, mallory: Actor
) -> None:
    collection_of(alice, "open", "public")
    collection_of(alice, "secret", "private")
    mallorys = program_of(mallory)

    _, listing = send(mallorys, "GET", "/api/collections?owner=alice")

    assert [row["name"] for row in listing["results"]] == ["open"]
    assert send(mallorys, "GET", "/api/collections/alice/secret")[0] == 404
    assert send(mallorys, "GET", "/api/collections/alice/secret/files")[0] == 404


def test_stranger_changes_nothing(alice: Actor, mallory: Actor) -> None:
    collection_of(alice, "open", "public")
    mallorys = program_of(mallory)

    statuses = [
        send(mallorys, "PATCH", "/api/collections/alice/open", {"read_access": "private"})[0],
        send(mallorys, "DELETE", "/api/collections/alice/open")[0],
        send(mallorys, "POST", "/api/collections", {"owner": "alice", "name": "x"})[0],
    ]

    assert statuses == [403, 403, 403]
    assert Collection.objects.get().read_access == "public"


def test_key_without_data_scope_is_refused(alice: Actor) -> None:
    program = program_of(alice, KeyScopes(data_access=APIKey.DataAccess.NONE))

    assert send(program, "GET", "/api/collections")[0] == 403
    assert send(program, "POST", "/api/collections", {"name": "x"})[0] == 403


def test_nobody_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert send(client, "GET", "/api/collections")[0] == 401


@pytest.mark.parametrize("access", ["everyone", None, 5])
def test_unknown_access_is_refused_in_words(access: object, alices: Client) -> None:
    status, body = send(alices, "POST", "/api/collections", {"name": "x", "read_access": access})

    assert status == 400
    assert body["error"]["message"] == (
        "read_access is one of: private, my_algorithms, public, sealed."
    )


def test_full_collection_needs_force(alices: Client, alice: Actor, put: Put) -> None:
    collection_of(alice, "models")
    put(".my/models/a", b"abc", by=alice)

    refused = send(alices, "DELETE", "/api/collections/alice/models")[0]
    deleted = send(alices, "DELETE", "/api/collections/alice/models?force=true")[0]

    assert (refused, deleted) == (409, 204)
    assert not DataFile.objects.exists()
