"""A small internet for tests: two network namespaces with a cable between them.

The 'host' is where what is tested runs; across the cable stand servers at an address that looks
public and at ones that do not. No packet leaves the machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

PUBLIC = "192.88.99.10"  # no longer anybody's; here only inside our own namespace
OWN = "192.88.99.1"
PRIVATE = "10.20.0.10"
METADATA = "169.254.169.254"
PORT = 8080

_NEW_NETWORK = 0x40000000
_SERVER = f"""
import http.server, socketserver
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (self.path + " " + self.headers["Host"] + " "
                + str(self.headers.get("Proxy-Authorization"))).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
server = socketserver.ThreadingTCPServer(("0.0.0.0", {PORT}), Echo)
print("ready", flush=True)
server.serve_forever()
"""


@contextlib.contextmanager
def internet() -> Iterator[str]:
    """Give the name of the host's namespace. Servers answer at PORT on both sides."""
    host, beyond = f"agh{os.getpid()}", f"agi{os.getpid()}"
    with contextlib.ExitStack() as made:
        for name in (host, beyond):
            _ip(f"netns add {name}")
            made.callback(_ip, f"netns delete {name}")
        for line in f"""
            link add outside netns {host} type veth peer name inside netns {beyond}
            -n {host} link set lo up
            -n {host} addr add {OWN}/24 dev outside
            -n {host} addr add 10.20.0.1/24 dev outside
            -n {host} link set outside up
            -n {host} route add {METADATA} dev outside
            -n {beyond} addr add {PUBLIC}/24 dev inside
            -n {beyond} addr add {PRIVATE}/24 dev inside
            -n {beyond} addr add {METADATA}/32 dev inside
            -n {beyond} link set inside up
            -n {beyond} link set lo up
        """.strip().splitlines():
            _ip(line)
        for name in (host, beyond):
            made.enter_context(_server(name))
        yield host


def entering(name: str) -> tuple[str, ...]:
    """What starts a program in a namespace, and changes nothing else for it."""
    return ("nsenter", f"--net=/run/netns/{name}")


def inside(name: str, work: Callable[[], T]) -> T:
    """Run a function in a thread that has moved into a namespace."""
    answers: list[T] = []
    problems: list[BaseException] = []

    def move_and_run() -> None:
        try:
            _move(name)
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 - whoever asked must hear of it
            problems.append(error)

    thread = threading.Thread(target=move_and_run)
    thread.start()
    thread.join()
    for problem in problems:
        raise problem
    return answers[0]


def _move(name: str) -> None:
    descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        assert ctypes.CDLL(None, use_errno=True).setns(descriptor, _NEW_NETWORK) == 0
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _server(name: str) -> Iterator[None]:
    command = [*entering(name), "python3", "-c", _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield
        finally:
            server.kill()


def _ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True, capture_output=True)
