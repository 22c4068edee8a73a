"""An app that speaks HTTP, as the guest starts it, asks it and ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from runners.protocol import FrameType
from tests.guest.harness import Answer, Guest
from tests.servers import free_port

Start = Callable[..., Guest]

APP = """
import json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class App(BaseHTTPRequestHandler):
    health = 'RUNNING'

    def do_GET(self):
        said = json.dumps({'status': App.health}).encode()
        self.answer(200, 'application/json', said)

    def do_OPTIONS(self):
        self.answer(405, 'text/plain', b'')

    def do_POST(self):
        given = self.rfile.read(int(self.headers['Content-Length']))
        kind = self.headers['Content-Type']
        if kind != 'application/json':
            seen = {'kind': kind, 'size': len(given), 'id': self.headers['X-Request-Id']}
            return self.answer(200, 'application/json', json.dumps(seen).encode())
        told = json.loads(given)
        if 'exit' in told:
            os._exit(told['exit'])
        if 'hang_up' in told:
            return self.connection.close()
        if 'stream' in told:
            self.send_response(200)
            self.send_header('Content-Type', 'text/event-stream; charset=utf-8')
            self.end_headers()
            for piece in told['stream']:
                self.wfile.write(piece.encode())
                time.sleep(0.15)
            return
        App.health = told.get('say', App.health)
        print('asked for', told['status'], flush=True)
        body = told['body'].encode(told.get('encoding', 'utf-8'))
        self.answer(told['status'], told.get('type', 'application/json'), body)

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = HTTPServer(('127.0.0.1', int(os.environ['PORT'])), App)

def leave(*_):
    with open('left', 'w') as note:
        note.write('in peace')
    threading.Thread(target=server.shutdown).start()

signal.signal(signal.SIGTERM, leave)
print('listening', flush=True)
server.serve_forever()
"""


def load(start: Start, python: str, app: str = APP, **told: Any) -> tuple[Guest, Answer]:
    one = start({"app.py": app})
    port = free_port()
    command = told.pop("command", f"PORT={port} {python} app.py")
    settings = {"command": command, "port": port, "health": "", "grace": 5.0, **told}
    return one, one.load("Procfile", contract="web", told=settings)


@pytest.fixture
def app(start: Start, python: str) -> Guest:
    one, report = load(start, python)
    assert report.type is FrameType.READY, report
    assert report.stdout == "listening\n"
    return one


def asked(one: Guest, status: int, body: str, **more: str) -> Answer:
    return one.call({"status": status, "body": body, **more})


def test_answers_become_results_by_their_content_type(app: Guest) -> None:
    digits = asked(app, 200, "[1,  2.50]", type="application/json; charset=utf-8")
    text = asked(app, 201, "Grüße", type="text/html; charset=latin-1", encoding="latin-1")
    raw = asked(app, 200, "\x00\x01", type="image/png")
    nothing = asked(app, 204, "")

    assert (digits.header["kind"], digits.body) == ("json", b"[1,  2.50]")
    assert (text.header["kind"], text.value) == ("text", "Grüße")
    assert (raw.header["kind"], raw.body) == ("binary", b"\x00\x01")
    assert (nothing.header["kind"], nothing.body) == ("json", b"null")
    assert digits.stdout == "asked for 200\n"


def test_text_is_told_while_it_is_sent(app: Guest) -> None:
    heard, answer = app.watch({"stream": ["data: Grü\n\n", "data: ß\n\n"]})

    assert {(event.header["kind"], event.header["appends"]) for event in heard} == {("text", True)}
    told = b"".join(event.body for event in heard).decode()
    assert told.startswith("data: Grü\n\n")
    assert answer.value == "data: Grü\n\ndata: ß\n\n"
    assert answer.value.startswith(told)


def test_inputs_arrive_with_the_content_type_of_their_kind(app: Guest) -> None:
    text = app.call("Hällo", kind="text").value
    data = app.call(b"\x00" * 3, kind="binary").value

    assert text == {"kind": "text/plain; charset=utf-8", "size": 6, "id": "call-1"}
    assert data == {"kind": "application/octet-stream", "size": 3, "id": "call-1"}


def test_refusals_say_whose_fault_and_why(app: Guest) -> None:
    page = "<html><head><title>500 Internal &amp; odd</title></head></html>"
    cases = [
        asked(app, 400, '{"error": "no digit"}'),
        asked(app, 422, '{"detail": "784 numbers, please"}'),
        asked(app, 500, page, type="text/html"),
        asked(app, 404, "gone", type="text/plain"),
        asked(app, 302, "", type="text/plain"),
        asked(app, 200, "[NaN]"),
    ]

    assert [(case.error_type, case.message) for case in cases] == [
        ("InputError", "The app answered 400: no digit"),
        ("InputError", "The app answered 422: 784 numbers, please"),
        ("AlgorithmError", "The app answered 500: Internal & odd"),
        ("AlgorithmError", "The app answered 404: gone"),
        ("AlgorithmError", "The app answered 302."),
        ("AlgorithmError", "The app says that its answer is JSON, and it is not."),
    ]


def test_answer_over_the_limit_is_refused(start: Start, python: str) -> None:
    one = start({"app.py": APP})
    port = free_port()
    told = {"command": f"PORT={port} {python} app.py", "port": port}
    one.load("Procfile", contract="web", told=told, output=4)

    assert asked(one, 200, "[12]").value == [12]
    assert asked(one, 200, "[123]").error_type == "TooLargeError"


def test_app_that_ends_during_a_call_fails_it_and_takes_the_guest_along(app: Guest) -> None:
    answer = app.call({"exit": 7})

    assert (answer.error_type, answer.message) == (
        "SystemExit",
        "The app ended with exit code 7 during the call.",
    )
    assert app.wait() == 75


def test_app_that_is_to_be_looked_at_and_is_ill_for_long_is_ended(
    start: Start, python: str
) -> None:
    one, report = load(start, python, health="/health", manifest="/", look=0.01)
    assert report.type is FrameType.READY, report

    assert asked(one, 200, "[1]", say="RUNNING").value == [1]
    assert asked(one, 200, "[2]", say="FAILED").value == [2]

    assert one.wait() == 76
    assert "does not answer any more that it is well" in one.last_words
    assert (one.work / "left").read_text() == "in peace"


def test_connection_closed_without_an_answer_is_told(app: Guest) -> None:
    answer = app.call({"hang_up": 1})

    assert answer.error_type == "SystemError"
    assert answer.message.startswith("The app closed the connection without an answer")
    assert asked(app, 200, "1").value == 1


def test_app_may_finish_when_the_host_hangs_up(app: Guest) -> None:
    app.hang_up()

    assert app.wait() == 0
    assert (app.work / "left").read_text() == "in peace"


def test_app_that_ends_before_it_answers_shows_its_last_lines(start: Start, python: str) -> None:
    one, report = load(start, python, "import nothing_like_this\n")

    assert report.type is FrameType.FAILED
    assert report.error_type == "LoadingError"
    assert report.message == "The app ended with exit code 1 before it answered a request."
    assert report.stacktrace.splitlines()[-1].startswith("ModuleNotFoundError: No module named")
    assert one.wait() == 0


def test_shell_line_is_expanded_and_all_it_started_is_ended(start: Start, python: str) -> None:
    port = free_port()
    line = f"cd . && export NAME=app.py; {python} $NAME $PORT"
    one = start({"app.py": APP})
    one.folder.chmod(0o755)

    report = one.load(
        "Procfile", contract="web", told={"command": f"PORT={port}; {line}", "port": port}
    )

    assert report.type is FrameType.FAILED  # a plain assignment is not exported
    assert "KeyError: 'PORT'" in report.stacktrace


def test_named_health_path_must_answer_200(start: Start, python: str) -> None:
    answers = "    def do_GET(self):\n        self.answer(self.state(), 'text/plain', b'')\n"
    state = (
        "    def state(self):\n        App.asked += 1\n"
        "        return 200 if App.asked > 2 and self.path == '/up?now' else 503\n    asked = 0\n"
    )
    code = APP.replace("    def do_OPTIONS", f"{answers}\n{state}\n    def do_OPTIONS")

    _, report = load(start, python, code, health="/up?now")

    assert report.type is FrameType.READY, report


def test_worker_that_is_ended_again_and_again_is_explained(start: Start, python: str) -> None:
    code = (
        "import time\nprint('[CRITICAL] WORKER TIMEOUT (pid:1)\\n' * 3, flush=True)\ntime.sleep(60)"
    )

    _, report = load(start, python, code)

    assert report.error_type == "LoadingError"
    assert "--timeout" in report.message
    assert json.dumps(report.stacktrace).count("WORKER TIMEOUT") == 3
