"""A well-behaved sandbox that answers over its socket, and how long an answer takes."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from runners.backends.base import Backend
from runners.specs import SandboxSpec

PATIENCE = 60
PROMPT = 10.0
"""Seconds: a machine that is busy with many things answers within them, one that is held up does not."""
ECHO = """
import socket
host = socket.socket(socket.AF_UNIX)
host.connect("/run/agorithm/pool.sock")
while data := host.recv(100):
    host.sendall(data)
"""


class Neighbour:
    """Started with its sockets folder, as the pool starts a guest."""

    def __init__(self, backend: Backend, python: SandboxSpec) -> None:
        name = f"neighbour-{secrets.token_hex(4)}"
        self.folder = backend.sockets_folder(name)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.folder / "pool.sock"))
            backend.admit(self.folder / "pool.sock")
            listener.listen()
            listener.settimeout(PATIENCE)
            spec = replace(
                python, name=name, argv=(*python.argv, "-c", ECHO), sockets=str(self.folder)
            )
            self.sandbox = backend.start(spec)
            self._connection, _ = listener.accept()
        self._connection.settimeout(PATIENCE)

    def ask(self) -> float:
        """Send something and wait for it to come back; give the seconds that took."""
        began = time.perf_counter()
        question = secrets.token_bytes(16)
        self._connection.sendall(question)
        assert self._connection.recv(100) == question
        return time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self.sandbox.close()
