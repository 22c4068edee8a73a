"""The ports inside a sandbox that lead to the host's sockets."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.guest.harness import PYTHONS, Guest, Handler

Start = Callable[..., Guest]

ASK = """
import json, os, urllib.request
def ask(path, data=None):
    return urllib.request.urlopen(os.environ["ALGORITHMIA_API"] + path, data).read().decode()
"""


class Relay(Handler):
    def do_GET(self) -> None:  # noqa: N802
        self.say(b"relay " + self.path.encode())

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.say(hashlib.sha256(body).hexdigest().encode())


class Egress(Handler):
    def do_GET(self) -> None:  # noqa: N802
        self.say(b"egress " + self.path.encode())


@pytest.fixture(params=[max(PYTHONS, key=lambda version: int(version[2:]))])
def python(request: pytest.FixtureRequest) -> str:
    return PYTHONS[request.param]


def tree(code: str) -> dict[str, str]:
    return {"src/__init__.py": "", "src/Hello.py": ASK + code}


def test_platform_is_reached_while_loading_and_while_computing(start: Start) -> None:
    one = start(
        tree("found = ask('/load')\ndef apply(input):\n    return [found, ask('/call')]\n"),
        relay=Relay,
    )
    one.load()

    assert one.call().value == ["relay /load", "relay /call"]


def test_each_port_leads_to_its_own_socket(start: Start) -> None:
    one = start(tree("def apply(input):\n    return ask('/')\n"), relay=Relay, egress=Egress)
    one.load()

    with socket.create_connection(("127.0.0.1", one.egress_port)) as there:
        there.sendall(b"GET http://example.com/ HTTP/1.0\r\n\r\n")
        answer = there.makefile("rb").read()

    assert answer.endswith(b"egress http://example.com/")
    assert one.call().value == "relay /"


def test_without_a_socket_there_is_no_port(start: Start) -> None:
    one = start(tree("def apply(input):\n    return ask('/')\n"))
    one.load()

    answer = one.call()

    assert "Connection refused" in answer.message


def test_a_hundred_connections_at_once_each_get_their_own_bytes(start: Start) -> None:
    one = start(
        tree(
            """
            from concurrent.futures import ThreadPoolExecutor
            def apply(input):
                with ThreadPoolExecutor(100) as pool:
                    return list(pool.map(lambda n: ask("/%d" % n), range(input)))
            """.replace("\n            ", "\n")
        ),
        relay=Relay,
    )
    one.load()

    assert one.call(300).value == [f"relay /{n}" for n in range(300)]


def test_megabytes_pass_unchanged(start: Start) -> None:
    one = start(tree("def apply(input):\n    return ask('/', b'xyz' * input)\n"), relay=Relay)
    one.load()

    answer = one.call(10_000_000)

    assert answer.value == hashlib.sha256(b"xyz" * 10_000_000).hexdigest()


@contextlib.contextmanager
def peer(one: Guest, behave: Callable[[socket.socket], None]) -> Iterator[socket.socket]:
    """A connection to the relay's port, and `behave` at the other end of it."""
    with socket.create_connection(("127.0.0.1", one.relay_port), timeout=20) as client:
        thread = threading.Thread(target=lambda: behave(listeners[one].accept()[0]))
        thread.start()
        yield client
        thread.join(20)
        assert not thread.is_alive()


listeners: dict[Guest, socket.socket] = {}


@pytest.fixture
def raw(python: str) -> Iterator[Guest]:
    """A guest whose relay is a plain socket of the test."""
    one = Guest(python, tree("def apply(input):\n    return input\n"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(one.folder / "relay.sock"))
        listener.listen()
        listener.settimeout(20)
        listeners[one] = listener
        one.start()
        one.load()
        yield one
        one.close()
        del listeners[one]


def test_client_that_ends_its_sending_still_reads_the_answer(raw: Guest) -> None:
    def behave(host: socket.socket) -> None:
        with host:
            said = host.makefile("rb").read()
            time.sleep(0.05)
            host.sendall(said * 2)

    with peer(raw, behave) as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()

    assert answer == b"questionquestion"


def test_answer_of_a_host_that_hangs_up_early_arrives(raw: Guest) -> None:
    def behave(host: socket.socket) -> None:
        with host:
            host.recv(10)
            host.sendall(b"too large" * 10_000)

    with peer(raw, behave) as client:
        client.sendall(b"x" * 10)
        time.sleep(0.05)
        with contextlib.suppress(OSError):
            client.sendall(b"x" * 1_000_000)
        received = client.recv(9)

    assert received == b"too large"


def test_slow_reader_holds_its_own_sender_only(raw: Guest) -> None:
    sent = []

    def behave(host: socket.socket) -> None:
        host.settimeout(0.5)
        with host, contextlib.suppress(TimeoutError):
            while True:
                sent.append(host.send(b"x" * 65536))

    with peer(raw, behave):
        answer = raw.call({"a": 1})
        time.sleep(0.7)

    assert answer.value == {"a": 1}
    assert sum(sent) < 20_000_000


def test_client_that_vanishes_frees_the_host(raw: Guest) -> None:
    ended = []

    def behave(host: socket.socket) -> None:
        with host:
            host.settimeout(10)
            ended.append(host.recv(10))

    with peer(raw, behave) as client:
        reset = struct.pack("ii", 1, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        client.close()

    assert ended == [b""]


def test_relay_answers_while_the_authors_code_holds_the_interpreter(start: Start) -> None:
    one = start(
        tree("""
import ctypes, subprocess, sys
def apply(input):
    helper = subprocess.Popen([sys.executable, "-c", input], stdout=subprocess.PIPE)
    ctypes.PyDLL(None).waitpid(helper.pid, None, 0)  # and lets nobody else in until then
    return helper.stdout.read().decode()
"""),
        relay=Relay,
    )
    one.load()
    asking = (
        "import urllib.request;"
        f"print(urllib.request.urlopen('http://127.0.0.1:{one.relay_port}/', None, 20).read())"
    )

    assert one.call(asking).value == "b'relay /'\n"
