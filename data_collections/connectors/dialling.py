"""Where an endpoint that somebody names may be: on the public internet, or where the operator says.

It is asked twice. First the name's addresses are looked at, for a sentence that helps; then the
address that was really dialled, before a byte is sent: a name may mean another one by then.
"""

from __future__ import annotations

import socket
from typing import Any, ClassVar
from urllib.parse import urlsplit

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from django.conf import settings
from django.utils.translation import gettext as _

from marketplace.lib.errors import BadInput, Unavailable
from marketplace.lib.public_addresses import is_public

_PORTS = {"http": 80, "https": 443}


def check(endpoint: str) -> None:
    """Raise BadInput for what is not on the public internet and not allowed by the operator."""
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if is_trusted(host, port):
        return
    try:
        found = {
            str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        }
    except (OSError, UnicodeError):
        raise Unavailable(
            _("The name %(host)s of the connector's endpoint could not be resolved.")
            % {"host": host},
            retry_after=10,
        ) from None
    if not all(map(is_public, found)):
        raise BadInput(
            _(
                "%(host)s is not on the public internet, so no connector may reach it from here. "
                "The operator can allow it (EGRESS_ALLOWED_HOSTS)."
            )
            % {"host": host}
        )


def is_trusted(host: str, port: int) -> bool:
    trusted = {name.lower().rstrip(".") for name in settings.EGRESS_ALLOWED_HOSTS}
    name = host.lower().rstrip(".")
    return name in trusted or f"{name}:{port}" in trusted


class _Checked:
    """A connection that hangs up, before it speaks, on whoever is not public."""

    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]
        if not is_trusted(self.host, self.port) and not is_public(connection.getpeername()[0]):
            connection.close()
            raise OSError("The endpoint is not on the public internet.")
        return connection


class _CheckedHTTP(_Checked, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _CheckedHTTPS(_Checked, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _PoolOfHTTP(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls: ClassVar[Any] = _CheckedHTTP


class _PoolOfHTTPS(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls: ClassVar[Any] = _CheckedHTTPS


def guard(client: Any) -> None:  # noqa: ANN401 - botocore makes its clients' classes at run time
    """Make a client of botocore's look at each address it has dialled."""
    session = client._endpoint.http_session  # noqa: SLF001 - there is no other door
    pools = {"http": _PoolOfHTTP, "https": _PoolOfHTTPS}
    session._pool_classes_by_scheme = pools  # noqa: SLF001
    session._manager.pool_classes_by_scheme = pools  # noqa: SLF001
