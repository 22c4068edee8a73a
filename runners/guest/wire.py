"""Frames to and from the host. runners/protocol.py says what they mean and is the other end."""

import _socket  # the C half of `socket`: gevent and its like patch only the other half
import fcntl
import json
import os
import struct
from select import POLLIN, poll  # ours, whatever is patched later

PREFIX = struct.Struct(">BII")
MAX_HEADER = 1024 * 1024
MAX_BODY = 256 * 1024 * 1024
AT_ONCE = 64 * 1024
OUT_OF_REACH = 400
"""Our descriptors start here: programs that tidy up close the low ones."""

HELLO, LOAD, READY, CALL, RESULT, FAILED, EVENT, CANCEL = range(1, 9)

EVENT_BODY = 256 * 1024
EVENT_SECONDS = 0.1  # half as often as the host bears
EVENT_BYTES = 1024 * 1024

_F_DUPFD_CLOEXEC = getattr(fcntl, "F_DUPFD_CLOEXEC", 1030)
_WAIT_FOR_ALL = _socket.MSG_WAITALL
_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(separators=(",", ":")).encode


def frame(kind, header, body=b""):
    """One frame as bytes."""
    text = _encode(header).encode("ascii")
    return PREFIX.pack(kind, len(text), len(body)) + text + body


class HostGone(Exception):
    """The host closed the connection: there is nothing left to do."""


class Garbage(Exception):
    """The host sent something that is no frame."""


def out_of_reach(descriptor):
    """Give a copy of a descriptor with a high number, or the same if there is none."""
    try:
        return fcntl.fcntl(descriptor, _F_DUPFD_CLOEXEC, OUT_OF_REACH)
    except OSError:
        return descriptor


class Channel(object):
    """The connection to the host: whole frames in, whole frames out."""

    def __init__(self, path):
        self.folder = os.path.dirname(path)
        dialled = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        dialled.settimeout(None)
        dialled.connect(path)
        descriptor = out_of_reach(dialled.fileno())
        if descriptor == dialled.fileno():
            self._socket = dialled
        else:
            kind = _socket.AF_UNIX, _socket.SOCK_STREAM
            self._socket = _socket.socket(kind[0], kind[1], 0, descriptor)
            self._socket.settimeout(None)
            dialled.close()
        self._rest = b""
        self._poller = None

    @property
    def has_more(self):
        """Whether something has been received that is not read yet."""
        return bool(self._rest)

    def fileno(self):
        return self._socket.fileno()

    def is_asked(self):
        """Whether there is something to receive; does not wait."""
        if self._rest:
            return True
        if self._poller is None:
            self._poller = poll()
            self._poller.register(self._socket.fileno(), POLLIN)
        return bool(self._poller.poll(0))

    def receive(self):
        """Wait for a frame; give (type, header, body)."""
        data = self._rest
        while len(data) < 9:
            data += self._read(AT_ONCE, is_between_frames=not data)
        kind, header_length, body_length = PREFIX.unpack_from(data)
        if header_length > MAX_HEADER or body_length > MAX_BODY:
            raise Garbage("a frame of {} + {} bytes".format(header_length, body_length))
        if not HELLO <= kind <= CANCEL:
            raise Garbage("a frame of type {}".format(kind))
        start = 9 + header_length
        end = start + body_length
        if len(data) < end:
            data = self._complete(data, end)
        self._rest = data[end:]
        return kind, _header(data[9:start]), data[start:end]

    def send(self, kind, header, *parts):
        """Send one frame; its body is the parts, one after the other."""
        text = _encode(header).encode("ascii")
        size = sum(map(len, parts))
        start = PREFIX.pack(kind, len(text), size) + text
        try:
            if size <= AT_ONCE:
                self._socket.sendall(start + b"".join(parts))
                return
            self._socket.sendall(start)
            for part in parts:
                self._socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            raise HostGone()

    def _complete(self, data, size):
        pieces = [data]
        missing = size - len(data)
        while missing:
            piece = self._read(min(missing, 1 << 24), _WAIT_FOR_ALL)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _read(self, size, flags=0, is_between_frames=False):
        while True:
            try:
                data = self._socket.recv(size, flags)
            except ConnectionResetError:
                raise HostGone()
            except (OSError, MemoryError):  # the author's code closed it, or took all memory
                raise
            except BaseException:  # a late signal handler of the author's; it was nobody's call
                continue
            if data:
                return data
            if is_between_frames:
                raise HostGone()
            raise Garbage("half a frame")


def _header(text):
    try:
        header = _decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Garbage("a header that is not JSON")
    if not isinstance(header, dict):
        raise Garbage("a header that is not an object")
    return header
