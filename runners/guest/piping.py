"""The `apply` contract in another language: the author's interpreter, a process beside this one.

It is started with two pipes whose numbers are its last arguments. It loads the author's file at
once and writes READY or FAILED; then it reads a CALL and writes RESULT or FAILED, again and again.
The frames are those of wire.py, but what is printed never goes through them. A language needs no
more than this: see node/pipe.cjs and r/pipe.R. One that says `cancel` when it is ready may also
write EVENTs while it works, and reads a CANCEL meanwhile.
"""

import os
import select
import struct
import subprocess
import threading
from time import perf_counter

from _agorithm import failures, loading, telling, values, wire

HEAP_IS_FULL = b"heap out of memory"
_KILLED = 137
_PREFIX = struct.Struct(">BII")
_MOST = 512 * 1024 * 1024
_FIELDS = ("error_type", "message", "stacktrace", "file", "line")


class Ended(Exception):
    """The author's process is no more."""


def serve(channel, capture, header, limits, tree, work):
    """Load, then answer calls until the host hangs up or the process ends. Gives an exit code."""
    loading.make_folder(tree, work)
    child = Child(header, tree, work)
    began = perf_counter()
    broken = None
    said = {}
    try:
        child.start()
        kind, said, _ = child.receive()
        child.can_cancel = said.get("cancel") is True
        if kind != wire.READY:
            broken = _failure(said, "LoadingError")
    except Ended:
        if child.code == _KILLED:
            return _KILLED  # the host knows why
        broken = _of_death(child.code, capture, "while it was loaded", "LoadingError")
    except OSError as error:
        broken = {"error_type": "LoadingError", "message": str(error), "stacktrace": ""}
    printed = capture.end()
    answer = {"load_us": _since(began), "stdout_bytes": len(printed)}
    answer.update(broken or {"cancel": child.can_cancel})
    channel.send(wire.FAILED if broken else wire.READY, answer, printed)
    try:
        return _answer_calls(channel, capture, child, broken, limits)
    finally:
        child.stop()


def _answer_calls(channel, capture, child, broken, limits):
    limit = limits.get("output") or 15 * 1024 * 1024
    poller = select.poll()
    poller.register(channel.fileno(), select.POLLIN)
    if not broken:
        poller.register(child.ended, select.POLLIN)
    while True:
        if not channel.has_more and child.ended in dict(poller.poll()):
            capture.complain("the algorithm ended between two calls, with {}".format(child.code))
            return child.code or 75
        kind, header, body = channel.receive()
        if kind == wire.CANCEL:  # of a call that was answered meanwhile
            continue
        if kind != wire.CALL or header.get("kind") not in ("json", "text", "binary", "void"):
            raise wire.Garbage("no CALL that can be answered")
        code = _answer(channel, capture, child, broken, header, body, limit)
        if code is not None:
            return code


def _answer(channel, capture, child, broken, header, body, limit):
    """Answer one call; give an exit code if the process did not survive it."""
    capture.begin(telling.number_in(header))
    began = perf_counter()
    result, said, failure, code = b"", {}, broken, None
    if not broken:
        try:
            child.send(wire.CALL, {"kind": header["kind"]}, body)
            kind, said, result = _heard(channel, child, header)
            failure = _failure(said, "AlgorithmError") if kind == wire.FAILED else None
            if failure is None:
                _check(said, result, limit)
        except values.ResultRefused as error:
            failure = {"error_type": error.error_type, "message": str(error), "stacktrace": ""}
        except Ended:
            failure = _of_death(child.code, capture, "during the call", "SystemExit")
    if said.get("is_last") or child.has_ended:
        code = child.wait()
        if code == _KILLED and not said.get("is_last"):
            return code
    run_us = said.get("run_us")
    printed = capture.end()
    answer = {"id": header.get("id"), "stdout_bytes": len(printed)}
    answer["run_us"] = run_us if isinstance(run_us, int) else _since(began)
    if code is not None:
        answer["is_last"] = True
    if failure:
        answer.update(failure)
        channel.send(wire.FAILED, answer, printed)
    else:
        answer["kind"] = said.get("kind")
        channel.send(wire.RESULT, answer, printed, result)
    return code


def _heard(channel, child, header):
    """The last word of a call; what comes before it is told to who watches."""
    teller = telling.Teller(channel, header)
    while True:
        if child.can_cancel and child.is_asked_before(channel):
            kind, asked, _ = channel.receive()
            if kind != wire.CANCEL or asked.get("id") != header.get("id"):
                raise wire.Garbage("no CANCEL of the call in progress")
            child.send(wire.CANCEL, {}, b"")
        kind, said, body = child.receive()
        if kind != wire.EVENT:
            return kind, said, body
        kind = said.get("kind")
        kind = kind if kind in ("json", "text", "binary") else None
        teller.tell(_part(said.get("progress")), kind, body if kind else b"")


def _part(progress):
    is_number = isinstance(progress, (int, float)) and not isinstance(progress, bool)
    return float(progress) if is_number and 0 <= progress <= 1 else None


def _check(said, result, limit):
    values.check_size(result, limit)
    if said.get("kind") == "json" and values.is_too_deep(result):
        raise values.ResultRefused(
            "The result is nested more than {} levels deep, too deep for the JSON readers of"
            " callers.".format(values.MAX_DEPTH)
        )


def _failure(said, default):
    """The fields of a FAILED frame, as far as they are what they should be."""
    fields = {"error_type": default, "message": "It failed without saying why.", "stacktrace": ""}
    for name in _FIELDS:
        value = said.get(name)
        if isinstance(value, int if name == "line" else str):
            fields[name] = value
    fields["message"] = fields["message"][: failures.MOST_MESSAGE]
    fields["stacktrace"] = fields["stacktrace"][: failures.MOST_STACKTRACE]
    return fields


def _of_death(code, capture, when, kind):
    printed, _ = capture.so_far()
    if HEAP_IS_FULL in printed:
        text, kind = "The algorithm used more memory than its objects may take {}.", "OutOfMemoryError"
    else:
        text = "The algorithm's process ended {} with code " + str(code) + "."
    return {"error_type": kind, "message": text.format(when), "stacktrace": ""}


class Child(object):
    """The author's process and the two pipes to it."""

    def __init__(self, header, tree, work):
        self._command = [str(word) for word in header.get("command") or ()]
        self._module = str(header.get("module"))
        self._contract = str(header.get("contract"))
        self._libraries = header.get("libraries")
        self._tree = tree
        self._work = work
        self._process = None
        self._reading = self._writing = -1
        self.can_cancel = False
        self.code = None
        self.ended, self._tell = os.pipe()

    @property
    def has_ended(self):
        return self.code is not None

    def start(self):
        its_reading, self._writing = os.pipe()
        self._reading, its_writing = os.pipe()
        environment = dict(os.environ)
        environment.pop("LD_LIBRARY_PATH", None)  # that of our own interpreter
        if self._libraries:
            environment["LD_LIBRARY_PATH"] = str(self._libraries)
        words = [self._contract, self._module, self._tree, str(its_reading), str(its_writing)]
        try:
            self._process = subprocess.Popen(
                self._command + words,
                cwd=self._work,
                env=environment,
                pass_fds=(its_reading, its_writing),
                start_new_session=True,
            )
        finally:
            os.close(its_reading)
            os.close(its_writing)
        watcher = threading.Thread(target=self._watch)
        watcher.daemon = True
        watcher.start()

    def _watch(self):
        code = self._process.wait()
        self.code = code if code >= 0 else 128 - code
        os.write(self._tell, b".")

    def wait(self):
        """Its exit code, once it has one."""
        select.select([self.ended], [], [])
        return self.code or 75

    def send(self, kind, header, body):
        text = wire._encode(header).encode("ascii")
        data = memoryview(_PREFIX.pack(kind, len(text), len(body)) + text + body)
        try:
            while data:
                data = data[os.write(self._writing, data) :]
        except OSError:
            raise self._end()

    def is_asked_before(self, channel):
        """Wait for something to read; whether that is the host's, and nothing of the child's."""
        if channel.has_more:
            return True
        ours = [self._reading, self.ended]
        ready = select.select(ours + [channel.fileno()], [], [])[0]
        return not any(one in ready for one in ours)

    def receive(self):
        """Wait for a frame; raise Ended if none comes any more."""
        kind, header_length, body_length = _PREFIX.unpack(self._read(_PREFIX.size))
        if header_length > wire.MAX_HEADER or body_length > _MOST:
            raise wire.Garbage("a frame of {} + {} bytes".format(header_length, body_length))
        header = wire._header(self._read(header_length))
        return kind, header, self._read(body_length)

    def _read(self, size):
        pieces = []
        while size:
            if self._reading not in select.select([self._reading, self.ended], [], [])[0]:
                raise self._end()  # what it wrote last has been read by now
            piece = os.read(self._reading, min(size, 1 << 20))
            if not piece:
                raise self._end()
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _end(self):
        self.stop()
        self.wait()
        return Ended()

    def stop(self):
        """Hang up, and end it if it does not end by itself."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1
        if self._process is not None and self.code is None:
            select.select([self.ended], [], [], 1)
            if self.code is None:
                self._process.kill()


def _since(began):
    return int((perf_counter() - began) * 1000000)
