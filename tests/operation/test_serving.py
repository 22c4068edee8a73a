from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests import live as sites
from tests.journeys.calling import until
from tests.live import ROOT, Site
from tests.machine import needs_root


@pytest.fixture
def site_of_its_own() -> Iterator[Site]:
    """A site that the test may kill, stop and start."""
    with sites.single() as site:
        yield site


def test_site_is_ready_and_shows_its_front_page(live: Site) -> None:
    page = httpx.get(f"{live.url}/")

    assert until(lambda: httpx.get(f"{live.url}/readyz").json() == {"status": "ok", "calls": 0})
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_static_files_may_be_kept_for_ever(live: Site) -> None:
    page = httpx.get(f"{live.url}/").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]

    answer = httpx.get(f"{live.url}{style}")

    assert answer.status_code == 200
    assert "max-age=315360000" in answer.headers["cache-control"]


def test_taken_port_is_said_in_a_sentence(live: Site) -> None:
    port = httpx.URL(live.url).port
    as_people_start_it = {
        key: live.environment[key] for key in live.environment.keys() - {"SITE_URL"}
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=as_people_start_it,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Cannot listen at 127.0.0.1:{port}: Address already in use. "
        "Name another port with PORT=.\n"
    )


def test_stop_signal_ends_the_server_within_seconds_and_says_nothing(site_of_its_own: Site) -> None:
    server = site_of_its_own.processes["server"]
    assert server.running is not None

    began = time.monotonic()
    server.running.send_signal(signal.SIGINT)
    status = server.running.wait(timeout=60)

    assert status == 0
    assert time.monotonic() - began < 30
    assert "Traceback" not in site_of_its_own.log


def test_what_was_acknowledged_survives_a_killed_server(site_of_its_own: Site) -> None:
    site = site_of_its_own
    alice = site.person("alice")
    data = f"{site.url}/v1/connector/data/.my"
    made = httpx.post(data, headers=alice.headers, json={"name": "kept"})
    put = httpx.put(f"{data}/kept/file.txt", headers=alice.headers, content=b"never lost")
    assert (made.status_code, put.status_code) == (200, 200)

    site.processes["server"].kill()
    sites.start_server(site)

    found = httpx.get(f"{data}/kept/file.txt", headers=alice.headers)
    assert found.content == b"never lost"


@pytest.mark.timeout(600)  # seven real builds, on a machine that may be busy
def test_demo_is_built_published_and_true_and_loading_it_twice_changes_nothing() -> None:
    with sites.site() as site:
        site.manage("migrate", "--verbosity=0")
        site.manage("sync_environments")

        first = site.manage("seed")
        second = site.manage("seed")

        paths = [
            "lang/Sentiment",
            "lang/DetectLanguage",
            "opencv/DigitReader",
            "lang/Summarize",
            "tools/ReadBarcodes",
            "tools/FileType",
            "tools/ReadAndUnderstand",
        ]
        assert first == second == "".join(f"{path}: ready\n" for path in paths)
        sites.start_server(site)
        key = json.loads((site.data_dir / "demo.json").read_text())["carl"]["key"]
        headers = {"Authorization": f"Simple {key}"}
        digits = [
            httpx.post(
                f"{site.url}/v1/algo/opencv/DigitReader",
                headers=headers,
                json={"image": f"data://opencv/dataset/{name}.png"},
                timeout=60,
            ).json()["result"]
            for name in ("zero_sample", *(f"sample_{number}" for number in range(1, 10)))
        ]
        assert digits == [{"prediction": float(number)} for number in range(10)]
        understood = httpx.post(
            f"{site.url}/v1/algo/tools/ReadAndUnderstand",
            headers=headers,
            json={"image": "data://tools/samples/poster.png"},
            timeout=60,
        ).json()
        assert understood["result"]["texts"][0]["language"] == "en"
        assert understood["result"]["texts"][0]["sentiment"] == "positive"


@needs_root("hide control groups from a process")
def test_what_sandboxes_cannot_promise_is_said_once_and_does_not_stop_the_site() -> None:
    with sites.site(RUNNER_BACKEND="bubblewrap") as site:
        hide = 'umount --recursive --lazy /sys/fs/cgroup && exec "$@"'
        without = ["unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh"]
        sites.start_server(site, *without)

        ready = httpx.get(f"{site.url}/readyz")

        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "calls": 0})
        warnings = [line for line in site.log.splitlines() if "Sandboxes by bubblewrap: " in line]
        assert len(warnings) == 1
        assert (
            "Limits of memory, the number of processes and processor time are not enforced"
            in warnings[0]
        )


def test_distributed_site_is_ready_with_its_runner(live_distributed: Site) -> None:
    answer = httpx.get(f"{live_distributed.url}/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "calls": 0})


def test_server_takes_large_headers(live: Site) -> None:
    answer = httpx.get(f"{live.url}/healthz", headers={"X-Large": "x" * 60_000})

    assert answer.status_code == 200


def test_server_says_nothing_of_itself_and_speaks_only_http(live: Site) -> None:
    port = httpx.URL(live.url).port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.sendall(b"\x16\x03\x01nonsense\r\n\r\n")
        reply = raw.recv(200)

    assert reply.startswith(b"HTTP/1.1 400 ")
    assert "server" not in httpx.get(f"{live.url}/healthz").headers
