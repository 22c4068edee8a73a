"""What the author's process prints: kept by the supervisor, in memory that both share.

Descriptors 1 and 2 of the author's process are one pipe, so that Python, C libraries, forked
children and programs it starts all end up in the same place, in order. The supervisor reads the
pipe, keeps the first `limit` bytes of the call in progress and counts the rest: printing never
blocks for long and never takes memory. A call that prints nothing pays for one ioctl.

What is printed between two calls (by threads or processes left running) belongs to nobody and
is dropped; what they print during a later call cannot be told from that call's own output.

With `echo` everything also goes to the sandbox's own stderr as it comes, where the host follows
it, but for what is printed during a call that is declared quiet.
"""

import fcntl
import io
import mmap
import os
import struct
import sys
from os import sched_yield
from time import monotonic, sleep

from _agorithm import wire

SIZE = 16 * 1024 * 1024  # untouched pages cost nothing
PATIENCE = 0.1  # seconds to wait for the supervisor if something never stops printing

_NUMBERS = struct.Struct("@QQQQQQ")  # native: each number is written in one piece
_NUMBER = struct.Struct("@Q")
_BUSY, _TOTAL, _MARK, _LIMIT, _QUIET, _WATCHED = 0, 8, 16, 24, 32, 40
_FIONREAD = 0x541B
try:
    from termios import FIONREAD as _FIONREAD
except ImportError:
    pass


class Printed(object):
    """The pipe, and the memory in which its output is kept."""

    def __init__(self, echo=False):
        self._echo = echo
        self.reading_end, self.writing_end = os.pipe()
        self.complaints = wire.out_of_reach(2)  # the sandbox's own stderr: the host reads it
        self._memory = mmap.mmap(-1, _NUMBERS.size + SIZE)
        _NUMBERS.pack_into(self._memory, 0, 0, 0, 0, 64 * 1024, 0, 0)

    def drain(self):
        """Supervisor: move what is in the pipe into memory.

        Gives what it was, and the number of the call that somebody watches, 0 if nobody does.
        """
        memory = self._memory
        _NUMBER.pack_into(memory, _BUSY, 1)
        try:
            data = os.read(self.reading_end, 64 * 1024)
            _, total, mark, limit, quiet, watched = _NUMBERS.unpack_from(memory)
            if self._echo and data and not quiet:
                _write(self.complaints, data)
            at = total - mark
            room = min(limit, SIZE) - at
            if at >= 0 and room > 0:
                piece = data[:room]
                start = _NUMBERS.size + at
                memory[start : start + len(piece)] = piece
            _NUMBER.pack_into(memory, _TOTAL, total + len(data))
        finally:
            _NUMBER.pack_into(memory, _BUSY, 0)
        return data, watched

    def begin(self, limit=None):
        """Forget what was printed until now."""
        memory = self._memory
        memory[_MARK:_LIMIT] = memory[_TOTAL:_MARK]
        if limit is not None:
            _NUMBER.pack_into(memory, _LIMIT, min(limit, SIZE))

    def watch(self, number):
        """Have what is printed from now on passed on as that call's; 0 is nobody's."""
        _NUMBER.pack_into(self._memory, _WATCHED, number)

    def kept(self):
        """Give (the bytes kept since `begin`, how many more there were)."""
        _, total, mark, limit, _, _ = _NUMBERS.unpack_from(self._memory)
        count = max(0, total - mark)
        length = min(count, limit)
        return self._memory[_NUMBERS.size : _NUMBERS.size + length], count - length

    def be_quiet(self, quiet):
        _NUMBER.pack_into(self._memory, _QUIET, 1 if quiet else 0)

    def is_busy(self):
        return self._memory[_BUSY] != 0


class Capture(object):
    """The author's end: streams that print into the pipe, and what each call printed."""

    def __init__(self, printed):
        self._printed = printed
        self._pipe = wire.out_of_reach(printed.writing_end)
        if self._pipe != printed.writing_end:
            os.close(printed.writing_end)
        os.close(printed.reading_end)
        self._pending = bytearray(4)
        self._nothing = bytes(4)
        self._flush_c = None
        self._modules = 0
        self._is_watched = False

    def install(self):
        os.dup2(self._pipe, 1)
        os.dup2(self._pipe, 2)
        sys.stdout = sys.__stdout__ = _stream(1)
        sys.stderr = sys.__stderr__ = _stream(2)

    def limit(self, size):
        self._printed.begin(limit=size)

    def begin(self, number=0, quiet=False):
        """A call begins: what is left from before is nobody's.

        With a number, somebody watches what it prints as it comes.
        """
        try:
            fcntl.fcntl(1, fcntl.F_GETFD)
            fcntl.fcntl(2, fcntl.F_GETFD)
        except OSError:  # closed by the author's code
            self._repair("stdout")
            self._repair("stderr")
        self._settle()
        self._printed.be_quiet(quiet)
        self._printed.begin()
        if number:
            self._printed.watch(number)
            self._is_watched = True

    def end(self):
        """Give what was printed since `begin`, cut to the limit with a note that says so."""
        self.flush()
        self._settle()
        self._printed.be_quiet(False)
        if self._is_watched:
            self._printed.watch(0)
            self._is_watched = False
        kept, dropped = self._printed.kept()
        if not dropped:
            return kept
        note = "\n[{:,} more bytes were printed; only the first {:,} are kept.]\n"
        return _whole_characters(kept) + note.format(dropped, len(kept)).encode("ascii")

    def so_far(self):
        """Give (the bytes kept since `begin`, how many more there were) while it goes on."""
        return self._printed.kept()

    def complain(self, sentence):
        """Tell the operator, not the author."""
        try:
            os.write(self._printed.complaints, "agorithm: {}\n".format(sentence).encode("utf-8"))
        except OSError:
            pass

    def flush(self):
        """Push out what Python's and C's own buffers still hold."""
        for name in ("stdout", "stderr"):
            try:
                getattr(sys, name).flush()
            except BaseException:  # closed, deleted, or something of the author's own
                self._repair(name)
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            self._flush_c = _c_flush()
        if self._flush_c is not None:
            self._flush_c()

    def _repair(self, name):
        descriptor = 1 if name == "stdout" else 2
        try:
            os.fstat(descriptor)
        except OSError:
            os.dup2(self._pipe, descriptor)
        setattr(sys, name, _stream(descriptor))

    def _settle(self):
        """Wait until the supervisor has taken all that was printed so far."""
        if self._is_settled():
            return
        for _ in range(50):
            sched_yield()
            if self._is_settled():
                return
        deadline = monotonic() + PATIENCE
        while not self._is_settled() and monotonic() < deadline:
            sleep(0.0005)

    def _is_settled(self):
        fcntl.ioctl(self._pipe, _FIONREAD, self._pending, True)
        return self._pending == self._nothing and not self._printed.is_busy()


def _write(descriptor, data):
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:  # nobody reads it any more
        pass


def _stream(descriptor):
    raw = io.FileIO(descriptor, "w", closefd=False)
    name = raw.name = "<stdout>" if descriptor == 1 else "<stderr>"
    stream = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    stream.mode = "w"
    assert stream.name == name
    return stream


def _c_flush():
    """Give a function that empties C's own stdout buffer, once code in C may have filled it."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None:
        return None
    try:
        library = ctypes.CDLL(None)
        stdout = ctypes.c_void_p.in_dll(library, "stdout")
        flush = library.fflush
    except Exception:  # another C library: its buffer is then seen late
        return None
    return lambda: flush(stdout)


def _whole_characters(data):
    """Leave off the last character if the cut went through it."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            size = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if size > back else data
    return data
