"""The way out, tried in a network namespace of our own with addresses that look public."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from marketplace.lib import public_addresses
from marketplace.lib.public_addresses import is_own, meanings
from runners import egress, refusals
from runners.egress_policy import Policy, Refused
from runners.refusals import Attempt, Refusals
from tests import namespaces
from tests.machine import needs_root
from tests.namespaces import OWN, PRIVATE, PUBLIC

HOSTS = {
    "public.example": [PUBLIC],
    "rebinds.example": [PUBLIC],
    "inside.example": [PRIVATE],
    "both.example": [PUBLIC, PRIVATE],
    "own.example": [OWN],
    "metadata.example": ["169.254.169.254"],
    "six.example": ["::ffff:10.0.0.1"],
}

in_namespace = needs_root("make network namespaces")


async def resolve(host: str, port: int) -> list[str]:
    """The names of this file; numbers in whatever form as the system reads them."""
    if host in HOSTS:
        return HOSTS[host]
    if host.endswith(".example"):
        raise OSError("no such name")
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    return [str(entry[4][0]) for entry in found]


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with namespaces.internet() as host:
        yield host


def inside(name: str, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine in a thread that has moved into a network namespace."""

    async def run() -> Any:
        public_addresses._own_networks.cache_clear()
        return await work()

    return namespaces.inside(name, lambda: asyncio.run(run()))


async def ask(path: Path, *requests: bytes) -> bytes:
    """Send bytes to a proxy, one after the other as answers come; give the last answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    answer = b""
    try:
        for request in requests:
            writer.write(request)
            await writer.drain()
            answer = await asyncio.wait_for(read_answer(reader), 60)
        return answer
    finally:
        writer.close()
        await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, length = head.lower().partition(b"content-length: ")
    return head + await reader.readexactly(int(length.split()[0]) if length else 0)


async def through(path: Path, policy: Policy, *requests: bytes, **limits: Any) -> bytes:
    proxy = await egress.serve(path, policy, limits=egress.Limits(**limits))
    try:
        return await ask(path, *requests)
    finally:
        proxy.close()
        await proxy.wait_closed()
        await asyncio.sleep(0)


def connect(target: str) -> bytes:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


@in_namespace
def test_tunnel_reaches_a_public_address(network: str, tmp_path: Path) -> None:
    request = b"GET /through HTTP/1.1\r\nHost: public.example\r\n\r\n"

    answer = inside(
        network,
        lambda: through(
            tmp_path / "s", Policy.public(resolve=resolve), connect("public.example:8080"), request
        ),
    )

    assert answer.endswith(b"/through public.example None")


@in_namespace
def test_absolute_form_is_forwarded_with_its_own_host(network: str, tmp_path: Path) -> None:
    request = (
        b"GET http://public.example:8080/a?b=c HTTP/1.1\r\nHost: inside.example\r\n"
        b"Proxy-Authorization: Basic c2VjcmV0\r\n\r\n"
    )

    answer = inside(
        network, lambda: through(tmp_path / "s", Policy.public(resolve=resolve), request)
    )

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"/a?b=c public.example:8080 None")


@in_namespace
@pytest.mark.parametrize(
    "host",
    [
        "inside.example",
        "both.example",
        "own.example",
        "metadata.example",
        "six.example",
        PRIVATE,
        OWN,
        "169.254.169.254",
        "2852039166",  # 169.254.169.254
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "127.0.0.1",
        "127.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[::ffff:192.88.99.1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:0a00:0001::1]",
        "[2001:0:a00:1::1]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "224.0.0.1",
        "255.255.255.255",
        "100.64.0.1",
    ],
)
def test_address_that_is_not_public_is_refused(network: str, tmp_path: Path, host: str) -> None:
    answer = inside(
        network,
        lambda: through(tmp_path / "s", Policy.public(resolve=resolve), connect(f"{host}:8080")),
    )

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 Forbidden")
    assert (
        body.decode()
        .rstrip()
        .endswith(
            (
                "is not on the public internet; only public addresses are.",
                "is this platform's own machine, which cannot be reached.",
            )
        )
    )


@in_namespace
def test_this_machines_public_address_is_its_own_and_its_neighbours_is_not(network: str) -> None:
    async def look() -> list[bool]:
        return [is_own(ipaddress.ip_address(text)) for text in (OWN, "10.20.0.1", PUBLIC)]

    assert inside(network, look) == [True, True, False]


async def test_localhost_is_refused_through_the_systems_resolver(tmp_path: Path) -> None:
    answer = await through(tmp_path / "s", Policy.public(), connect("localhost:80"))

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"localhost is not on the public internet" in answer


@pytest.mark.parametrize("port", [25, 465, 587])
async def test_mail_is_refused(tmp_path: Path, port: int) -> None:
    policy = Policy.public(resolve=resolve)

    answer = await through(tmp_path / "s", policy, connect(f"public.example:{port}"))

    assert f"Sending mail (port {port}) is not allowed from here.".encode() in answer


async def test_address_is_resolved_once_and_that_one_is_dialled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    dialled: list[tuple[str, int]] = []

    async def changing(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    async def dial(host: str, port: int) -> Any:
        dialled.append((host, port))
        raise OSError

    proxy = await egress.serve(tmp_path / "s", Policy.public(resolve=changing))
    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    monkeypatch.setattr(asyncio, "open_connection", dial)
    writer.write(connect("rebinds.example:80"))
    answer = await reader.read(1000)
    writer.close()
    await writer.wait_closed()
    proxy.close()
    await proxy.wait_closed()

    assert asked == ["rebinds.example"]
    assert dialled == [(PUBLIC, 80)]
    assert answer.startswith(b"HTTP/1.1 502 ")


async def test_build_reaches_named_hosts_only_wherever_they_are(tmp_path: Path) -> None:
    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    policy = Policy.hosts(frozenset({f"Index.Example:{port}"}), resolve=here)
    only = b"A build may reach the package index only, not "

    allowed = await through(tmp_path / "a", policy, connect(f"index.example.:{port}"))
    elsewhere = await through(tmp_path / "b", policy, connect(f"elsewhere.example:{port}"))
    beside = await through(tmp_path / "c", policy, connect("index.example:22"))
    server.close()

    assert allowed.startswith(b"HTTP/1.1 200 ")
    assert only + f"elsewhere.example:{port}.".encode() in elsewhere
    assert only + b"index.example:22." in beside


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET ftp://public.example/ HTTP/1.1\r\n\r\n",
        b"CONNECT public.example HTTP/1.1\r\n\r\n",
        b"CONNECT public.example:99999 HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET http://public.example/ HTTP/1.1\r\nX: " + b"x" * 100_000,
    ],
)
async def test_what_is_no_request_to_a_proxy_is_told_so(tmp_path: Path, request_: bytes) -> None:
    answer = await through(tmp_path / "s", Policy.public(resolve=resolve), request_)

    assert answer.startswith(b"HTTP/1.1 400 Bad Request")


async def test_head_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    policy = Policy.public(resolve=resolve)

    answer = await through(tmp_path / "s", policy, b"CONNECT pub", head_seconds=0.05)

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_connection_too_many_is_refused(tmp_path: Path) -> None:
    policy = Policy.public(resolve=resolve)
    proxy = await egress.serve(tmp_path / "s", policy, limits=egress.Limits(connections=1))
    _, waiting = await asyncio.open_unix_connection(tmp_path / "s")

    answer = await ask(tmp_path / "s", connect("public.example:80"))
    waiting.close()
    await waiting.wait_closed()
    proxy.close()
    await proxy.wait_closed()

    assert b"More than 1 connections are open." in answer


async def test_silent_tunnel_is_cut(tmp_path: Path) -> None:
    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    opened: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _r, w: opened.append(w), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    policy = Policy.hosts(frozenset({"index.example"}), resolve=here)
    limits = egress.Limits(idle_seconds=0.1)
    proxy = await egress.serve(tmp_path / "s", policy, limits=limits)

    reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
    writer.write(connect(f"index.example:{port}"))
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    for other in (writer, *opened):
        other.close()
        await other.wait_closed()
    server.close()
    proxy.close()
    await proxy.wait_closed()

    assert answer.endswith(b"established\r\n\r\n")


def test_proxy_in_a_thread_serves_those_without_a_loop(tmp_path: Path) -> None:
    sentences: list[str] = []

    with (
        egress.in_thread(tmp_path / "s", Policy.hosts(frozenset()), report=sentences.append),
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(str(tmp_path / "s"))
        connection.sendall(connect("example.org:443"))
        answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert sentences == ["A build may reach the package index only, not example.org:443."]


async def test_name_that_does_not_exist_is_said_so() -> None:
    policy = Policy.public(resolve=resolve)

    with pytest.raises(Refused, match=r"The name gone\.example could not be resolved\."):
        await policy.addresses("gone.example", 443)


def test_an_address_means_what_gateways_take_it_for() -> None:
    meant = {
        text: [str(address) for address in meanings(ipaddress.ip_address(text))]
        for text in ("192.0.2.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::")
    }

    assert meant == {
        "192.0.2.1": ["192.0.2.1"],
        "::ffff:10.0.0.1": ["10.0.0.1"],
        "64:ff9b::a00:1": ["10.0.0.1"],
        "2002:a00:1::": ["2002:a00:1::", "10.0.0.1"],
    }


async def test_what_is_refused_is_counted_by_host_and_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[dict[Attempt, int]] = []
    monkeypatch.setattr(refusals, "_stored", lambda counted: written.append(dict(counted)))
    book = Refusals()
    refused = partial(book.note, "source")
    proxy = await egress.serve(tmp_path / "s", Policy.hosts(frozenset()), refused=refused)

    for target in ("evil.example:443", "evil.example:443", "10.0.0.1:22"):
        await ask(tmp_path / "s", connect(target))
    await book.write()
    await book.write()
    proxy.close()
    await proxy.wait_closed()

    assert written == [
        {Attempt("source", "evil.example", 443): 2, Attempt("source", "10.0.0.1", 22): 1}
    ]
