"""A host for one guest: it listens, starts serve.py with some Python, and speaks frames to it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from types import MappingProxyType
from typing import Any

import runners
from runners.protocol import PREFIX, Frame, FrameType, decode_header, encode, read_prefix
from tests.servers import free_port

SERVE = Path(runners.__path__[0]) / "guest" / "serve.py"
SECONDS = 60.0


def discover() -> dict[str, str]:
    """The Pythons of this machine from 3.6 on, by minor version, oldest first."""
    roots = [os.environ.get("PYENV_ROOT", ""), str(Path.home() / ".pyenv")]
    folders = [folder for root in roots if root for folder in Path(root).glob("versions/*/bin")]
    folders += [Path(folder) for folder in os.get_exec_path() if not folder.endswith("/shims")]
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("python3.*"))):
        minor = path.name.removeprefix("python3.")
        if minor.isdigit() and int(minor) >= 6:
            found.setdefault(f"3.{minor}", str(path))
    found.setdefault(f"3.{sys.version_info.minor}", sys.executable)
    return dict(sorted(found.items(), key=lambda item: int(item[0][2:])))


PYTHONS = discover()
EXTREMES = sorted({min(PYTHONS, key=lambda v: int(v[2:])), max(PYTHONS, key=lambda v: int(v[2:]))})


@dataclass(frozen=True)
class Answer:
    """A frame from the guest, taken apart."""

    type: FrameType
    header: dict[str, Any]
    stdout: str
    body: bytes

    @property
    def is_result(self) -> bool:
        return self.type is FrameType.RESULT

    @property
    def value(self) -> Any:
        assert self.is_result, self.header
        kind = self.header["kind"]
        if kind == "json":
            return json.loads(self.body)
        return self.body.decode() if kind == "text" else self.body

    @property
    def error_type(self) -> str:
        assert self.type is FrameType.FAILED, self
        return str(self.header["error_type"])

    @property
    def message(self) -> str:
        assert self.type is FrameType.FAILED, self
        return str(self.header["message"])

    @property
    def stacktrace(self) -> str:
        return str(self.header["stacktrace"])


class Guest:
    """One guest process and the connection to it."""

    def __init__(self, python: str, files: dict[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guest-"))
        self.python = python
        self.tree = self.folder / "tree"
        self.work = self.folder / "work"
        self.relay_port = free_port()
        self.egress_port = free_port()
        self.hello: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._buffer = b""
        for name, text in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / "pool.sock"))
        self._listener.listen()
        self._listener.settimeout(SECONDS)
        self._events = socket.socket(socket.AF_UNIX)
        self._events.bind(str(self.folder / "events.sock"))
        self._events.listen()
        self._events.settimeout(SECONDS)
        self._told: socket.socket | None = None

    def start(self, **environment: str) -> None:
        """Start the program and wait for its HELLO."""
        variables = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.work),
            "ALGORITHMIA_API": f"http://127.0.0.1:{self.relay_port}",
        }
        with (self.folder / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                [
                    *(self.python, "-I", SERVE, f"run={self.folder}", f"tree={self.tree}"),
                    *(f"work={self.work}", f"relay_port={self.relay_port}"),
                    f"egress_port={self.egress_port}",
                ],
                env=variables | environment,
                stdout=stderr,
                stderr=stderr,
                cwd=self.folder,
            )
        self._told, _ = self._events.accept()
        self._told.settimeout(SECONDS)
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(SECONDS)
        self.hello = self.receive().header

    def load(
        self,
        module: str = "src.Hello",
        *,
        contract: str = "apply",
        told: Mapping[str, Any] = MappingProxyType({}),
        **limits: Any,
    ) -> Answer:
        header = {
            "contract": contract,
            "module": module,
            "limits": {"stdout": 1_000_000, "output": 15_000_000} | limits,
            **told,
        }
        self.send(encode(FrameType.LOAD, header))
        return self.receive()

    def call(self, value: Any = None, *, kind: str = "json") -> Answer:
        """Call with a value (JSON), a str (kind="text") or bytes (any kind, as they are)."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        if kind == "text" and isinstance(value, str):
            body = value.encode()
        self.send(encode(FrameType.CALL, {"id": "call-1", "kind": kind}, body))
        answer = self.receive()
        assert answer.header["id"] == "call-1"
        return answer

    def send(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.sendall(data)

    def receive(self) -> Answer:
        """The next frame; EOFError if the guest hangs up."""
        frame = self._frame()
        length = frame.header.get("stdout_bytes", 0)
        stdout = frame.body[:length].decode()
        return Answer(frame.type, frame.header, stdout, frame.body[length:])

    def watch(self, value: Any, number: int = 1) -> tuple[list[Answer], Answer]:
        """Call as somebody who watches; give the events of the guest's own, and the answer."""
        header = {"id": "call-1", "kind": "json", "events": number}
        self.send(encode(FrameType.CALL, header, json.dumps(value).encode()))
        heard = []
        while (frame := self.receive()).type is FrameType.EVENT:
            heard.append(frame)
        return heard, frame

    def printed(self) -> tuple[dict[str, Any], bytes]:
        """The next that the supervisor tells of what is printed."""
        assert self._told is not None
        prefix = self._told.recv(PREFIX.size, socket.MSG_WAITALL)
        frame_type, header_length, body_length = read_prefix(prefix, max_body=1024 * 1024)
        assert frame_type is FrameType.EVENT
        header = decode_header(self._told.recv(header_length, socket.MSG_WAITALL))
        return header, self._told.recv(body_length, socket.MSG_WAITALL)

    def say_no_more(self) -> None:
        """End the sending; answers can still be read."""
        assert self._connection is not None
        self._connection.shutdown(socket.SHUT_WR)

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def wait(self) -> int:
        """The exit code of the sandbox."""
        assert self._process is not None
        return self._process.wait(SECONDS)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def last_words(self) -> str:
        return (self.folder / "stderr").read_text(errors="replace")

    def close(self) -> None:
        self.hang_up()
        self._listener.close()
        self._events.close()
        if self._told is not None:
            self._told.close()
        if self._process is not None:
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.hello["pid"], 9)
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _frame(self) -> Frame:
        prefix = self._take(PREFIX.size)
        frame_type, header_length, body_length = read_prefix(prefix, max_body=64 * 1024 * 1024)
        header = decode_header(self._take(header_length))
        return Frame(frame_type, header, self._take(body_length))

    def _take(self, size: int) -> bytes:
        assert self._connection is not None
        pieces = [self._buffer]
        have = len(self._buffer)
        while have < size:
            piece = self._connection.recv(1 << 20)
            if not piece:
                raise EOFError
            pieces.append(piece)
            have += len(piece)
        data = b"".join(pieces)
        self._buffer = data[size:]
        return data[:size]


class _Platform(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


@contextlib.contextmanager
def platform(path: Path, answer: type[BaseHTTPRequestHandler]) -> Iterator[None]:
    """An HTTP server on a unix socket, as the relay is."""
    with _Platform(str(path), answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    """An HTTP handler that also works where the client has no address."""

    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "sandbox"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def say(self, body: bytes, status: int = 200, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
