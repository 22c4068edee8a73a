"""The `web` contract inside: start the app, wait until it answers, make each call a POST /.

The app is a process of its own and everything it prints goes where our own output goes. It counts
as ready when it answers a request, with whatever status: an open port is not a loaded model.
"""

import json
import os
import re
import select
import signal
import subprocess
import threading
from time import monotonic, sleep

from _agorithm import answers, jobs, loading, telling, tunnel, wire

LOAD_SECONDS = 290.0  # a little less than the host waits
DESCRIBE_SECONDS = 60.0
LAST_LINES = 100
MOST_STACKTRACE = 64 * 1024
WORKER_DEATHS = 3
LOOK_SECONDS = 5.0  # for the answer of an app whose health is looked at again and again
MISSES = 3  # looks in a row without an answer, until it counts as hung
ENDED = 75
HUNG = 76

CANCELLED = {"error_type": "Cancelled", "message": "The call was cancelled.", "stacktrace": ""}

_GLANCE = 0.05
_PATIENCE = 0.5
_IS_SCRIPT = re.compile(
    r"[;&|<>`\n]|\$\(|\A\s*(?:\w+=|\(|\{|(?:cd|export|set|unset|source|if|for|while|until|\.)\s)"
)
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_WORKER_DIED = b"WORKER TIMEOUT"
_TOO_SLOW = (
    "gunicorn ended its worker because it took longer than its --timeout: the model loads, or the"
    " call takes, longer than that. Give a longer --timeout in the Procfile, or none."
)


class NotReady(Exception):
    """The app did not come up."""


def serve(channel, capture, header, limits, tree, work):
    """Load, then answer calls until the host hangs up or the app ends. Gives an exit code."""
    loading.make_folder(tree, work)
    app = App(header, capture)
    if header.get("describe"):
        return _describe(channel, capture, app, work)
    try:
        began = monotonic()
        try:
            app.start(work)
            app.wait_until_ready()
        except (NotReady, OSError) as error:
            channel.send(wire.FAILED, *_said_of_loading(error, began, capture))
            return 0
        said = {"manifest": app.manifest(), "cancel": app.has_jobs}
        printed = capture.end()
        said.update(load_us=_since(began), stdout_bytes=len(printed))
        channel.send(wire.READY, said, printed)
        return _answer_calls(channel, capture, app, limits, float(header.get("look") or 0))
    except wire.HostGone:
        return 0
    finally:
        app.stop(float(header.get("grace", 10)))


def _describe(channel, capture, app, work):
    """Let the app say what it offers, without setting anything up, and end."""
    began = monotonic()
    try:
        app.start(work)
        manifest = app.said_at_once()
    except (NotReady, OSError) as error:
        channel.send(wire.FAILED, *_said_of_loading(error, began, capture))
        return 0
    finally:
        app.stop(0)
    printed = capture.end()
    said = {"manifest": manifest, "load_us": _since(began), "stdout_bytes": len(printed)}
    channel.send(wire.READY, said, printed)
    return 0


def _said_of_loading(error, began, capture):
    printed = capture.end()
    tail = b"\n".join(printed.splitlines()[-LAST_LINES:])[-MOST_STACKTRACE:]
    said = {
        "load_us": _since(began),
        "stdout_bytes": len(printed),
        "error_type": "LoadingError",
        "message": str(error),
        "stacktrace": tail.decode("utf-8", "replace"),
    }
    return said, printed


def _answer_calls(channel, capture, app, limits, look):
    """Answer one after the other; `look` seconds without one, see whether the app is well."""
    limit = limits.get("output") or 15 * 1024 * 1024
    poller = select.poll()
    poller.register(channel.fileno(), select.POLLIN)
    poller.register(app.ended, select.POLLIN)
    misses = 0
    while True:
        if not channel.has_more:
            ready = dict(poller.poll(look * 1000 or None))
            if app.ended in ready:
                text = "the app ended between two calls, with exit code {}"
                capture.complain(text.format(app.code))
                return ENDED
            if not ready:
                misses = 0 if app.is_well() else misses + 1
                if misses == MISSES:
                    capture.complain("the app does not answer any more that it is well")
                    return HUNG
                continue
        kind, header, body = channel.receive()
        if kind == wire.CANCEL:  # of a call that was answered meanwhile
            continue
        if kind != wire.CALL:
            raise wire.Garbage("no CALL that can be answered")
        misses = 0
        if header.get("kind") == "tunnel":
            _pass_on(channel, capture, app, header)
        else:
            _answer(channel, capture, app, header, body, limit)


def _pass_on(channel, capture, app, header):
    """A request as its caller made it; whether it was answered is the host's to see."""
    capture.begin(telling.number_in(header), quiet=bool(header.get("quiet")))
    began = monotonic()
    failure = None
    try:
        tunnel.carry(channel.folder, app.port)
    except (tunnel.NoTunnel, OSError) as error:
        failure = {"error_type": "SystemError", "message": str(error), "stacktrace": ""}
    _report(channel, capture, header, _since(began), failure)


def _report(channel, capture, header, run_us, failure, kind="json", payload=b"null"):
    printed = capture.end()
    said = {"id": header.get("id"), "run_us": run_us, "stdout_bytes": len(printed)}
    if failure is None:
        said["kind"] = kind
        channel.send(wire.RESULT, said, printed, payload)
    else:
        said.update(failure)
        channel.send(wire.FAILED, said, printed)


def _answer(channel, capture, app, header, body, limit):
    capture.begin(telling.number_in(header), quiet=bool(header.get("quiet")))
    began = monotonic()
    call = app.call(channel, header)
    kind, payload, failure = "json", b"null", None
    try:
        kind, payload = answers.post(app.port, header, body, limit, app.path(header), call)
    except jobs.Cancelled:
        failure = CANCELLED
    except answers.Refused as error:
        failure = {"error_type": error.error_type, "message": str(error)}
        failure["stacktrace"] = error.stacktrace
    except answers.NoAnswer as error:
        failure = _why_silent(app, capture, error)
    _report(channel, capture, header, _since(began), failure, kind, payload)


def _why_silent(app, capture, error):
    """Nothing came back: the app died, or ended the worker that had the call, or hung up."""
    select.select([app.ended], [], [], _PATIENCE)
    printed, _ = capture.so_far()
    if app.code is not None:
        text = "The app ended with exit code {} during the call.".format(app.code)
        kind = "SystemExit"
    elif _WORKER_DIED in printed:
        text, kind = "The call timed out inside the app: {}".format(_TOO_SLOW), "TimeoutError"
    else:
        text = "The app closed the connection without an answer: {}.".format(error)
        kind = "SystemError"
    return {"error_type": kind, "message": text, "stacktrace": ""}


class App(object):
    """The author's process, and whatever it starts."""

    def __init__(self, header, capture):
        self.port = int(header["port"])
        self.code = None
        self.has_jobs = False
        self.ended, self._tell = os.pipe()
        self._line = str(header.get("command"))
        self._variables = header.get("variables") or {}
        self._health = str(header.get("health") or "")
        self._manifest = str(header.get("manifest") or "")
        self._capture = capture
        self._process = None
        self._is_script = _IS_SCRIPT.search(self._line) is not None

    def start(self, folder):
        shell = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"
        line = self._line if self._is_script else "exec " + self._line
        environment = dict(self._variables, **os.environ)  # secrets win over files
        environment["PWD"] = folder
        self._process = subprocess.Popen(
            [shell, "-c", line], cwd=folder, env=environment, start_new_session=True
        )
        watcher = threading.Thread(target=self._watch)
        watcher.daemon = True
        watcher.start()

    def _watch(self):
        code = self._process.wait()
        self.code = code if code >= 0 else 128 - code
        os.write(self._tell, b".")

    def wait_until_ready(self):
        """Ask until it answers; raise NotReady with a sentence if it does not."""
        deadline = monotonic() + LOAD_SECONDS
        was_open = False
        status = None
        while monotonic() < deadline:
            is_open, status = self._ask(deadline)
            was_open = was_open or is_open
            if status is not None and (not self._health or (status == 200 and self._is_running())):
                return
            if self.code is not None:
                text = "The app ended with exit code {} before it answered a request."
                raise NotReady(text.format(self.code))
            if self._has_lost_workers():
                raise NotReady("The app does not come up: {}".format(_TOO_SLOW))
            sleep(_GLANCE)
        raise NotReady(self._why_not(was_open, status))

    def said_at_once(self):
        """The last line it printed that is a JSON object; raise NotReady if there is none."""
        ended, _, _ = select.select([self.ended], [], [], DESCRIBE_SECONDS)
        if not ended:
            text = "The app did not say what it offers within {:.0f} seconds (RW_META=1)."
            raise NotReady(text.format(DESCRIBE_SECONDS))
        if self.code:
            raise NotReady("The app ended with exit code {} (RW_META=1).".format(self.code))
        lines = self._capture.end().splitlines()
        found = next((one for one in map(_object, reversed(lines)) if one is not None), None)
        if found is None:
            raise NotReady("The app printed no description of itself (RW_META=1).")
        return found

    def is_well(self):
        """Whether it still answers, within a moment, what it answered when it was ready."""
        _, status = self._ask(monotonic() + LOOK_SECONDS)
        return status == 200 and self._is_running(LOOK_SECONDS) if self._health else bool(status)

    def _is_running(self, timeout=None):
        """What the address of its health says besides 200, where it is one that says more."""
        if not self._manifest:
            return True
        said, _ = answers.manifest(self.port, self._health, timeout)
        return said.get("status", "RUNNING") == "RUNNING"

    def manifest(self):
        """What it says of itself, if it has an address for that; nothing if that is no object."""
        if not self._manifest:
            return {}
        found, self.has_jobs = answers.manifest(self.port, self._manifest)
        return found

    def call(self, channel, header):
        """One call of it, as long as it goes on."""
        return jobs.Call(channel, header, self.port, self.has_jobs)

    def path(self, header):
        """Where a call goes: to the address of its operation, or to the only one there is."""
        return answers.address(header.get("operation")) if self._manifest else "/"

    def _why_not(self, was_open, status):
        if status == 200:
            text = "The app never said at {} that it is RUNNING, within {:.0f} seconds."
            return text.format(self._health, LOAD_SECONDS)
        if status is not None:
            text = "The app answered {} at {}, not 200, for {:.0f} seconds."
            return text.format(status, self._health, LOAD_SECONDS)
        if was_open:
            text = "The app listens on port {}, but answered no request within {:.0f} seconds."
        else:
            text = "The app does not listen on port {} ($PORT) {:.0f} seconds after its start."
        return text.format(self.port, LOAD_SECONDS)

    def _has_lost_workers(self):
        printed, _ = self._capture.so_far()
        return printed.count(_WORKER_DIED) >= WORKER_DEATHS

    def _ask(self, deadline):
        """Send one request; give (whether the port is open, the status or None)."""
        probe = answers.dial(self.port)
        if probe is None:
            return False, None
        method = "GET {}".format(self._health) if self._health else "OPTIONS /"
        request = "{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".format(method)
        received = b""
        try:
            probe.sendall(request.encode("ascii"))
            while monotonic() < deadline and self.code is None and not self._has_lost_workers():
                readable, _, _ = select.select([probe], [], [], 0.2)
                if readable:
                    data = probe.recv(4096)
                    received += data
                    found = _STATUS.match(received)
                    if found:
                        return True, int(found.group(1))
                    if not data or len(received) > 4096:
                        break
        except OSError:
            pass
        finally:
            probe.close()
        return True, None

    def stop(self, grace):
        """Let it finish what it does, then end it and all it started."""
        process = self._process
        if process is None:
            return
        if self.code is None:
            self._signal(signal.SIGTERM, everyone=self._is_script)
            select.select([self.ended], [], [], grace)
        self._signal(signal.SIGKILL, everyone=True)

    def _signal(self, number, everyone):
        try:
            (os.killpg if everyone else os.kill)(self._process.pid, number)
        except OSError:  # nobody is left
            pass


def _object(line):
    try:
        found = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _since(began):
    return int((monotonic() - began) * 1000000)
