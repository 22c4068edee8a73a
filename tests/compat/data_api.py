"""A client of the Data API that shows every byte and header of an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from data_collections import files, uris
from data_collections.models import Collection
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import Owner
from tests.data_collections.conftest import collection_of


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
