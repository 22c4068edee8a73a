"""What algorithms reach of the network, with internet access and without, on both backends.

The site that built them starts again in a network namespace of its own, where everything that
must not be reached really answers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from runners import backends
from tests import live as sites
from tests import namespaces
from tests.journeys.authoring import publish, write
from tests.journeys.calling import call
from tests.live import Site
from tests.machine import needs_root
from tests.namespaces import METADATA, OWN, PORT, PRIVATE, PUBLIC
from tests.python_client import connected

CODE = (Path(__file__).parent / "network.txt").read_text()
HELLO = f"http://{PUBLIC}:{PORT}/hello"
NOT_PUBLIC = "is not on the public internet; only public addresses are.\n"
NOT_OURS = "is this platform's own machine, which cannot be reached.\n"

pytestmark = needs_root("make network namespaces")
on_both = pytest.mark.parametrize("backend", backends.NAMES)


Wish = tuple[Any, ...]
"""One way to one place: a function of the algorithm's, and its arguments."""


@dataclass(frozen=True)
class Said:
    """What each of the two algorithms said to the same wishes."""

    online: dict[Wish, str]
    isolated: dict[Wish, str]


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with namespaces.internet() as host:
        yield host


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site that has published both algorithms and stopped."""
    with sites.single() as site:
        author = site.person("network_author")
        with connected(site.url, author.key) as client:
            for name, access in (("Online", "full"), ("Isolated", "isolated")):
                settings = {"network_access": access}
                path = write(client, site, author, CODE, name=name, settings=settings).path
                publish(client, path, sample="[]")
        site.processes["server"].stop()
        yield site


@pytest.fixture(scope="module")
def asked(network: str, site: Site, request: pytest.FixtureRequest) -> Callable[[str], Said]:
    """Serve with a backend inside the namespace, once, and ask both algorithms everything."""
    caller = site.person("network_caller")

    def ask(name: str) -> dict[Wish, str]:
        wishes = list(everything(site))
        answer = call(site, f"network_author/{name}", wishes, key=caller.key).json()
        return dict(zip(wishes, answer["result"], strict=True))

    @cache
    def on(backend: str) -> Said:
        host = request.getfixturevalue("docker_host") if backend == "docker" else ""
        within = namespaces.entering(network)

        def serve_and_ask() -> Said:
            server = sites.start_server(site, *within, RUNNER_BACKEND=backend, DOCKER_HOST=host)
            try:
                assert [httpx.get(url).status_code for url in forbidden(site)] == [200] * 6
                return Said(ask("Online"), ask("Isolated"))
            finally:
                server.stop()

        return namespaces.inside(network, serve_and_ask)

    return on


def forbidden(site: Site) -> list[str]:
    """Addresses that answer the platform itself, and that no algorithm may reach."""
    return [
        f"http://{PRIVATE}:{PORT}/",
        f"http://{METADATA}:{PORT}/latest/meta-data/",
        f"http://{OWN}:{PORT}/",
        f"http://10.20.0.1:{PORT}/",
        f"http://127.0.0.1:{PORT}/",
        f"{site.url}/healthz",
    ]


COUNTED = """
import json
from runners.models import RefusedConnection as Refused
print(json.dumps({f"{one.host}:{one.port}": one.count for one in Refused.objects.all()}))
"""


def everything(site: Site) -> Iterator[Wish]:
    for url in (HELLO, *forbidden(site)):
        yield from through_proxy(url)
        yield ("by_relay", url)
        yield ("directly", httpx.URL(url).host, httpx.URL(url).port)
    yield ("variable", "HTTP_PROXY")


def through_proxy(url: str) -> list[Wish]:
    address = httpx.URL(url)
    tunnel = ("by_tunnel", address.host, address.port)
    return [("by_urllib", url), ("by_requests", url), ("by_proxy", url), tunnel]


@on_both
def test_algorithm_with_internet_access_reaches_a_public_address(
    asked: Callable[[str], Said], backend: str
) -> None:
    said = asked(backend).online

    answers = [said[wish] for wish in through_proxy(HELLO)]
    assert answers == [f"/hello {PUBLIC}:{PORT} None"] * 3 + [f"/tunnel {PUBLIC}:{PORT} None"]
    assert "Network is unreachable" in said["directly", PUBLIC, PORT]


@on_both
def test_algorithm_with_internet_access_reaches_nothing_private_and_nothing_of_the_platform(
    asked: Callable[[str], Said], site: Site, backend: str
) -> None:
    said = asked(backend).online

    for url in forbidden(site):
        address = httpx.URL(url)
        assert said["by_proxy", url].startswith(f"403 {address.host} is "), url
        assert said["by_proxy", url].endswith((NOT_PUBLIC, NOT_OURS)), url
        ways = [said[wish] for wish in through_proxy(url)]
        ways.append(said["directly", address.host, address.port])
        assert all(way.startswith(("403 ", "failed: ")) for way in ways), ways


@on_both
def test_what_was_refused_is_counted_for_moderators(
    asked: Callable[[str], Said], site: Site, backend: str
) -> None:
    asked(backend)

    deadline = time.monotonic() + 30
    while METADATA not in (counted := site.manage("shell", "--no-imports", "-c", COUNTED)):
        assert time.monotonic() < deadline, counted

    found = json.loads(counted.strip().splitlines()[-1])
    assert found[f"{METADATA}:{PORT}"] >= len(through_proxy("http://x/"))
    assert PUBLIC not in counted


@on_both
def test_isolated_algorithm_reaches_nothing(asked: Callable[[str], Said], backend: str) -> None:
    said = dict(asked(backend).isolated)

    assert said.pop(("variable", "HTTP_PROXY")) == ""
    outside = {wish: answer for wish, answer in said.items() if wish[0] != "by_relay"}
    assert len(outside) == 35
    for wish, answer in outside.items():
        assert answer.startswith("failed: "), wish
        assert "Network is unreachable" in answer or "Connection refused" in answer, wish


@on_both
def test_relay_is_no_way_out(asked: Callable[[str], Said], site: Site, backend: str) -> None:
    said = asked(backend)

    for url in (HELLO, *forbidden(site)):
        for answer in (said.online["by_relay", url], said.isolated["by_relay", url]):
            assert answer.startswith("404 "), url
            assert "reaches the platform's API under /v1/ and nothing else" in answer, url
