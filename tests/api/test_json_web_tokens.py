"""A token of the operator's identity provider instead of an API key."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import LazySettings
from django.test import Client

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner

PROVIDER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SOMEBODY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def keys_address() -> Iterator[str]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(PROVIDER.public_key()))
    document = json.dumps({"keys": [public | {"kid": "one", "use": "sig"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def provider(settings: LazySettings, keys_address: str) -> None:
    settings.JWT_ISSUER = "https://id.example.org"
    settings.JWT_AUDIENCE = "agorithm"
    settings.JWT_JWKS_URL = keys_address


def me(key: rsa.RSAPrivateKey = PROVIDER, **claims: object) -> tuple[int, Any]:
    usual = {"iss": "https://id.example.org", "aud": "agorithm", "exp": time.time() + 60}
    token = jwt.encode(usual | {"sub": "alice"} | claims, key, "RS256", headers={"kid": "one"})
    answer = Client().get("/api/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_provider_says_who_it_is(alice: Actor) -> None:
    status, body = me()

    assert (status, body["name"]) == (200, "alice")
    assert "account" not in body["scopes"]
    assert "call" in body["scopes"]


@pytest.mark.django_db
def test_somebody_new_gets_an_account() -> None:
    status, body = me(sub="carol", email="carol@example.org", name="Carol")

    assert (status, body["name"]) == (200, "carol")
    owner = Owner.objects.select_related("user").get(name="carol")
    assert owner.user is not None
    assert (owner.user.email, owner.user.full_name) == ("carol@example.org", "Carol")
    assert not owner.user.has_usable_password()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": 1}, "has expired"),
        ({"aud": "another"}, "not of the provider"),
        ({"iss": "https://elsewhere.example.org"}, "not of the provider"),
        ({"sub": ""}, "does not say who you are"),
    ],
)
def test_other_tokens_are_refused(alice: Actor, claims: dict[str, object], told: str) -> None:
    status, body = me(PROVIDER, **claims)

    assert status == 401
    assert told in body["error"]["message"]


def test_forged_tokens_are_refused_and_make_nobody(alice: Actor) -> None:
    assert me(SOMEBODY)[0] == 401
    assert me(SOMEBODY, sub="carol")[0] == 401
    assert not Owner.objects.filter(name="carol").exists()


def test_site_without_a_provider_takes_no_tokens(alice: Actor, settings: LazySettings) -> None:
    settings.JWT_ISSUER = ""

    assert me()[0] == 401


def test_suspended_person_stays_out(alice: Actor) -> None:
    Owner.objects.filter(name="alice").update(is_suspended=True)

    assert me()[0] == 403
