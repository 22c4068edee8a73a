"""The Data API line by line, as section headings of the predecessor's documentation name it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from data_collections import files, uris
from data_collections.models import Blob, Collection, DataFile
from marketplace.accounts import keys, run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from tests.data_collections.conftest import (
    Running,
    collection_of,
    own_storage,  # noqa: F401 - a fixture
    running,  # noqa: F401 - a fixture
)


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: dict[str, str]
    content: bytes

    def __getitem__(self, header: str) -> str:
        return self.headers[header]


class Wire:
    """Sends requests with a key, and gives answers as bytes and JSON."""

    def __init__(self, authorization: str) -> None:
        self._client = Client(headers={"Authorization": authorization} if authorization else {})

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        kind = headers.pop("Content_Type", "application/octet-stream")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response: Any = self._client.generic(method, path, body, content_type=kind, headers=named)
        sent = b"".join(response) if response.streaming else response.content
        return Answer(response.status_code, dict(response.headers), sent)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, b"", **headers)

    def json(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        sent = b"" if body is None else json.dumps(body).encode()
        response = self.send(method, path, sent, Content_Type="application/json")
        return response.status_code, json.loads(response.content)


def secret_of(actor: Actor, scopes: KeyScopes = keys.FULL) -> str:
    owner = Owner.objects.get(name=actor.name)
    return keys.create(owner, by=actor, label="test", scopes=scopes)[1]


@pytest.fixture
def wire(alice: Actor) -> Wire:
    return Wire(f"Simple {secret_of(alice)}")


@pytest.fixture
def models(alice: Actor) -> Collection:
    """A collection with one file, `a.txt`, that holds `hello world`."""
    collection = collection_of(alice, "models")
    files.put(uris.parse(".my/models/a.txt"), BytesIO(b"hello world"), by=alice)
    return collection


# Directories


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


# Files


@pytest.mark.parametrize("path", ["/v1/data/.my/models/b", "/v1/connector/data/alice/models/b"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/form-data"])
def test_file_is_put_whatever_its_content_type_says(
    path: str, kind: str, wire: Wire, models: Collection
) -> None:
    response = wire.send("PUT", path, b"\0binary", Content_Type=kind)

    assert response.status_code == 200
    assert response.content == b'{"result":"data://alice/models/b"}'
    assert wire.get(path).content == b"\0binary"


def test_file_comes_with_its_type_length_and_hashes(wire: Wire, models: Collection) -> None:
    response = wire.get("/v1/data/alice/models/a.txt", Accept="application/octet-stream")

    assert response.content == b"hello world"
    assert response["X-Data-Type"] == "file"
    assert response["Content-Length"] == "11"
    assert response["ETag"] == f'"{hashlib.md5(b"hello world").hexdigest()}"'
    assert response["X-Content-SHA256"] == hashlib.sha256(b"hello world").hexdigest()
    assert response["Content-Type"] == "text/plain; charset=utf-8"


def test_head_of_a_file_has_the_headers_and_no_body(wire: Wire, models: Collection) -> None:
    head, get = (wire.send(method, "/v1/data/alice/models/a.txt") for method in ("HEAD", "GET"))

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers == get.headers
    assert get.content == b"hello world"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/data/alice/models/none", "data://alice/models/none does not exist"),
        ("/v1/data/alice/none/a", "data://alice/none does not exist"),
        ("/v1/data/zoe/none/a", "Nobody here is called zoe"),
    ],
)
def test_missing_file_is_404_with_the_reason_in_a_header_too(
    *, method: str, path: str, said: str, wire: Wire, models: Collection
) -> None:
    response = wire.send(method, path)

    assert response.status_code == 404
    assert said in response["X-Error-Message"]
    if method != "HEAD":
        assert said in json.loads(response.content)["error"]["message"]


def test_file_is_deleted(wire: Wire, models: Collection) -> None:
    response = wire.send("DELETE", "/v1/data/alice/models/a.txt")

    assert response.content == b'{"result":{"deleted":1}}'
    assert not DataFile.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "status", "sent", "content_range"),
    [
        ("bytes=0-4", 206, b"hello", "bytes 0-4/11"),
        ("bytes=6-", 206, b"world", "bytes 6-10/11"),
        ("bytes=-3", 206, b"rld", "bytes 8-10/11"),
        ("bytes=-99", 200, b"hello world", None),
        ("bytes=0-", 200, b"hello world", None),
        ("bytes=4-400", 206, b"o world", "bytes 4-10/11"),
        ("bytes=5-4", 200, b"hello world", None),
        ("bytes=0-1,3-4", 200, b"hello world", None),
        ("lines=1-2", 200, b"hello world", None),
        ("bytes=-", 200, b"hello world", None),
    ],
)
def test_part_of_a_file_can_be_asked_for(
    *,
    wanted: str,
    status: int,
    sent: bytes,
    content_range: str | None,
    wire: Wire,
    models: Collection,
) -> None:
    response = wire.get("/v1/data/alice/models/a.txt", Range=wanted)

    assert response.status_code == status
    assert response.content == sent
    assert response["Content-Length"] == str(len(sent))
    assert response.headers.get("Content-Range") == content_range


@pytest.mark.parametrize("wanted", ["bytes=11-", "bytes=400-500", "bytes=-0"])
def test_part_beyond_the_end_is_416(wanted: str, wire: Wire, models: Collection) -> None:
    response = wire.get("/v1/data/alice/models/a.txt", Range=wanted)

    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */11"


def test_part_of_a_file_that_changed_is_sent_whole(wire: Wire, models: Collection) -> None:
    etag = wire.send("HEAD", "/v1/data/alice/models/a.txt")["ETag"]

    same = wire.get("/v1/data/alice/models/a.txt", Range="bytes=0-4", If_Range=etag)
    changed = wire.get("/v1/data/alice/models/a.txt", Range="bytes=0-4", If_Range='"other"')

    assert (same.status_code, same.content) == (206, b"hello")
    assert (changed.status_code, changed.content) == (200, b"hello world")


def test_unchanged_file_is_not_sent_again(wire: Wire, models: Collection) -> None:
    head = wire.send("HEAD", "/v1/data/alice/models/a.txt")

    by_tag = wire.get("/v1/data/alice/models/a.txt", If_None_Match=head["ETag"])
    by_date = wire.get("/v1/data/alice/models/a.txt", If_Modified_Since=head["Last-Modified"])
    other = wire.get("/v1/data/alice/models/a.txt", If_None_Match='"x"')

    assert (by_tag.status_code, by_tag.content, by_tag["ETag"]) == (304, b"", head["ETag"])
    assert by_date.status_code == 304
    assert other.content == b"hello world"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("page.html", "text/html"), ("page.svg", "image/svg+xml"), ("x.js", "text/javascript")],
)
def test_page_of_an_author_is_never_run_on_our_origin(
    name: str, kind: str, wire: Wire, models: Collection
) -> None:
    wire.send("PUT", f"/v1/data/.my/models/{name}", b"<script>alert(1)</script>", Content_Type=kind)

    response = wire.get(f"/v1/data/.my/models/{name}")

    assert response.content == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X_Content_SHA256": "0" * 64}, "its SHA-256 should be"),
        ({"Content_MD5": base64.b64encode(bytes(16)).decode()}, "its MD5 should be"),
        ({"Content_MD5": "???"}, "must be the base64 form"),
    ],
)
def test_damaged_upload_is_refused(
    headers: dict[str, str], said: str, wire: Wire, models: Collection
) -> None:
    response = wire.send("PUT", "/v1/data/.my/models/a.txt", b"new", **headers)

    assert response.status_code == 400
    assert said in json.loads(response.content)["error"]["message"]
    assert wire.get("/v1/data/.my/models/a.txt").content == b"hello world"


def test_over_the_quota_is_413_and_says_what_is_used(
    wire: Wire, models: Collection, settings: Settings
) -> None:
    settings.OWNER_QUOTA_BYTES = 20

    status, body = wire.json("PUT", "/v1/data/.my/models/b", "x" * 20)

    assert status == 413
    assert body["error"]["message"].startswith("alice uses 11 bytes of the 20 bytes")
    assert DataFile.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/data/alice/models/%2e%2e/secret",
        "/v1/data/alice/models/..%2F..%2Fetc",
        "/v1/data/alice/models/a%00",
        "/v1/data/alice/models/a%0D%0AX-Evil:1",
        "/v1/data/alice/models/a%5Cb",
        "/v1/data/alice/models/a%252Fb",
        "/v1/data/alice//models",
        "/v1/data/alice/models/folder/a",
        "/v1/data/alice/models/" + "a" * 300,
        "/v1/connector/data/alice/models/%2e%2e",
        "/v1/connector/ftp/x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_path_that_tries_to_escape_is_400(
    path: str, method: str, wire: Wire, models: Collection
) -> None:
    response = wire.send(method, path, b"x" if method == "PUT" else b"")

    assert response.status_code == 400
    assert len(response["X-Error-Message"]) > 20
    assert DataFile.objects.count() == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/data/s3+label://bucket/a",
        "/v1/connector/s3+label/bucket/a",
        "/v1/data/dropbox://a",
        "/v1/connector/gs",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST"])
def test_connector_is_said_not_to_be_configured(path: str, method: str, wire: Wire) -> None:
    response = wire.send(method, path)

    assert response.status_code == 404
    assert response["X-Error-Message"].startswith("No connector '")


def test_connector_cannot_be_made_yet(wire: Wire) -> None:
    status, body = wire.json("POST", "/v1/users/alice/connectors", {"protocol": "s3"})

    assert status == 404
    assert body["error"]["message"].startswith("No connector 's3' is configured")


def test_hosted_data_of_the_old_documentation(wire: Wire, models: Collection) -> None:
    assert wire.json("GET", "/v1/hostedData") == (
        200,
        {
            "result": [
                {
                    "id": str(models.pk),
                    "object_id": str(models.pk),
                    "collection_name": "models",
                    "username": "alice",
                    "acl": {"read_w": False, "read_g": False, "read_u": True, "read_a": True},
                    "location": "data://alice/models",
                }
            ]
        },
    )


# Who asks


@pytest.mark.parametrize("form", ["{}", "Simple {}", "Bearer {}", "simple {}"])
def test_key_is_taken_in_each_of_its_forms(form: str, alice: Actor) -> None:
    assert Wire(form.format(secret_of(alice))).get("/v1/data/").status_code == 200


@pytest.mark.parametrize("authorization", ["", "Simple simAgowrong"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"])
def test_without_a_key_not_even_public_data_is_served(
    authorization: str, method: str, alice: Actor
) -> None:
    collection_of(alice, "open", "public")

    response = Wire(authorization).send(method, "/v1/data/alice/open")

    assert response.status_code == 401
    assert response["X-Error-Message"]


@pytest.mark.parametrize(
    ("access", "read", "write"),
    [
        (APIKey.DataAccess.NONE, 403, 403),
        (APIKey.DataAccess.READ, 200, 403),
        (APIKey.DataAccess.READ_WRITE, 200, 200),
    ],
)
def test_key_reaches_as_far_as_its_data_access(
    *, access: APIKey.DataAccess, read: int, write: int, alice: Actor, models: Collection
) -> None:
    wire = Wire(secret_of(alice, KeyScopes(data_access=access)))

    assert wire.get("/v1/data/alice/models/a.txt").status_code == read
    assert wire.get("/v1/data/.my").status_code == read
    assert wire.send("PUT", "/v1/data/alice/models/b", b"x").status_code == write
    assert wire.send("PATCH", "/v1/data/alice/models", b'{"acl":{"read":[]}}').status_code == write
    assert wire.json("POST", "/v1/data/.my", {"name": "new"})[0] == write
    assert wire.send("DELETE", "/v1/data/alice/models/a.txt").status_code == write


def test_running_algorithm_asks_with_its_token(
    alice: Actor,
    bob: Actor,
    models: Collection,
    running: Running,  # noqa: F811 - the fixture
) -> None:
    algorithm = running(bob, alice)
    assert algorithm.running is not None
    wire = Wire(f"Bearer {run_tokens.sign(algorithm, algorithm.running, expires_in=60)}")

    stored = wire.send("PUT", "/v1/data/.algo/temp/out.png", b"\0")

    assert wire.get("/v1/data/alice/models/a.txt").content == b"hello world"
    assert stored.content == b'{"result":"data://.algo/alice/Reader/temp/out.png"}'
    assert (
        wire.send("PUT", "/v1/data/.session/x", b"x").content == b'{"result":"data://.session/x"}'
    )
    assert wire.get("/v1/data/").content == b'{"folders":[{"name":"bob"}]}'
    assert wire.send("PUT", "/v1/data/alice/models/b", b"x").status_code == 403


def test_session_of_a_browser_reads_and_writes_with_its_token_only(
    alice: Actor, models: Collection
) -> None:
    client = Client(enforce_csrf_checks=True)
    owner = Owner.objects.select_related("user").get(name="alice")
    assert owner.user is not None
    client.force_login(owner.user)
    client.cookies["csrftoken"] = token = "a" * 32

    refused = client.put("/v1/data/alice/models/b", b"x")
    stored = client.put("/v1/data/alice/models/b", b"x", headers={"X-CSRFToken": token})

    assert refused.status_code == 403
    assert stored.json() == {"result": "data://alice/models/b"}
    assert DataFile.objects.count() == 2
