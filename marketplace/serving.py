"""uvicorn as this site wants it: fast parsers, no access log, a quiet and bounded end."""

from __future__ import annotations

import errno
import gc
import resource
import signal
import socket
import sys
import warnings
from types import FrameType

import uvicorn

from marketplace.http_protocol import OneWriteProtocol

APPLICATION = "marketplace.asgi:application"
GRACE_SECONDS = 5
IDLE_SECONDS = 75  # longer than proxies keep a connection, so that they end it and not we
WAITING_CONNECTIONS = 2048


TURN_SECONDS = 0.0005
"""How long a busy thread (the journal's, a build's) may hold the interpreter while a call waits."""


class AddressTaken(Exception):
    """Something else listens where the server should."""


class Server(uvicorn.Server):
    """Ends at the first signal and returns; a second Ctrl-C does not wait for open requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _settle_memory()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def make() -> Server:
    sys.setswitchinterval(TURN_SECONDS)
    # WhiteNoise hands static files over as plain iterators; they are small, and read at once.
    warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
    return Server(
        uvicorn.Config(
            APPLICATION,
            loop="uvloop",
            http=OneWriteProtocol,
            ws="websockets-sansio",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=WAITING_CONNECTIONS,
        )
    )


def _settle_memory() -> None:
    """Tell the garbage collector that what was loaded stays.

    Looking through all modules takes it 70 ms again and again, in which no call gets on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 50)


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is started, so that a taken one is said at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise AddressTaken(f"{host}:{port}: {error.strerror}") from error
        raise
    return taken


def allow_many_connections() -> None:
    """Each caller and each sandbox takes file descriptors: use all that the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
