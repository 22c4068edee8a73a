"""Builds outlive the death of what runs them: the whole single process, or one runner of several."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import live as sites
from tests.journeys.calling import call, until
from tests.live import ROOT, Person, Site
from tests.machine import needs_root

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
    wait_for(build, author, "running", 120)

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
    wait_for(build, author, "running", 120)

    live_distributed.processes["runner"].kill()
    runner = sites.start_runner(live_distributed, "second")

    wait_for(build, author, "succeeded", 200)
    assert runner.running is not None
    assert runner.running.poll() is None


IN_A_MACHINE_WITH_A_GPU = """
mkdir "$0" && mount -t tmpfs -o mode=755 devices "$0" || exit 1
for name in null zero full random urandom tty; do
  touch "$0/$name" && mount --bind "/dev/$name" "$0/$name"
done
touch "$0/nvidia0" "$0/nvidiactl"
mkdir "$0/pts" "$0/shm" && mount --bind /dev/pts "$0/pts" && mount --bind /dev/shm "$0/shm"
ln -s /proc/self/fd "$0/fd" && mount --bind "$0" /dev && exec "$@"
"""
DEVICES = """
import os

def apply(input):
    return sorted(name for name in os.listdir("/dev") if name.startswith("nvidia"))
"""


@needs_root("stand in for the devices of a machine")
def test_work_for_a_gpu_goes_to_the_runner_that_has_one(live_distributed: Site) -> None:
    site = live_distributed
    author = site.person("accelerated")
    within = ("unshare", "--mount", "sh", "-c", IN_A_MACHINE_WITH_A_GPU, f"{site.folder}/dev")
    machine = {"RUNNER_MACHINES": "gpu"}
    address = {"RUNNER_ADDRESS": f"unix:{site.folder}/accelerated.sock"}
    command = [sys.executable, "manage.py", "sync_environments"]
    subprocess.run(command, cwd=ROOT, env=site.environment | machine | address, check=True)
    environment = {"algorithm_environment": "python311-gpu"}
    body = {"name": "Fast", "details": {"label": "Fast"}, "settings": SETTINGS | environment}
    send(site, author, f"/v1/algorithms/{author.name}", body)
    changes = {"changes": {"src/Fast.py": DEVICES}}
    send(site, author, f"/algorithms/{author.name}/Fast/files/", changes)
    builds = f"/api/algorithms/{author.name}/Fast/builds"

    refused = _post(site.url + builds, author)
    runner = sites.start_runner(site, "accelerated", within=within, **machine)
    build = until(lambda: _post(site.url + builds, author).get("id"))
    wait_for(f"{site.url}{builds}/{build}", author, "succeeded", 200)
    commit = httpx.get(f"{site.url}{builds}/{build}", headers=author.headers).json()["commit"]
    answered = call(site, f"{author.name}/Fast/{commit}", key=author.key)
    later = call(site, f"{author.name}/Fast/{commit}", key=author.key, output="void").json()
    result = until(lambda: _answer(site, author, later["request_id"]))
    runner.stop()
    gone = call(site, f"{author.name}/Fast/{commit}", key=author.key)

    assert "No runner with a GPU is online" in refused["error"]["message"]
    assert answered.json()["result"] == result == ["nvidia0", "nvidiactl"]
    assert gone.status_code == 503
    assert "That is the platform's fault, not your call's. Nothing was charged" in gone.text


def _post(address: str, author: Person) -> Any:
    return httpx.post(address, headers=author.headers, json={}, timeout=30).json()


def _answer(site: Site, author: Person, request_id: str) -> list[str] | None:
    address = f"{site.url}/v1/requests/{request_id}"
    answer: list[str] | None = httpx.get(address, headers=author.headers).json().get("result")
    return answer
