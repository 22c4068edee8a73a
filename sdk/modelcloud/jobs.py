"""Jobs over a web socket at `/`: submitted, watched as they go on, and cancelled one by one.

    client -> {"type": "submit", "command", "inputData", "id"?}    {"type": "cancel", "id"}
    server -> started, then output (with progress, if the command gives any) as often as there is
              one, then succeeded, failed or cancelled; each with the job's id. What cannot be a job
              is answered with rejected and a reason.

Jobs of all connections run one after the other in the worker's thread, where the model lives.
Closing a connection cancels its jobs.
"""

import json
import threading
import time
import uuid

from flask_sock import Sock
from simple_websocket import ConnectionClosed

from modelcloud.posting import opened
from modelcloud.exceptions import RunwayError
from modelcloud.working import Cancelled, Stopped, Task


def serve(model):
    """Answer web sockets at `/` of a model's application."""
    sock = Sock(model.app)

    @sock.route("/")
    def jobs(socket):
        _Connection(model, socket).listen()


class _Connection(object):
    def __init__(self, model, socket):
        self._model = model
        self._socket = socket
        self._sending = threading.Lock()
        self._tasks = {}

    def listen(self):
        try:
            while True:
                self._take(self._socket.receive())
        except ConnectionClosed:
            pass
        finally:
            for task in list(self._tasks.values()):
                self._model.worker.cancel(task)

    def _take(self, text):
        try:
            said = json.loads(text)
            kind = said.get("type")
        except (ValueError, TypeError, AttributeError):
            self._send("rejected", None, error="A message is a JSON object with a type.")
            return
        if kind == "submit":
            self._submit(said)
        elif kind == "cancel":
            self._cancel(said.get("id"))
        else:
            self._send("rejected", said.get("id"), error="The type is submit or cancel.")

    def _submit(self, said):
        job = said.get("id") or str(uuid.uuid4())
        command, data = said.get("command"), said.get("inputData", {})
        if not isinstance(job, str) or not isinstance(command, str) or not isinstance(data, dict):
            self._send("rejected", said.get("id"), error="A job has a command and inputData.")
            return
        if job in self._tasks:
            self._send("rejected", job, error="A job of this id is not over yet.")
            return
        task = Task(lambda: self._run(job, command, data, time.time()))
        self._tasks[job] = task
        try:
            self._model.worker.submit(task)
        except Stopped as error:
            del self._tasks[job]
            self._send("rejected", job, error=str(error))
            return
        opened()
        watcher = threading.Thread(target=self._end, args=(job, task))
        watcher.daemon = True
        watcher.start()

    def _cancel(self, job):
        task = self._tasks.get(job)
        if task is None:
            self._send("rejected", job, error="There is no such job.")
        else:
            self._model.worker.cancel(task)

    def _run(self, job, command, data, began):
        """In the worker's thread: everything but the last word."""
        self._send("started", job)
        inputs = self._model.decoded_inputs(command, data)
        for outputs, progress in self._model.results(command, inputs):
            more = {} if progress is None else {"progress": progress}
            self._send("output", job, outputData=outputs, **more)
        return int(round((time.time() - began) * 1000))

    def _end(self, job, task):
        task.done.wait()
        self._tasks.pop(job, None)
        error = task.error
        if error is None:
            self._send("succeeded", job, timeElapsed=task.result)
        elif isinstance(error, Cancelled):
            self._send("cancelled", job)
        elif isinstance(error, RunwayError):
            self._send("failed", job, **error.to_response())
        else:
            self._send("failed", job, error="An unknown error occurred.")
        opened(-1)

    def _send(self, kind, job, **more):
        message = dict(more, type=kind, id=job)
        try:
            with self._sending:
                self._socket.send(json.dumps(message, sort_keys=True, ensure_ascii=False))
        except ConnectionClosed:  # nobody listens any more
            pass
