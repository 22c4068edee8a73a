"""Who administers, and how requests are sent, for the tests of people and organizations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import Algorithmia
import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from marketplace.accounts import actors, keys
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import Owner
from tests.factories import OwnerFactory


@pytest.fixture
def admin_key(db: None) -> str:
    owner: Owner = OwnerFactory.create(name="operator")
    assert owner.user is not None
    owner.user.is_staff = True
    owner.user.save()
    by = actors.of_user(owner.user)
    return keys.create(owner, by=by, label="admin", scopes=KeyScopes(is_admin=True))[1]


@pytest.fixture
def published(live_server: LiveServer, admin_key: str) -> Iterator[Any]:
    """The client as people install it, with an administration key."""
    client = Algorithmia.client(admin_key, live_server.url)
    yield client
    client.requestSession.close()


def send(client: Client, method: str, path: str, key: str, body: object = None) -> tuple[int, Any]:
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"Authorization": key} if key else {}
    answer = client.generic(method, path, content, content_type="text/plain", headers=headers)
    return answer.status_code, json.loads(answer.content) if answer.content else None
