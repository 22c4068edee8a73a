"""Stores elsewhere over the wire: S3 as a real server speaks it, and who gets at it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from data_collections.connectors import dialling
from data_collections.models import Connector
from data_collections.sweeping import sweep
from marketplace.accounts import closing, run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from tests import elsewhere
from tests.compat.data_api import Wire, secret_of
from tests.elsewhere import Elsewhere

pytestmark = pytest.mark.django_db
Inside = Callable[..., Wire]


@pytest.fixture(scope="module")
def s3() -> Iterator[Elsewhere]:
    with elsewhere.s3() as server:
        yield server


@pytest.fixture(autouse=True)
def _allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOWED_HOSTS = [elsewhere.HOST]


@pytest.fixture
def bucket(s3: Elsewhere) -> str:
    return s3.bucket(
        f"b{uuid.uuid4().hex}", a=b"alpha", models__one=b"first", models__two=b"second"
    )


@pytest.fixture
def connected(s3: Elsewhere, wire: Wire) -> Callable[..., dict[str, Any]]:
    """Connect the server for alice, and give what the wire says of it."""

    def connect(**further: object) -> dict[str, Any]:
        status, body = wire.json("POST", "/v1/users/alice/connectors", s3.wanted(**further))
        assert status == 200, body
        return dict(body)

    return connect


@pytest.fixture
def inside(running: Callable[..., Actor], alice: Actor) -> Inside:
    """What an algorithm of somebody's sends while alice has called it."""

    def made(author: Actor) -> Wire:
        actor = running(alice, author)
        assert actor.running is not None
        return Wire(f"Bearer {run_tokens.sign(actor, actor.running, expires_in=60)}")

    return made


def test_files_are_written_read_listed_and_removed_where_they_are_kept(
    wire: Wire, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    made = connected(label="shop")
    assert made["connector_id"] == "s3+shop"
    assert made["permissions"] == ["read", "write"]
    there = f"/v1/data/s3+shop://{bucket}"

    put = wire.send("PUT", f"{there}/models/größe.bin", bytes(range(256)))
    part = wire.get(f"{there}/models/größe.bin", Range="bytes=10-19")
    other_spelling = wire.get(f"/v1/connector/s3+shop/{bucket}/models/größe.bin")
    head = wire.send("HEAD", f"{there}/models/größe.bin")
    listed = wire.json("GET", there)[1]
    inner = wire.json("GET", f"{there}/models")[1]

    assert put.status_code == 200
    assert s3.content(bucket, "models/größe.bin") == bytes(range(256))
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert other_spelling.content == bytes(range(256))
    assert (head["X-Data-Type"], head["Content-Length"]) == ("file", "256")
    assert listed["folders"] == [{"name": "models"}]
    assert [(row["filename"], row["size"]) for row in listed["files"]] == [("a", 5)]
    assert [row["filename"] for row in inner["files"]] == ["größe.bin", "one", "two"]

    assert wire.json("DELETE", f"{there}/models/größe.bin")[1] == {"result": {"deleted": 1}}
    status, refused = wire.json("DELETE", f"{there}/models")
    assert (status, "not empty" in refused["error"]["message"]) == (409, True)
    assert wire.json("DELETE", f"{there}/models?force=true")[1] == {"result": {"deleted": 2}}
    assert s3.keys(bucket) == ["a"]
    assert wire.get(f"{there}/models").status_code == 404


def test_large_file_goes_through_in_parts(
    wire: Wire, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    connected()
    content = bytes(range(256)) * (70 * 1024)

    put = wire.send("PUT", f"/v1/data/s3://{bucket}/long", content)

    assert put.status_code == 200
    assert s3.content(bucket, "long") == content
    assert wire.get(f"/v1/data/s3://{bucket}/long").content == content


def test_upload_that_did_not_arrive_as_promised_leaves_what_was_there(
    wire: Wire, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    connected()

    put = wire.send("PUT", f"/v1/data/s3://{bucket}/a", b"damaged", X_Content_SHA256="0" * 64)

    assert put.status_code == 400
    assert s3.content(bucket, "a") == b"alpha"


def test_folders_are_made_and_buckets_are_not(
    wire: Wire, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    connected()

    made = wire.json("POST", f"/v1/data/s3://{bucket}", {"name": "new"})
    refused, body = wire.json("POST", "/v1/data/s3://", {"name": "another"})
    missing = wire.get(f"/v1/data/s3://nobucket{uuid.uuid4().hex}/a")

    assert made == (200, {"result": f"s3://{bucket}/new"})
    assert wire.get(f"/v1/data/s3://{bucket}/new")["X-Data-Type"] == "directory"
    assert (refused, body["error"]["message"].split(".")[0]) == (
        400,
        "Buckets are made and removed where they are kept; write s3://bucket/file",
    )
    assert missing.status_code == 404


def test_credentials_are_kept_sealed_and_never_told(
    wire: Wire, connected: Callable[..., Any]
) -> None:
    connected(label="shop")

    listed = wire.get("/v1/users/alice/connectors")

    row = Connector.objects.get()
    assert "very secret key" in row.unseal()
    assert "very secret" not in row.sealed_credentials
    assert b"secret" not in listed.content


def test_connector_is_for_reading_unless_its_owner_says_otherwise(
    wire: Wire, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    connected(writeable=False)

    answers = [
        wire.send("PUT", f"/v1/data/s3://{bucket}/a", b"changed"),
        wire.send("DELETE", f"/v1/data/s3://{bucket}/a"),
        wire.send("POST", f"/v1/data/s3://{bucket}", b'{"name":"x"}'),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert wire.get(f"/v1/data/s3://{bucket}/a").content == b"alpha"
    assert s3.content(bucket, "a") == b"alpha"


def test_connector_reaches_no_further_than_its_path(
    wire: Wire, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    s3.bucket(f"{bucket}other", a=b"not yours")
    connected(path=f"{bucket}/models/*")

    assert wire.get(f"/v1/data/s3://{bucket}/models/one").content == b"first"
    assert wire.json("GET", "/v1/data/s3://")[1] == {"folders": [{"name": bucket}]}
    assert wire.json("GET", f"/v1/data/s3://{bucket}")[1] == {"folders": [{"name": "models"}]}
    for path in (f"{bucket}/a", f"{bucket}other/a", f"{bucket}other"):
        assert wire.get(f"/v1/data/s3://{path}").status_code == 404
    assert wire.send("PUT", f"/v1/data/s3://{bucket}/b", b"x").status_code == 403
    assert wire.send("DELETE", f"/v1/data/s3://{bucket}?force=true").status_code in (400, 403)
    assert s3.keys(bucket) == ["a", "models/one", "models/two"]


@pytest.mark.parametrize(
    "path",
    ["{}/../{}/a", "{}/%2e%2e/a", "{}//a", "{}/models\\a", "{}/a%252fb", "{}/./a", "{}/a%00"],
)
def test_paths_that_could_mean_others_are_refused(
    wire: Wire, bucket: str, connected: Callable[..., Any], path: str
) -> None:
    connected()

    answer = wire.get(f"/v1/data/s3://{path.replace('{}', bucket)}")

    assert answer.status_code == 400


def test_connectors_of_others_do_not_exist(
    s3: Elsewhere, bob: Actor, bucket: str, connected: Callable[..., Any]
) -> None:
    made = connected()
    stranger = Wire(f"Simple {secret_of(bob)}")

    place = f"/v1/users/alice/connectors/{made['id']}"
    assert stranger.get(f"/v1/data/s3://{bucket}/a").status_code == 404
    assert stranger.get("/v1/users/alice/connectors").status_code == 403
    assert stranger.get(place).status_code == 404
    assert stranger.json("PUT", place, {"path": "*"})[0] == 404
    assert stranger.send("DELETE", place).status_code == 404
    assert stranger.get(f"/v1/users/bob/connectors/{made['id']}").status_code == 404
    assert stranger.json("POST", "/v1/users/alice/connectors", s3.wanted(label="x"))[0] == 403
    assert Connector.objects.count() == 1


def test_algorithms_use_their_callers_connectors_as_far_as_these_let_them(
    wire: Wire,
    inside: Inside,
    s3: Elsewhere,
    alice: Actor,
    mallory: Actor,
    bucket: str,
    connected: Callable[..., Any],
) -> None:
    made = connected()
    mine, strange = inside(alice), inside(mallory)
    place, file = f"/v1/users/alice/connectors/{made['id']}", f"/v1/data/s3://{bucket}/a"

    by_any = [each.get(file).status_code for each in (mine, strange)]
    wire.json("PUT", place, {"algorithms": "own"})
    by_own = [each.get(file).status_code for each in (mine, strange)]
    wire.json("PUT", place, {"algorithms": "none"})
    by_none = [each.get(file).status_code for each in (mine, strange, wire)]

    assert (by_any, by_own, by_none) == ([200, 200], [200, 403], [403, 403, 200])
    assert strange.get(place).status_code == 404
    assert strange.json("POST", "/v1/users/alice/connectors", s3.wanted(label="x"))[0] == 403


def test_key_reaches_as_far_as_its_data_access(
    alice: Actor, s3: Elsewhere, bucket: str, connected: Callable[..., Any]
) -> None:
    connected()
    reader = Wire(secret_of(alice, KeyScopes(data_access=APIKey.DataAccess.READ)))
    caller = Wire(secret_of(alice, KeyScopes()))

    assert reader.get(f"/v1/data/s3://{bucket}/a").content == b"alpha"
    assert reader.send("PUT", f"/v1/data/s3://{bucket}/a", b"x").status_code == 403
    assert caller.get(f"/v1/data/s3://{bucket}/a").status_code == 403
    assert reader.json("POST", "/v1/users/alice/connectors", s3.wanted(label="x"))[0] == 403
    assert s3.content(bucket, "a") == b"alpha"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9000",
        "http://localhost:9000",
        "http://[::1]:9000",
        "http://2130706433",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "https://[::ffff:192.168.1.1]",
        "http://user:password@example.com",
        "file:///etc/passwd",
    ],
)
def test_private_and_odd_endpoints_are_refused(wire: Wire, s3: Elsewhere, endpoint: str) -> None:
    body = s3.wanted(endpoint=endpoint)

    status, answer = wire.json("POST", "/v1/users/alice/connectors", body)

    assert (status, "secret" in str(answer)) == (400, False)
    assert not Connector.objects.exists()


def test_name_that_means_a_private_address_only_later_is_hung_up_on(
    wire: Wire,
    s3: Elsewhere,
    bucket: str,
    settings: Settings,
    connected: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected()
    Connector.objects.update(region="eu-north-1")  # so that no connection is open already
    settings.EGRESS_ALLOWED_HOSTS = []
    assert wire.get(f"/v1/data/s3://{bucket}/a").status_code == 400

    monkeypatch.setattr(dialling, "check", lambda _endpoint: None)
    answer = wire.send("PUT", f"/v1/data/s3://{bucket}/a", b"changed")

    assert answer.status_code == 503
    assert s3.content(bucket, "a") == b"alpha"


def test_store_that_does_not_answer_is_not_the_callers_fault(
    wire: Wire, connected: Callable[..., Any]
) -> None:
    connected(endpoint=f"http://{elsewhere.HOST}:9")

    answer = wire.get("/v1/data/s3://bucket/a")

    assert answer.status_code == 503
    assert answer["X-Error-Message"].startswith("The store behind s3:// did not answer")


def test_label_chooses_and_the_default_is_what_has_none(
    wire: Wire, connected: Callable[..., Any], s3: Elsewhere, bucket: str
) -> None:
    connected(label="first", is_default=True)
    second = connected(label="second", is_default=True, path="nothing/*")

    unnamed = wire.get(f"/v1/data/s3://{bucket}/a").status_code
    named = wire.get(f"/v1/data/s3+FIRST://{bucket}/a").status_code
    again, _body = wire.json("POST", "/v1/users/alice/connectors", s3.wanted(label="First"))
    wire.send("DELETE", f"/v1/users/alice/connectors/{second['id']}")
    without, body = wire.json("GET", f"/v1/data/s3://{bucket}/a")

    assert (unnamed, named, again, without) == (404, 200, 409, 404)
    assert "No connector s3 is configured" in body["error"]["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": "ftp"}, "protocol is one of: s3, gs, azureblob, dropbox."),
        ({"protocol": ["s3"]}, "protocol is one of: s3, gs, azureblob, dropbox."),
        ({"cred_type": "oauth"}, "The cred_type of s3 is iam."),
        ({"cred_data": {"access_key_id": "key"}}, "The credentials lack: secret_access_key."),
        ({"cred_data": "key"}, "cred_data must be a JSON object."),
        ({"label": "a b"}, "is not a data source"),
        ({"writeable": "yes"}, "writeable is true or false."),
        ({"algorithms": "all"}, "algorithms is one of: any, own, none."),
        (
            {
                "protocol": "azureblob",
                "cred_type": "sas",
                "endpoint": None,
                "cred_data": {
                    "storage_uri": "https://127.0.0.1.evil.example",
                    "sas_token": "t",
                    "container_name": "abc",
                },
            },
            "storage_uri is the account's address",
        ),
    ],
)
def test_connector_that_makes_no_sense_is_refused(
    wire: Wire, s3: Elsewhere, change: dict[str, Any], words: str
) -> None:
    status, body = wire.json("POST", "/v1/users/alice/connectors", s3.wanted(**change))

    assert status == 400
    assert words in body["error"]["message"]
    assert not Connector.objects.exists()


def test_credentials_do_not_follow_to_another_endpoint(
    wire: Wire, connected: Callable[..., Any], s3: Elsewhere
) -> None:
    made = connected()
    place = f"/v1/users/alice/connectors/{made['id']}"

    status, body = wire.json("PUT", place, {"endpoint": f"http://{elsewhere.HOST}:1"})

    assert (status, body["error"]["message"].split(":")[0]) == (
        400,
        "Enter the credentials again with the new endpoint",
    )
    assert Connector.objects.get().endpoint == s3.url


def test_credentials_go_with_the_account(alice: Actor, connected: Callable[..., Any]) -> None:
    connected()

    closing.close(Owner.objects.get(name="alice"), by=alice)
    removed = sweep()

    assert removed["connectors"] == 1
    assert not Connector.objects.exists()


def test_key_of_a_web_page_connects_nothing(client: Client, alice: Actor, s3: Elsewhere) -> None:
    scopes = KeyScopes(
        data_access=APIKey.DataAccess.READ_WRITE, from_web=True, web_origin="shop.example"
    )
    headers = {"Authorization": secret_of(alice, scopes), "Origin": "https://shop.example"}

    answer = client.post(
        "/v1/users/alice/connectors", s3.wanted(), content_type="application/json", headers=headers
    )

    assert answer.status_code == 403
    assert not Connector.objects.exists()
