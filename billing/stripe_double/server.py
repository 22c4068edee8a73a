"""The double as an HTTP server on the loopback interface."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

from billing.stripe_double import control, visiting
from billing.stripe_double.answering import Asked, answer
from billing.stripe_double.refusals import Refusal
from billing.stripe_double.world import World

HOST: Final = "127.0.0.1"
_MOST_BYTES: Final = 1_000_000
_CONTROL: Final = "/_double/"
_PAGES: Final = "/page/"


@dataclass
class Double:
    """A running double."""

    world: World
    address: str
    _server: Server
    _thread: threading.Thread

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
        self.world.courier.stop()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, world: World) -> None:
        self.world = world
        super().__init__((HOST, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection: requests of the stripe package, of browsers, and orders."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "StripeDouble"
    wbufsize: ClassVar[
        int
    ] = -1  # an answer is one write, so that nothing waits for an acknowledgement
    timeout = 120

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Say nothing: whoever wants to know looks at the requests."""

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def do_DELETE(self) -> None:
        self._take()

    def _take(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > _MOST_BYTES:
            self.close_connection = True
            self._send(413, b"{}", "application/json", {})
            return
        body = self.rfile.read(size).decode(errors="replace")
        address = urlsplit(self.path)
        if address.path.startswith(_CONTROL):
            self._obey(address.path[len(_CONTROL) :], body)
        elif address.path.startswith(("/v1/", "/v2/")):
            self._answer(address.path, address.query, body)
        else:
            path = address.path.removeprefix(_PAGES)
            self._show(path, dict(parse_qsl(body)) if self.command == "POST" else None)

    def _answer(self, path: str, query: str, body: str) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        made = answer(self.server.world, Asked(self.command.lower(), path, query, body, headers))
        if made.is_lost:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send_json(made.status, made.body, made.headers)

    def _obey(self, command: str, body: str) -> None:
        world = self.server.world
        if self.headers.get("Authorization") != f"Bearer {world.key}":
            self._send_json(
                401, {"error": {"message": "Only who holds the secret key may order things."}}, {}
            )
            return
        try:
            self._send_json(200, control.order(world, command, json.loads(body or "{}")), {})
        except Refusal as refusal:
            self._send_json(refusal.status, refusal.body, {})

    def _show(self, path: str, sent: dict[str, str] | None) -> None:
        page = visiting.visit(self.server.world, path, sent)
        more = {"Location": page.location} if page.location else {}
        self._send(page.status, page.html.encode(), "text/html; charset=utf-8", more)

    def _send_json(self, status: int, body: object, headers: dict[str, str]) -> None:
        told = {"Request-Id": f"req_{secrets.token_hex(7)}", **headers}
        self._send(status, json.dumps(body).encode(), "application/json", told)

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def start(world: World, *, port: int = 0) -> Double:
    """Serve from a thread; port 0 is any free one."""
    server = Server(port, world)
    address = f"http://{HOST}:{server.server_address[1]}"
    world.base = address
    thread = threading.Thread(
        target=server.serve_forever,
        kwargs={"poll_interval": 0.1},
        name="stripe-double",
        daemon=True,
    )
    thread.start()
    world.courier.start()
    return Double(world, address, server, thread)
