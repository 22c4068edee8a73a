"""Who may use the Data API with what."""

from __future__ import annotations

import pytest
from django.test import Client

from data_collections.models import Collection, DataFile
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from tests.compat.data_api import Wire, secret_of
from tests.data_collections.conftest import Running, collection_of


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
    running: Running,
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
