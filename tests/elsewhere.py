"""A store elsewhere that speaks S3: a real server, at an address that the tests' sites may reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import boto3
from moto.server import ThreadedMotoServer

HOST: Final = "127.0.0.2"
"""This machine under another address: sites know `127.0.0.1` for private."""


@dataclass(frozen=True)
class Elsewhere:
    """The server, and a client of its own that looks at what really lies there."""

    url: str
    client: Any

    @property
    def credentials(self) -> dict[str, str]:
        return {"access_key_id": "key", "secret_access_key": "very secret key"}

    def wanted(self, **further: object) -> dict[str, object]:
        """What the wire asks for to connect it."""
        body = {"protocol": "s3", "cred_type": "iam", "cred_data": self.credentials}
        return {**body, "endpoint": self.url, "writeable": True, **further}

    def bucket(self, name: str, **objects: bytes) -> str:
        self.client.create_bucket(Bucket=name)
        for key, content in objects.items():
            self.client.put_object(Bucket=name, Key=key.replace("__", "/"), Body=content)
        return name

    def keys(self, bucket: str) -> list[str]:
        found = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return [entry["Key"] for entry in found]

    def content(self, bucket: str, key: str) -> bytes:
        body = self.client.get_object(Bucket=bucket, Key=key)["Body"]
        with contextlib.closing(body):
            return bytes(body.read())


@contextlib.contextmanager
def s3() -> Iterator[Elsewhere]:
    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    url = f"http://{HOST}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="very secret key",
    )
    try:
        yield Elsewhere(url, client)
    finally:
        client.close()
        server.stop()
