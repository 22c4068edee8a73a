"""The whole site on Docker: built, published, called and cleared away in containers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import pytest

from tests import live as sites
from tests.journeys.authoring import SETTINGS, Written, build, publish, write
from tests.journeys.calling import begun, call, until
from tests.live import Person, Site
from tests.machine import needs_language
from tests.python_client import connected

CODE = """
import os
import time

import Algorithmia
import six

client = Algorithmia.client()
calls = 0


def apply(input):
    global calls
    calls += 1
    wish = input["do"]
    if wish == "sleep":
        if "sign" in input:
            client.file(input["sign"]).put("it has begun")
        time.sleep(input["seconds"])
    if wish == "fill the memory":
        return len(bytearray(10**10))
    if wish == "crash":
        os.kill(os.getpid(), 11)
    if wish == "put":
        client.file(input["uri"]).put(input["text"])
    return {"calls": calls, "six": six.__version__, "user": os.getuid()}
"""
NODE = """
const all = [];
exports.apply = async (input) => {
  while (input.do === "fill the memory") all.push(Array.from({ length: 1000 }, (_, n) => ({ n })));
  return "answered";
};
"""
R = """
algorithm <- function(input) {
  if (input$do == "fill the memory") return(length(numeric(1e9) + 1))
  "answered"
}
"""
PINNED = "algorithmia>=1.0.0,<2.0\nsix==1.16.0\n"


@pytest.fixture(scope="module")
def site(docker_host: str) -> Iterator[Site]:
    """Its dependencies are its own, so that they are really installed in containers."""
    environment = {
        "RUNNER_BACKEND": "docker",
        "DOCKER_HOST": docker_host,
        "SANDBOX_MEMORY_MB": "256",
    }
    with sites.single(["runtimes"], **environment) as site:
        yield site


@pytest.fixture(scope="module")
def writer(site: Site) -> Person:
    return site.person("docker_writer")


@pytest.fixture(scope="module")
def caller(site: Site) -> Person:
    return site.person("docker_caller")


@pytest.fixture(scope="module")
def client(site: Site, writer: Person) -> Iterator[Any]:
    with connected(site.url, writer.key) as client:
        yield client


@pytest.fixture(scope="module")
def pinned(site: Site, writer: Person, client: Any) -> Written:
    """An algorithm with a dependency that has one version, published for everybody."""
    written = write(client, site, writer, CODE, name="Pinned", requirements=PINNED)
    publish(client, written.path, sample='{"do": "nothing"}')
    return written


@contextlib.contextmanager
def engine(site: Site) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=site.environment["DOCKER_HOST"])
    with contextlib.closing(client):
        yield client


def of(site: Site) -> str:
    """The label of everything that this site has on the engine."""
    installation = hashlib.sha256(os.fsencode(site.data_dir.resolve())).hexdigest()[:12]
    return f"agorithm.installation={installation}"


def containers(site: Site) -> set[str]:
    """The ids of those that are there, running or not."""
    with engine(site) as client:
        found = client.api.containers(all=True, filters={"label": of(site)})
    return {str(container["Id"]) for container in found}


def started(site: Site, *, since: datetime) -> list[str]:
    """The names of the sandboxes that the engine has started since then, in their order."""
    with engine(site) as client:
        events = client.api.events(
            since=since,
            until=datetime.now(UTC),
            filters={"type": "container", "event": "start", "label": of(site)},
            decode=True,
        )
        return [str(event["Actor"]["Attributes"]["agorithm.name"]) for event in events]


def leases(site: Site) -> set[str]:
    return {path.name for path in (site.data_dir / "sandboxes").iterdir()}


def test_standard_template_is_built_with_its_dependencies_and_answers(
    site: Site, writer: Person, client: Any
) -> None:
    path = f"{writer.name}/Template"
    algorithm = client.algo(path)
    algorithm.create({"label": "Template"}, SETTINGS)

    began = datetime.now(UTC)
    first = algorithm.compile()["compilation"]
    sandboxes = started(site, since=began)
    again = build(client, site, writer, path, {"notes.txt": "nothing new\n"})
    publish(client, path, sample='"docker"')

    assert first["successful"], first["output"]
    assert "Beginning container customization" in first["output"]
    assert [name for name in sandboxes if name.startswith("build-")]
    assert "Dependencies are installed already" in again.log
    assert algorithm.pipe("stranger").result == "Hello stranger"


def test_pinned_dependency_is_installed_and_ours_again_afterwards(
    site: Site, pinned: Written, caller: Person
) -> None:
    answer = call(site, pinned.path, {"do": "nothing"}, key=caller.key).json()

    strangers = [
        path
        for path in (site.data_dir / "environments").rglob("*")
        if path.lstat().st_uid != os.getuid()
    ]
    assert "six==1.16.0" in pinned.log
    assert answer["result"]["six"] == "1.16.0"
    assert answer["result"]["user"] != 0
    assert strangers == []


@pytest.mark.parametrize(
    ("language", "file", "code", "memory"),
    [
        pytest.param(
            "javascript", "src/{}.js", NODE, "its objects may", marks=needs_language("javascript")
        ),
        pytest.param("r", "src/{}.r", R, "its 256 MiB of memory", marks=needs_language("r")),
    ],
)
def test_other_languages_are_built_called_and_held_to_their_memory(
    site: Site, writer: Person, client: Any, language: str, file: str, code: str, memory: str
) -> None:
    path = f"{writer.name}/In_{language}"
    client.algo(path).create({"label": language}, SETTINGS | {"language": language})
    build(client, site, writer, path, {file.format(f"In_{language}"): code})
    publish(client, path, sample='{"do": "answer"}')

    answer = call(site, path, {"do": "answer"}, key=writer.key).json()
    failed = call(site, path, {"do": "fill the memory"}, key=writer.key).json()["error"]
    again = call(site, path, {"do": "answer"}, key=writer.key).json()

    assert (answer["result"], again["result"]) == ("answered", "answered")
    assert failed["error_type"] == "OutOfMemoryError"
    assert memory in failed["message"]


def test_requirement_that_does_not_exist_is_named(site: Site, writer: Person, client: Any) -> None:
    path = f"{writer.name}/Mistaken"
    client.algo(path).create({"label": "Mistaken"}, SETTINGS)
    changes = {"requirements.txt": "six==0.0.999\n"}

    with pytest.raises(AssertionError, match=r"six==0\.0\.999"):
        build(client, site, writer, path, changes)


def test_ten_calls_load_the_module_once(site: Site, pinned: Written, caller: Person) -> None:
    with connected(site.url, caller.key) as client:
        answers = [client.algo(pinned.path).pipe({"do": "nothing"}) for _ in range(10)]

    calls = [answer.result["calls"] for answer in answers]
    assert calls == list(range(calls[0], calls[0] + 10))
    assert not any(answer.metadata.full_metadata["cold"] for answer in answers[1:])


def test_my_is_the_caller_through_the_relay(site: Site, pinned: Written, caller: Person) -> None:
    with connected(site.url, caller.key) as client:
        client.dir("data://.my/from_inside").create()

        wish = {"do": "put", "uri": "data://.my/from_inside/note", "text": "größe"}
        client.algo(pinned.path).pipe(wish)

        found = client.file(f"data://{caller.name}/from_inside/note").getString()
    assert found == "größe"


@pytest.mark.parametrize(
    ("wish", "timeout", "error_type", "words"),
    [
        ({"do": "sleep", "seconds": 250}, 1, "TimeoutError", "within 1 seconds"),
        ({"do": "fill the memory"}, 120, "OutOfMemoryError", "memory"),
        ({"do": "crash"}, 120, "SystemExit", "exited with code 139"),
    ],
    ids=["time", "memory", "crash"],
)
def test_each_death_has_its_own_name_and_the_next_call_an_answer(
    site: Site,
    pinned: Written,
    caller: Person,
    wish: dict[str, object],
    timeout: int,
    error_type: str,
    words: str,
) -> None:
    call(site, pinned.path, {"do": "nothing"}, key=caller.key)

    died = call(site, pinned.path, wish, key=caller.key, timeout=timeout).json()
    answer = call(site, pinned.path, {"do": "nothing"}, key=caller.key).json()

    assert died["error"]["error_type"] == error_type, died
    assert words in died["error"]["message"]
    assert answer["result"]["calls"] == 1


def test_no_container_is_left_when_the_site_stops(
    site: Site, pinned: Written, caller: Person
) -> None:
    call(site, pinned.path, {"do": "nothing"}, key=caller.key)
    running = containers(site)

    site.processes["server"].stop()

    assert running
    assert containers(site) == set()
    assert leases(site) == set()
    assert "Traceback" not in site.log
    sites.start_server(site)


def test_containers_of_a_killed_site_end_by_themselves(
    site: Site, pinned: Written, caller: Person
) -> None:
    call(site, pinned.path, {"do": "nothing"}, key=caller.key)
    running = containers(site)

    site.processes["server"].kill()

    assert running
    until(lambda: not containers(site))
    sites.start_server(site)


def test_what_a_killed_site_left_is_swept_when_it_starts_again(
    site: Site, pinned: Written, caller: Person
) -> None:
    call(site, pinned.path, {"do": "nothing"}, key=caller.key)
    left = containers(site)
    held = leases(site)

    _kill_with_watcher(site)
    time.sleep(2)
    kept = containers(site)
    sites.start_server(site)

    assert left
    assert kept == left
    assert containers(site) == set()
    assert not held & leases(site)
    answer = call(site, pinned.path, {"do": "nothing"}, key=caller.key).json()
    assert answer["result"]["calls"] == 1


def test_call_whose_container_is_killed_says_so_and_the_next_one_works(
    site: Site, pinned: Written, caller: Person
) -> None:
    call(site, pinned.path, {"do": "nothing"}, key=caller.key)

    with ThreadPoolExecutor(1) as executor:
        running = begun(site, pinned.path, caller, executor)
        with engine(site) as docker_engine:
            for container in docker_engine.api.containers(filters={"label": of(site)}):
                with contextlib.suppress(docker.errors.APIError):  # one that is ending anyway
                    docker_engine.api.kill(container["Id"])
        died = running.result().json()
    answer = call(site, pinned.path, {"do": "nothing"}, key=caller.key).json()

    assert died["error"]["error_type"] == "SystemExit"
    assert "exited with code 137" in died["error"]["message"]
    assert answer["result"]["calls"] == 1


def _kill_with_watcher(site: Site) -> None:
    """As a machine that runs out of memory might: with the small process that would clear up."""
    server = site.processes["server"]
    [watcher] = [
        pid
        for pid in _children(server.pid)
        if b"remove_containers_of" in _read(Path(f"/proc/{pid}/cmdline"))
    ]
    os.kill(watcher, signal.SIGKILL)
    server.kill()


def _children(parent: int) -> Iterator[int]:
    for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
        yield from map(int, _read(tasks).split())


def _read(path: Path) -> bytes:
    """A file of /proc, or nothing if what it is about has ended meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
