"""The author's process: load once, then one call after another until the host hangs up."""

import _signal
import faulthandler
import gc
import os
import sys
from time import perf_counter

from _agorithm import failures, loading, telling, values, wire, yielding

CANCELLED = "The call was cancelled."


def serve(channel, capture, tree, work):
    """Say hello, load what the host names, and answer its calls.

    Ends with wire.HostGone, or with the exit code of a contract that has its own way.
    """
    faulthandler.enable(2)
    hello = {"pid": os.getpid(), "python": "{}.{}.{}".format(*sys.version_info), "protocol": 1}
    channel.send(wire.HELLO, hello)
    kind, header, _ = channel.receive()
    limits = header.get("limits")
    if kind != wire.LOAD or not isinstance(limits, dict):
        raise wire.Garbage("no LOAD after HELLO")
    if header.get("contract") in ("web", "service"):
        from _agorithm import web  # takes subprocess and http with it, which no other needs

        capture.limit(_size(limits, "stdout", 1024 * 1024))
        return web.serve(channel, capture, header, limits, tree, work)
    if header.get("command"):
        from _agorithm import piping  # another language than Python

        capture.limit(_size(limits, "stdout", 1024 * 1024))
        return piping.serve(channel, capture, header, limits, tree, work)
    function = _load(channel, capture, header, limits, tree, work)
    limit = _size(limits, "output", 15 * 1024 * 1024)
    return _Worker(channel, capture, function, tree, limit).run()


def _load(channel, capture, header, limits, tree, work):
    """Load the module and say how it went; give a function in either case."""
    capture.limit(_size(limits, "stdout", 1024 * 1024))
    began = perf_counter()
    pid = os.getpid()
    failure = None
    try:
        function = _function(header, tree, work)
    except BaseException as error:
        failure = failures.describe(error, tree, default="LoadingError")
        function = _Broken(failure)
        error = None
    _leave_if_forked(pid, capture, failure)
    _silence_alarms()
    printed = capture.end()
    said = {"load_us": _since(began), "stdout_bytes": len(printed)}
    said.update(failure or {"cancel": yielding.yields(function)})
    channel.send(wire.FAILED if failure else wire.READY, said, printed)
    getattr(gc, "freeze", int)()  # what was loaded stays; Python 3.6 looks at it again and again
    return function


def _function(header, tree, work):
    """What answers calls: the author's apply, or the runner of the author's tests."""
    contract = header.get("contract")
    if contract not in ("apply", "tests"):
        raise loading.LoadingFailed("This guest does not run the contract {!r}.".format(contract))
    loading.prepare(tree, work)
    if contract == "apply":
        return loading.load(str(header.get("module")))
    from _agorithm import testing  # takes unittest with it, which no other sandbox needs

    return testing.function(tree)


class _NeverLoaded(Exception):
    def __init__(self, failure):
        Exception.__init__(self, failure["message"])
        self.failure = failure


class _Broken(object):
    """Takes the place of a function that could not be loaded: every call says why."""

    def __init__(self, failure):
        self._failure = failure

    def __call__(self, value):
        raise _NeverLoaded(self._failure)


class _Worker(object):
    def __init__(self, channel, capture, function, tree, limit):
        self._channel = channel
        self._capture = capture
        self._function = function
        self._tree = tree
        self._limit = limit
        self._pid = os.getpid()

    def run(self):
        while True:
            kind, header, body = self._channel.receive()
            if kind == wire.CANCEL:  # of a call that was answered meanwhile
                continue
            if kind != wire.CALL or header.get("kind") not in ("json", "text", "binary", "void"):
                raise wire.Garbage("no CALL that can be answered")
            self._answer(header, body)

    def _answer(self, header, body):
        capture = self._capture
        capture.begin(telling.number_in(header))
        failure = None
        began = perf_counter()
        try:
            value = values.decode(header["kind"], body)
            began = perf_counter()
            result = self._function(value)
            if yielding.is_generator(result):
                result = yielding.drained(result, self._channel, header, self._limit)
            run_us = _since(began)
            kind, payload = values.encode(result, self._limit)
        except BaseException as error:
            run_us = _since(began)
            failure = self._describe(error)
            error = None
        _leave_if_forked(self._pid, capture, failure)
        _silence_alarms()
        value = result = None  # given back before the next input comes
        printed = capture.end()
        said = {"id": header.get("id"), "run_us": run_us, "stdout_bytes": len(printed)}
        if failure is None:
            said["kind"] = kind
            self._channel.send(wire.RESULT, said, printed, payload)
        else:
            said.update(failure)
            self._channel.send(wire.FAILED, said, printed)

    def _describe(self, error):
        if isinstance(error, _NeverLoaded):
            return error.failure
        if isinstance(error, (wire.HostGone, wire.Garbage)):
            raise error
        if isinstance(error, yielding.Cancelled):
            return {"error_type": "Cancelled", "message": CANCELLED, "stacktrace": ""}
        return failures.describe(error, self._tree)


def _leave_if_forked(pid, capture, failure):
    """A child that the author forked and that came back here must not answer in our name."""
    if os.getpid() == pid:
        return
    if failure:
        sys.stderr.write(failure["stacktrace"])
    capture.flush()
    os._exit(1 if failure else 0)


def _silence_alarms():
    """An alarm set during a call must not go off during another."""
    _signal.setitimer(_signal.ITIMER_REAL, 0)


def _since(began):
    return int((perf_counter() - began) * 1000000)


def _size(limits, name, default):
    size = limits.get(name)
    return size if isinstance(size, int) and size > 0 else default
