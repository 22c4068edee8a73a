"""The server as a process: what it prints, jobs over web sockets, health at work, its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from simple_websocket import Client

MODEL = """
import threading, time
import runway

@runway.setup
def setup():
    return threading.get_ident()

@runway.command("count", {"to": runway.number, "pause": runway.number}, {"n": runway.number})
def count(thread, inputs):
    assert thread == threading.get_ident()
    for n in range(int(inputs["to"])):
        time.sleep(inputs["pause"])
        yield n, (n + 1) / inputs["to"]

@runway.command("fail", {"i": runway.number}, {"o": runway.number})
def fail(thread, inputs):
    raise ValueError("oops")

@runway.command("spin", {"i": runway.number}, {"o": runway.number})
def spin(thread, inputs):
    while True:
        pass

if __name__ == "__main__":
    runway.run()
"""


class Server(object):
    def __init__(self, folder):
        path = folder / "cloud_model.py"
        path.write_text(MODEL)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, str(path)],
            env=dict(os.environ, RW_PORT=str(self.port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.lines = [self.process.stdout.readline().decode() for _ in range(2)]
        self._wait()

    def _wait(self):
        deadline = time.time() + 30
        while time.time() < deadline:
            try:
                if self.get("/healthcheck") == {"status": "RUNNING"}:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("it does not come up")

    def get(self, path):
        with urlopen("http://127.0.0.1:{}{}".format(self.port, path), timeout=20) as answer:
            return json.loads(answer.read().decode())

    def jobs(self):
        return Client("ws://127.0.0.1:{}/".format(self.port))

    def post(self, path, **fields):
        return json.loads(self.ask(path, fields).read().decode())

    def ask(self, path, fields, **headers):
        body = json.dumps(fields).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        address = "http://127.0.0.1:{}{}".format(self.port, path)
        return urlopen(Request(address, data=body, headers=headers), timeout=20)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = Server(tmp_path_factory.mktemp("model"))
    yield started
    started.close()


def say(socket_, **message):
    socket_.send(json.dumps(message))


def hear(socket_, count=1):
    found = [json.loads(socket_.receive(timeout=20)) for _ in range(count)]
    return found if count > 1 else found[0]


def test_local_run_prints_what_the_guide_prints(server):
    assert server.lines == [
        "Setting up model...\n",
        "Starting model server at http://0.0.0.0:{}...\n".format(server.port),
    ]


def test_job_is_started_then_gives_outputs_with_progress_then_succeeds(server):
    jobs = server.jobs()

    say(jobs, type="submit", command="count", inputData={"to": 2}, id="a")
    heard = hear(jobs, 4)

    elapsed = heard[3].pop("timeElapsed")
    assert isinstance(elapsed, int)
    assert heard == [
        {"type": "started", "id": "a"},
        {"type": "output", "id": "a", "outputData": {"n": 0}, "progress": 0.5},
        {"type": "output", "id": "a", "outputData": {"n": 1}, "progress": 1.0},
        {"type": "succeeded", "id": "a"},
    ]
    jobs.close()


def messages_in(answer):
    """The messages of a job that was posted, one after the other."""
    lines = (line for line in answer if line.startswith(b"data:"))
    return (json.loads(line[5:].decode()) for line in lines)


def test_posted_command_tells_its_outputs_to_those_who_ask_for_events(server):
    stream = {"Accept": "text/event-stream", "X_Request_Id": "p"}

    counted = list(messages_in(server.ask("/count", {"to": 2}, **stream)))
    failed = list(messages_in(server.ask("/fail", {}, **stream)))

    assert isinstance(counted[3].pop("timeElapsed"), int)
    assert counted == [
        {"type": "started", "id": "p"},
        {"type": "output", "id": "p", "outputData": {"n": 0}, "progress": 0.5},
        {"type": "output", "id": "p", "outputData": {"n": 1}, "progress": 1.0},
        {"type": "succeeded", "id": "p"},
    ]
    assert [one["type"] for one in failed] == ["started", "failed"]
    assert failed[1]["code"] == 500
    assert failed[1]["error"].startswith("Error during inference: ValueError('oops'")


def test_posted_commands_are_cancelled_by_their_id(server):
    watched = messages_in(
        server.ask("/spin", {}, Accept="text/event-stream", X_Request_Id="watched")
    )
    assert next(watched)["type"] == "started"
    assert server.post("/", type="cancel", id="watched") == {"cancelled": True}
    assert [one["type"] for one in watched] == ["cancelled"]

    refused = []

    def ask():
        with pytest.raises(HTTPError) as raised:
            server.ask("/spin", {}, X_Request_Id="plain")
        refused.append((raised.value.code, raised.value.read().decode()))

    waiting = threading.Thread(target=ask)
    waiting.start()
    deadline = time.time() + 20
    while not server.post("/", type="cancel", id="plain")["cancelled"] and time.time() < deadline:
        time.sleep(0.01)
    waiting.join(20)

    assert refused == [(409, '{"error": "The command was cancelled."}')]
    assert server.post("/", type="cancel", id="plain") == {"cancelled": False}


def test_jobs_are_cancelled_by_their_own_id_alone(server):
    jobs = server.jobs()

    say(jobs, type="submit", command="spin", inputData={}, id="a")
    assert hear(jobs) == {"type": "started", "id": "a"}
    say(jobs, type="submit", command="count", inputData={"to": 1}, id="b")
    say(jobs, type="submit", command="count", inputData={"to": 1}, id="c")
    say(jobs, type="cancel", id="b")
    say(jobs, type="cancel", id="a")
    heard = hear(jobs, 5)

    assert sorted(one["id"] for one in heard if one["type"] == "cancelled") == ["a", "b"]
    assert [one["type"] for one in heard if one["id"] == "c"] == ["started", "output", "succeeded"]
    jobs.close()


def test_what_cannot_be_a_job_is_rejected_with_a_reason(server):
    jobs = server.jobs()

    jobs.send("not json")
    say(jobs, type="cancel", id="nobody")
    say(jobs, type="wave", id="w")
    say(jobs, type="submit", id="x", inputData={})
    say(jobs, type="submit", command="spin", id="y")
    assert [one["type"] for one in hear(jobs, 5)] == ["rejected"] * 4 + ["started"]
    say(jobs, type="submit", command="count", inputData={"to": 1}, id="y")
    assert hear(jobs) == {
        "type": "rejected",
        "id": "y",
        "error": "A job of this id is not over yet.",
    }
    jobs.close()  # which cancels what spins, or the next test would wait for ever


def test_job_that_fails_says_why(server):
    jobs = server.jobs()

    say(jobs, type="submit", command="fail", id="a")
    say(jobs, type="submit", command="nothing", id="b")
    heard = hear(jobs, 4)

    failed = {one["id"]: one["error"] for one in heard if one["type"] == "failed"}
    assert failed["a"].startswith("Error during inference: ValueError('oops'")
    assert failed["b"] == "Unknown command: nothing."
    jobs.close()


def test_health_is_answered_while_a_command_runs(server):
    jobs = server.jobs()

    say(jobs, type="submit", command="spin", id="a")
    assert hear(jobs)["type"] == "started"

    assert server.get("/healthcheck") == {"status": "RUNNING"}
    assert server.get("/")["commands"][0]["name"] == "count"
    jobs.close()


def test_command_in_progress_is_finished_before_it_ends(tmp_path):
    server = Server(tmp_path)
    jobs = server.jobs()

    say(jobs, type="submit", command="count", inputData={"to": 2, "pause": 0.3}, id="a")
    assert hear(jobs)["type"] == "started"
    server.process.send_signal(signal.SIGTERM)
    heard = hear(jobs, 3)

    assert [one["type"] for one in heard] == ["output", "output", "succeeded"]
    assert server.process.wait(20) == 0
    server.close()
