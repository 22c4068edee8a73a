"""Files of the Data API, line by line: put, get, ranges, refusals."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from pytest_django import Settings

from data_collections.models import Collection, DataFile
from tests.compat.data_api import Wire


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
    assert head.headers.pop("X-Request-Id") != get.headers.pop("X-Request-Id")
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
    response = wire.send(method, path, b'{"name": "new"}')

    assert response.status_code == 404
    assert response["X-Error-Message"].startswith("No connector ")


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
