"""Folders of the Data API, line by line: list, make, share, delete."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.utils import timezone

from data_collections import files, uris
from data_collections.models import Blob, Collection, DataFile
from marketplace.accounts.actors import Actor
from tests.compat.data_api import Wire
from tests.data_collections.conftest import collection_of


@pytest.mark.parametrize(
    "path", ["/v1/data", "/v1/data/", "/v1/connector/data", "/api/v1/connector/data/"]
)
def test_root_names_the_user(path: str, wire: Wire) -> None:
    response = wire.get(path)

    assert response.content == b'{"folders":[{"name":"alice"}]}'
    assert response["X-Data-Type"] == "directory"


@pytest.mark.parametrize(
    "path", ["/v1/data/.my", "/v1/data/alice", "/v1/data/alice/", "/v1/connector/data/alice"]
)
def test_owner_lists_their_collections(path: str, wire: Wire, models: Collection) -> None:
    assert wire.get(path).content == b'{"folders":[{"name":"models"}]}'


def test_empty_folder_has_no_keys(wire: Wire, alice: Actor) -> None:
    collection_of(alice, "empty")

    assert wire.get("/v1/data/alice/empty").content == b"{}"


def test_files_are_listed_with_size_and_a_date_the_python_client_reads(
    wire: Wire, models: Collection
) -> None:
    _, listing = wire.json("GET", "/v1/data/alice/models")

    (entry,) = listing.pop("files")
    when = DataFile.objects.get().modified_at
    assert listing == {}
    assert entry == {
        "filename": "a.txt",
        "last_modified": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z",
        "size": 11,
    }


@pytest.mark.parametrize(
    ("access", "read"),
    [("public", ["user://*"]), ("my_algorithms", ["algo://.my/*"]), ("private", [])],
)
def test_acl_is_told_when_asked_for(access: str, read: list[str], wire: Wire, alice: Actor) -> None:
    collection_of(alice, "models", access)

    assert wire.json("GET", "/v1/data/alice/models?acl=true") == (200, {"acl": {"read": read}})
    assert wire.json("GET", "/v1/data/alice/models?acl=false") == (200, {})


def test_listing_goes_on_at_its_marker(wire: Wire, models: Collection) -> None:
    blob = Blob.objects.get()
    DataFile.objects.bulk_create(
        DataFile(collection=models, name=f"f{n:05d}", blob=blob, size=1, modified_at=timezone.now())
        for n in range(1500)
    )

    _, first = wire.json("GET", "/v1/data/alice/models")
    _, second = wire.json("GET", f"/v1/data/alice/models?marker={first['marker']}")

    assert len(first["files"]) == 1000
    assert len(second["files"]) == 501
    assert "marker" not in second


def test_invalid_marker_has_the_code_5002(wire: Wire, models: Collection) -> None:
    status, body = wire.json("GET", "/v1/data/alice/models?marker=!!")

    assert (status, body["error"]["code"]) == (400, 5002)


def test_folder_answers_head(wire: Wire, models: Collection) -> None:
    response = wire.send("HEAD", "/v1/data/alice/models")

    assert response.status_code == 200
    assert response["X-Data-Type"] == "directory"


@pytest.mark.parametrize(
    ("body", "kind", "access"),
    [
        (b'{"name":"new"}', "application/json", "my_algorithms"),
        (b'{"name":"new"}', "", "my_algorithms"),
        (b'{"name":"new","acl":{"read":["user://*"]}}', "application/json", "public"),
        (b'{"name":"new","acl":{"read":[]}}', "application/json", "private"),
        (b'{"name":"new","acl":{"read":["algo://.my/*"]}}', "text/plain", "my_algorithms"),
        (b"new", "text/plain", "my_algorithms"),
    ],
)
@pytest.mark.parametrize("parent", ["/v1/data/.my", "/v1/data/alice/", "/v1/connector/data/alice"])
def test_collection_is_made_by_a_post_to_its_parent(
    *, parent: str, body: bytes, kind: str, access: str, wire: Wire
) -> None:
    response = wire.send("POST", parent, body, Content_Type=kind)

    assert response.status_code == 200
    assert response.content == b'{"result":"data://alice/new"}'
    assert Collection.objects.get().read_access == access


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/data/.my", b'{"name":"models"}', 409),
        ("/v1/data/.my", b'{"name":"MODELS"}', 409),
        ("/v1/data/.my", b'{"name":"../x"}', 400),
        ("/v1/data/.my", b"{}", 400),
        ("/v1/data/.my", b"", 400),
        ("/v1/data/.my", b'{"name":"x","acl":{"read":["user://bob"]}}', 400),
        ("/v1/data/.my", b'{"name":"x","acl":[]}', 400),
        ("/v1/data/", b'{"name":"x"}', 400),
        ("/v1/data/.my/models", b'{"name":"x"}', 400),
        ("/v1/data/.session", b'{"name":"x"}', 400),
        ("/v1/data/nobody", b'{"name":"x"}', 404),
        ("/v1/data/mallory", b'{"name":"x"}', 403),
    ],
)
def test_collection_that_cannot_be_made_is_refused_in_words(
    *, path: str, body: bytes, status: int, wire: Wire, models: Collection, mallory: Actor
) -> None:
    response = wire.send("POST", path, body, Content_Type="application/json")

    assert response.status_code == status
    assert len(json.loads(response.content)["error"]["message"]) > 20
    assert Collection.objects.count() == 1


@pytest.mark.parametrize(
    ("read", "access"),
    [(["user://*"], "public"), (["algo://.my/*"], "my_algorithms"), ([], "private")],
)
def test_access_is_changed_by_patch(
    read: list[str], access: str, wire: Wire, models: Collection
) -> None:
    body = json.dumps({"acl": {"read": read}}).encode()

    response = wire.send("PATCH", "/v1/data/alice/models", body)

    models.refresh_from_db()
    assert (response.status_code, response.content) == (200, b"")
    assert models.read_access == access


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"acl":null}', b'{"acl":{"read":"x"}}'])
def test_patch_without_a_known_acl_changes_nothing(
    body: bytes, wire: Wire, models: Collection
) -> None:
    response = wire.send("PATCH", "/v1/data/alice/models", body)

    models.refresh_from_db()
    assert response.status_code == 400
    assert models.read_access == "my_algorithms"


@pytest.mark.parametrize(("query", "deleted"), [("", 0), ("?force=false", 0), ("?force=true", 1)])
def test_empty_folder_is_deleted(query: str, deleted: int, wire: Wire, alice: Actor) -> None:
    collection_of(alice, "empty")

    response = wire.send("DELETE", f"/v1/data/alice/empty{query}")

    assert response.status_code == 200
    assert response.content == f'{{"result":{{"deleted":{deleted}}}}}'.encode()
    assert not Collection.objects.exists()


@pytest.mark.parametrize("query", ["", "?force=false"])
def test_full_folder_is_not_deleted_without_force(
    query: str, wire: Wire, models: Collection
) -> None:
    status, body = wire.json("DELETE", f"/v1/data/alice/models{query}")

    assert status == 409
    assert body["error"]["deleted"] == 0
    assert "data://alice/models is not empty: it holds 1 file" in body["error"]["message"]
    assert DataFile.objects.count() == 1


def test_force_deletes_the_files_too_and_counts_them(
    wire: Wire, alice: Actor, models: Collection
) -> None:
    for name in ("b", "c"):
        files.put(uris.parse(f".my/models/{name}"), BytesIO(b"x"), by=alice)

    assert wire.json("DELETE", "/v1/data/alice/models?force=true") == (
        200,
        {"result": {"deleted": 3}},
    )
    assert not DataFile.objects.exists()
