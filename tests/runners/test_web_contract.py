"""Apps that speak HTTP: recognised, built, started and called in real sandboxes."""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from runners import backends, contracts, remote, tunnels
from runners.backends.base import Backend
from runners.contracts import procfile
from runners.contracts.web import Web
from runners.errors import BuildFailed
from runners.groups import PoolLimits
from runners.guests import OutOfTime
from runners.instance import Surroundings
from runners.pool import Pool
from runners.protocol import Frame, FrameType
from runners.specs import Failure, Outcome, RunSpec
from tests.runners.building import _nobody, run_build, write_tree
from tests.runners.sandboxes import asking, spec_of

APPLY = "def apply(input):\n    return input\n"
APP = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class App(BaseHTTPRequestHandler):
    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        body = json.dumps({'sum': sum(given), 'pid': os.getpid()}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        given = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(f'{self.command} {self.path}\\n'.encode() + given)

print('from', os.path.basename(os.getcwd()), os.environ['VCAP_APP_PORT'])
HTTPServer(('0.0.0.0', int(os.environ['PORT'])), App).serve_forever()
"""


@pytest.mark.parametrize(
    ("text", "processes"),
    [
        ("web: gunicorn run:app --log-file=-\n", {"web": "gunicorn run:app --log-file=-"}),
        ("web:gunicorn a:b", {"web": "gunicorn a:b"}),
        ('web: "gunicorn a:b"', {"web": "gunicorn a:b"}),
        ("web: sh -c 'echo a: b'", {"web": "sh -c 'echo a: b'"}),
        ("web: 'a' && 'b'", {"web": "'a' && 'b'"}),
        ("# a comment\n\nweb: a\r\nworker-2: b\r\n", {"web": "a", "worker-2": "b"}),
        ("\tWeb:\ta b \t", {"Web": "a b"}),
    ],
)
def test_procfile_is_read_in_all_its_dialects(text: str, processes: dict[str, str]) -> None:
    assert procfile.parse(text) == processes


@pytest.mark.parametrize(
    ("text", "line"),
    [("web gunicorn", 1), ("web: a\nweb: b", 2), ("\nweb:  ", 2), ("web: ''", 1), (": a", 1)],
)
def test_procfile_that_cannot_be_read_names_the_line(text: str, line: int) -> None:
    with pytest.raises(BuildFailed, match=f"Procfile, line {line}: "):
        procfile.parse(text)


def test_web_wins_over_apply_unless_its_owner_insists(tmp_path: Path) -> None:
    write_tree(tmp_path, Procfile="web: gunicorn run:app", src__Hello_dot_py=APPLY)

    assert contracts.detect(tmp_path).contract == "web"
    assert contracts.detect(tmp_path, wanted="apply").module == "src.Hello"


def test_tree_that_can_be_called_in_no_way_is_told_why(tmp_path: Path) -> None:
    write_tree(tmp_path, Procfile="Web: gunicorn run:app")

    with pytest.raises(BuildFailed, match=r"no file in src/ .* no process web, in small letters"):
        contracts.detect(tmp_path)


@pytest.mark.parametrize(
    ("files", "python"),
    [
        ({"runtime_dot_txt": "python-3.6.0\n"}, "3.6.0"),
        ({"runtime_dot_txt": "\ufeffpython-3.6.x\r\n"}, "3.6"),
        ({"runtime_dot_txt": "3.11", "_dot_python-version": "3.8"}, "3.11"),
        ({"_dot_python-version": "3.8\n"}, "3.8"),
        ({}, ""),
    ],
)
def test_python_is_asked_for_in_runtime_txt_or_python_version(
    tmp_path: Path, files: dict[str, str], python: str
) -> None:
    write_tree(tmp_path, **files)

    assert Web().python(tmp_path) == python


def test_runtime_that_is_no_python_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path, runtime_dot_txt="ruby-3.2")

    with pytest.raises(BuildFailed, match=r"'ruby-3\.2', which is no version of Python"):
        Web().python(tmp_path)


def test_openapi_document_beside_the_app_describes_its_call(tmp_path: Path) -> None:
    document = {
        "paths": {
            "/": {
                "post": {
                    "summary": "Say which digit it is",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/x"}}}},
                    "responses": {
                        "200": {"content": {"application/json": {"schema": {"type": "array"}}}}
                    },
                }
            }
        },
        "components": {"schemas": {"Digit": {"type": "integer"}}},
    }
    write_tree(tmp_path, openapi_dot_json=json.dumps(document))

    described = Web().describe(tmp_path, {})

    assert described.source == "declared"
    assert described.default.description == "Say which digit it is"
    assert described.default.output == {"type": "array"}
    assert described.default.input == {
        "$ref": "#/x",
        "components": {"schemas": {"Digit": {"type": "integer"}}},
    }


def test_health_path_of_the_manifest_is_told_to_the_guest(tmp_path: Path) -> None:
    manifest = """\
defaults: &all {health-check-http-endpoint: "/up?now"}
applications:
- {name: app, <<: *all}
"""
    write_tree(tmp_path, Procfile="web: a", manifest_dot_yml=manifest)

    told = Web().told(RunSpec("alice/App", "Procfile"), tmp_path)

    assert (told["command"], told["health"], told["port"]) == ("a", "/up?now", 8080)


def test_manifest_that_merges_without_end_is_refused(tmp_path: Path) -> None:
    merged = [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 6)]
    manifest = "\n".join(("a0: &a0 {x: 1}", *merged))
    write_tree(tmp_path, Procfile="web: a", manifest_dot_yml=manifest)

    with pytest.raises(BuildFailed, match="more than 16 aliases are not allowed here"):
        Web().told(RunSpec("alice/App", "Procfile"), tmp_path)


def web_spec(app: str = APP, command: str = "python app.py") -> RunSpec:
    files = {"Procfile": f"web: {command}\n", "app.py": app}
    return spec_of(app, files=files, contract="web", module="Procfile")


NOT_TAKEN = "It was not answered, or the answer not taken, within {:g} seconds."
LARGE = json.dumps(["x" * 300_000, 1]).encode()


async def raw_request(stream: tunnels.Stream) -> Failure | None:
    """A request as a browser's: a large body, which is sent back in pieces."""
    head = f"PUT /any/where?q=1 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(LARGE)}\r\n\r\n"
    await stream.write(head.encode() + LARGE)
    pieces = []
    while piece := await stream.read():
        pieces.append(piece)
    answer = b"".join(pieces)
    assert b"".join((b"PUT /any/where?q=1\n", LARGE)) in answer, answer[:200]
    return Failure("noted") if b"close" in answer else None


async def stalled_request(stream: tunnels.Stream) -> Failure | None:
    """A request whose answer nobody takes to its end."""
    await stream.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await stream.read()
    never: asyncio.Future[Failure] = asyncio.get_running_loop().create_future()
    return await never


async def stalled_at_a_door(folder: Path) -> None:
    """A guest says that it is done, but nobody takes what it has said."""
    door = tunnels.Door()
    done: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
    server = await door.listen(folder)
    try:
        answer = asyncio.ensure_future(door.answer(done, stalled_request, seconds=0.3))
        reader, writer = await asyncio.open_unix_connection(folder / tunnels.NAME)
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        done.set_result(Frame(FrameType.RESULT, {}, b""))
        await answer
    finally:
        writer.close()
        server.close()


async def calls_and_passes(spec: RunSpec, backend: Backend, folder: Path) -> list[Outcome]:
    """Two calls, and two requests passed on: from this process, and over a runner's socket.

    Then one for somebody who does not take the answer, and a call after it.
    """
    around = Surroundings(
        backend=backend,
        platform=_nobody,
        platform_host="market.example",
        executor=ThreadPoolExecutor(4),
        parallel_calls=1,
    )
    pool = Pool(around, PoolLimits(slots=1))
    address = f"unix:{folder}/runner.sock"
    server = await remote.listen(address, lambda: remote.PoolServer(pool))
    fleet = remote.Fleet()
    await fleet.renew([remote.RunnerInfo("one", address, 1, frozenset({"cpu"}))])
    try:
        return [
            *[await pool.run(spec, asking(b"[1, 2, 3]")) for _ in range(2)],
            await pool.run(spec, asking(), raw_request),
            await fleet.run(spec, asking(), raw_request),
            await pool.run(spec, asking(b"[4]")),
            await fleet.run(spec, asking(timeout=0.5), stalled_request),
            await pool.run(spec, asking(b"[5]")),
        ]
    finally:
        fleet.close()
        server.close()
        await pool.stop()


@pytest.mark.parametrize("name", backends.NAMES)
def test_app_is_started_once_and_answers_each_call(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    host = request.getfixturevalue("docker_host") if name == "docker" else ""
    backend = backends.make(name, data_dir=Path(settings.DATA_DIR), docker_host=host)

    passing = asyncio.wait_for(calls_and_passes(web_spec(), backend, tmp_path), 300)
    done = asyncio.run(passing)

    first, second, here, elsewhere, last, stalled, after = done

    assert (first.failure, second.failure) == (None, None)
    assert first.body == second.body
    assert json.loads(first.body)["sum"] == 6
    assert [one.timings.is_cold for one in done[:5]] == [True, False, False, False, False]
    assert (here.failure, elsewhere.failure) == (Failure("noted"), Failure("noted"))
    assert (here.runner, elsewhere.runner) == ("", "one")
    assert here.timings.run > 0
    assert json.loads(last.body) == {"sum": 4, "pid": json.loads(first.body)["pid"]}
    assert stalled.failure == Failure(NOT_TAKEN.format(0.5), "TimeoutError", is_out_of_time=True)
    assert (after.timings.is_cold, json.loads(after.body)["sum"]) == (True, 5)


def test_guest_that_is_done_waits_for_nobody_who_does_not_take_its_answer(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutOfTime, match=re.escape(NOT_TAKEN.format(0.3))):
        asyncio.run(asyncio.wait_for(stalled_at_a_door(tmp_path), 120))


def test_app_that_does_not_start_fails_the_build_with_its_reason(tmp_path: Path) -> None:
    write_tree(tmp_path, Procfile="web: python app.py", app_dot_py="import nothing_like_this\n")

    with pytest.raises(BuildFailed) as refused:
        run_build(tmp_path)

    assert str(refused.value) == (
        "app.py, line 1: ModuleNotFoundError: No module named 'nothing_like_this'. "
        "If nothing_like_this is a package, add it to requirements.txt."
    )


def test_program_that_is_not_installed_fails_the_build_with_its_name(tmp_path: Path) -> None:
    write_tree(tmp_path, Procfile="web: gunicorn run:app")

    with pytest.raises(BuildFailed, match=r"gunicorn is a package, add it to requirements\.txt"):
        run_build(tmp_path)


def test_python_that_is_not_carried_is_refused_with_those_that_are(tmp_path: Path) -> None:
    write_tree(tmp_path, Procfile="web: a", runtime_dot_txt="python-2.7.18")

    with pytest.raises(BuildFailed, match="which is no version of Python"):
        run_build(tmp_path)

    write_tree(tmp_path, runtime_dot_txt="python-3.99.1")
    with pytest.raises(BuildFailed, match=r"asks for Python 3\.99\.1, and this platform carries 3"):
        run_build(tmp_path)
