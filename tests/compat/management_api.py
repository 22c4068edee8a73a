"""Who calls the management API and what they have, for the tests of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from algorithms import repositories
from algorithms.models import Algorithm, Build
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import Owner
from tests.factories import BuildFactory, EnvironmentFactory

CREATE: dict[str, Any] = {
    "name": "Hello",
    "details": {"label": "Hello label", "tagline": "Says hello", "summary": "# Hello"},
    "settings": {
        "source_visibility": "open",
        "license": "mit",
        "network_access": "full",
        "pipeline_enabled": True,
        "algorithm_environment": "python311",
    },
    "version_info": {"sample_input": '"you"'},
}


class Api:
    """A client that sends a key, as the Python client does: without a prefix."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"Authorization": key} if key else {})

    def send(self, method: str, path: str, body: object = None, **kwargs: Any) -> tuple[int, Any]:
        data = "" if body is None else json.dumps(body)
        sent = {"data": data, "content_type": "application/json", **kwargs}
        response = self.client.generic(method, path, **sent)
        self.raw = response.content
        return response.status_code, json.loads(response.content) if response.content else None

    def get(self, path: str) -> tuple[int, Any]:
        return self.send("GET", path)

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        return self.send("POST", path, body)


def api_of(actor: Actor, scopes: KeyScopes = keys.FULL) -> Api:
    owner = Owner.objects.get(name=actor.name)
    return Api(keys.create(owner, by=actor, label="test", scopes=scopes)[1])


@pytest.fixture
def own_data_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def api(alice: Actor, own_data_folder: None) -> Api:
    EnvironmentFactory.create()
    return api_of(alice)


@pytest.fixture
def hello(api: Api) -> Algorithm:
    assert api.post("/v1/algorithms/alice", CREATE)[0] == 201
    return Algorithm.objects.get()


def built(algorithm: Algorithm, **fields: Any) -> Build:
    commit = repositories.head(algorithm.pk)
    build: Build = BuildFactory.create(algorithm=algorithm, **{"commit": commit, **fields})
    return build
