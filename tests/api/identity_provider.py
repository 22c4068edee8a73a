"""An identity provider on this machine: its keys behind an address, and tokens signed with them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

ISSUER: Final = "https://id.example.org"
AUDIENCE: Final = "agorithm"
PROVIDER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SOMEBODY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def serving_keys() -> Iterator[str]:
    """Give the address of the provider's public keys."""
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


def bearer(key: rsa.RSAPrivateKey = PROVIDER, **claims: object) -> dict[str, str]:
    """The header with a token of alice's, unless the claims say otherwise."""
    usual = {"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60, "sub": "alice"}
    token = jwt.encode(usual | claims, key, "RS256", headers={"kid": "one"})
    return {"Authorization": f"Bearer {token}"}


def me(key: rsa.RSAPrivateKey = PROVIDER, **claims: object) -> tuple[int, Any]:
    """What the site says who this is."""
    answer = Client().get("/api/me", headers=bearer(key, **claims))
    return answer.status_code, answer.json()
