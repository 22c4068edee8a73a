"""Builds outlive the death of what runs them: the whole single process, or one runner of several."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import live as sites
from tests.live import Person, Site

SLOW = "import time\n\ntime.sleep(5)\n\n\ndef apply(input):\n    return input\n"
SETTINGS = {
    "source_visibility": "closed",
    "license": "apl",
    "network_access": "isolated",
    "pipeline_enabled": False,
}


@pytest.fixture
def mortal() -> Iterator[Site]:
    """A single-process site of this test's own, which it may kill."""
    with sites.single() as single:
        yield single


def send(site: Site, author: Person, path: str, body: object) -> Any:
    response = httpx.post(site.url + path, headers=author.headers, json=body, timeout=30)
    assert response.status_code in (200, 201), response.text
    return response.json()


def start_build(site: Site, author: Person, name: str) -> str:
    """A build that takes some seconds; give the address of it."""
    body = {"name": name, "details": {"label": name}, "settings": SETTINGS}
    send(site, author, f"/v1/algorithms/{author.name}", body)
    pages = f"/algorithms/{author.name}/{name}"
    send(site, author, f"{pages}/files/", {"changes": {f"src/{name}.py": SLOW}})
    build = send(site, author, f"/api{pages}/builds", {})
    return f"{site.url}/api{pages}/builds/{build['id']}"


def wait_for(address: str, author: Person, state: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    found = ""
    while time.monotonic() < deadline:
        found = httpx.get(address, headers=author.headers, timeout=30).json()["state"]
        if found == state:
            return
        time.sleep(0.3)
    raise AssertionError(f"The build is {found}, not {state}, after {seconds} seconds.")


@pytest.mark.live
def test_build_goes_on_after_the_whole_site_was_killed(mortal: Site) -> None:
    author = mortal.person("survivor")
    build = start_build(mortal, author, "Slow")
    wait_for(build, author, "running", 30)

    mortal.processes["server"].kill()
    mortal.processes["server"].start()
    mortal.wait_until_ready()

    wait_for(build, author, "succeeded", 200)
    log = httpx.get(f"{build}/log", headers=author.headers).text
    assert "The worker was lost; the build starts again." in log
    assert log.count("Build succeeded") == 1


def test_build_goes_on_with_another_runner(live_distributed: Site) -> None:
    author = live_distributed.person("survivor")
    build = start_build(live_distributed, author, "Slow")
    wait_for(build, author, "running", 60)

    live_distributed.processes["runner"].kill()
    runner = sites.start_runner(live_distributed, "second")

    wait_for(build, author, "succeeded", 200)
    assert runner.running is not None
    assert runner.running.poll() is None
