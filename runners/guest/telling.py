"""What a call says while it runs, to a host that listens: never more than the wire allows.

`Voice` is the supervisor's, on a connection of its own: what is printed, as it comes. `Teller` is
the author's process's: how far a call is, and what there is of its result. Both leave out what
comes too fast; a partial output that continues another one is kept back instead.
"""

import _socket
from time import monotonic

from _agorithm import wire

MOST_PRINTED = 16 * 1024


def pause_after(size):
    """Seconds until the next event may be sent after one of so many bytes."""
    return wire.EVENT_SECONDS + size / float(wire.EVENT_BYTES)


def number_in(header):
    """The number under which a call is watched; 0 if it is not."""
    number = header.get("events")
    return number if isinstance(number, int) and 0 < number < 1 << 63 else 0


class Voice(object):
    def __init__(self, path):
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self._socket.connect(path)
        self._socket.setblocking(False)
        self._number = 0
        self._printed = b""
        self._left_out = 0
        self._unsent = b""
        self._free_at = 0.0

    def close(self):
        self._socket.close()

    def take(self, data, number):
        """Keep what was printed until the next moment when it may be told."""
        if number != self._number:
            self._number, self._printed, self._left_out = number, b"", 0
        if number:
            fits = data[: MOST_PRINTED - len(self._printed)]
            self._printed += fits
            self._left_out += len(data) - len(fits)

    def tell(self):
        """Say what may be said now; give the seconds until there is more to say, or -1."""
        if not self._printed and not self._unsent:
            return -1
        wait = self._free_at - monotonic()
        if wait > 0:
            return wait
        if not self._unsent:
            self._free_at = monotonic() + pause_after(len(self._printed))
            header = {"events": self._number, "left_out": self._left_out}
            self._unsent = wire.frame(wire.EVENT, header, self._printed)
            self._printed, self._left_out = b"", 0
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:  # the host takes its time
            self._free_at = monotonic() + wire.EVENT_SECONDS
        except OSError:  # it does not listen any more
            self._unsent = self._printed = b""
        return wire.EVENT_SECONDS if self._unsent or self._printed else -1


class Teller(object):
    """Tells of one call; says nothing if nobody watches it."""

    def __init__(self, channel, header):
        self._channel = channel
        self._is_watched = number_in(header) > 0
        self._free_at = 0.0
        self._kept = b""

    @property
    def is_free(self):
        """Whether something can be told at this moment."""
        return self._is_watched and monotonic() >= self._free_at

    def tell(self, progress=None, kind=None, body=b""):
        """Say how far it is, and what there is so far, if that is not too much."""
        if not self.is_free:
            return
        said = {} if progress is None else {"progress": progress}
        if kind is None or len(body) > wire.EVENT_BODY:
            body = b""
        else:
            said["kind"] = kind
        if said:
            self._send(said, body)

    def go_on(self, text):
        """Say what comes behind what was said before, now or with what comes next."""
        if not self._is_watched:
            return
        self._kept += text
        if self.is_free and self._kept:
            body, self._kept = self._kept[: wire.EVENT_BODY], b""
            self._send({"kind": "text", "appends": True}, body)

    def _send(self, said, body):
        self._free_at = monotonic() + pause_after(len(body))
        self._channel.send(wire.EVENT, said, body)
