"""Commands that are posted: how one is cancelled, and one whose outputs are told as they come.

    POST /COMMAND, Accept: text/event-stream     the messages of a job on the web socket, as events
    POST /  {"type": "cancel", "id"}             ends the one that came with this X-Request-Id

A caller who asked for events and hangs up cancels the job.
"""

import json
import queue
import threading
import time

from modelcloud.exceptions import InvalidArgumentError, RunwayError
from modelcloud.working import Cancelled, Task

SIGN_OF_LIFE_SECONDS = 0.25


class WasCancelled(Exception):
    """A command that somebody has cancelled has no result."""


class _Open(object):
    """How many answers are on their way, and the tasks that may be cancelled by their id."""

    lock = threading.Lock()
    count = 0
    tasks = {}


def opened(number=1):
    """Note that so many more answers are on their way; with -1, that one has been sent."""
    with _Open.lock:
        _Open.count += number


def on_their_way():
    return _Open.count


def run(model, job, function):
    """Give what a function gives that runs where the model lives; raise WasCancelled."""
    begun = []

    def begin(task):
        begun.append(task)
        _Open.tasks[job] = task

    try:
        return model.worker.run(function, begun=begin)
    except Cancelled:
        raise WasCancelled("The command was cancelled.")
    finally:
        for task in begun:
            _forget(job, task)


def cancel(model, said):
    """End a command by its id; one that is over, or never was, is nothing to end."""
    if said.get("type") != "cancel" or not isinstance(said.get("id"), str):
        raise InvalidArgumentError("type", 'Post {"type": "cancel", "id": "..."} here.')
    task = _Open.tasks.get(said["id"])
    if task is not None:
        model.worker.cancel(task)
    return {"cancelled": task is not None}


def streamed(model, job, name, inputs, formats):
    """Run a command and give each message of the job as an event; signs of life in between."""
    messages = queue.Queue()

    def tell(kind, **more):
        messages.put(dict(more, type=kind, id=job))

    def work():
        began = time.time()
        tell("started")
        try:
            for outputs, progress in model.results(name, inputs, formats):
                more = {} if progress is None else {"progress": progress}
                tell("output", outputData=outputs, **more)
        finally:
            messages.put(None)
        return int(round((time.time() - began) * 1000))

    task = Task(work)
    _Open.tasks[job] = task
    model.worker.begin(task)
    return _events(model, job, task, messages)


def _events(model, job, task, messages):
    opened()
    try:
        message = {}
        while message is not None and not (task.done.is_set() and messages.empty()):
            try:
                message = messages.get(timeout=SIGN_OF_LIFE_SECONDS)
            except queue.Empty:
                yield b": \n"
                continue
            if message is not None:
                yield _event(message)
        task.done.wait()
        yield _event(_last(job, task))
    finally:
        if not task.done.is_set():  # whoever asked has gone
            model.worker.cancel(task)
        _forget(job, task)
        opened(-1)


def _forget(job, task):
    """Another of the same id may have come meanwhile."""
    if _Open.tasks.get(job) is task:
        del _Open.tasks[job]


def _last(job, task):
    error = task.error
    if error is None:
        return {"type": "succeeded", "id": job, "timeElapsed": task.result}
    if isinstance(error, Cancelled):
        return {"type": "cancelled", "id": job}
    if isinstance(error, RunwayError):
        error.print_exception()
        return dict(error.to_response(), type="failed", id=job, code=error.code)
    return {"type": "failed", "id": job, "error": "An unknown error occurred.", "code": 500}


def _event(message):
    text = json.dumps(message, sort_keys=True, ensure_ascii=False)
    return "data: {}\n\n".format(text).encode("utf-8")
