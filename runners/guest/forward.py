"""127.0.0.1:PORT inside the sandbox becomes a unix socket of the host, byte for byte.

Any number of connections at once on the supervisor's one loop, with bounded memory for each,
and with half-close: a client may end its sending and still read the answer.
"""

import _socket
import errno
import select
from time import sleep

CHUNK = 64 * 1024
MOST = 256 * 1024
"""Bytes that may wait for a slow reader; after that, its sender is not read."""

_LATER = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR, errno.EINPROGRESS)
_TOO_MANY = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Forwarder(object):
    """One listening port, and the unix socket behind it."""

    def __init__(self, port, path):
        self._path = path
        self._waiting = []
        self._poller = None
        self._handlers = None
        self._listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(512)
        self._listener.setblocking(False)

    @property
    def is_waiting(self):
        """Whether connections wait for room in the host's queue."""
        return bool(self._waiting)

    def close(self):
        self._listener.close()

    def join(self, poller, handlers):
        """Work on this loop from now on."""
        self._poller = poller
        self._handlers = handlers
        handlers[self._listener.fileno()] = self._accept
        poller.register(self._listener.fileno(), select.EPOLLIN)

    def retry(self):
        """Dial again for those that found the host's queue full."""
        waiting, self._waiting = self._waiting, []
        for client in waiting:
            self._dial(client)

    def _accept(self, _):
        try:
            descriptor, _ = self._listener._accept()
        except OSError as error:
            if error.errno in _TOO_MANY:
                sleep(0.02)
            return
        client = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, descriptor)
        client.setblocking(False)
        client.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._dial(client)

    def _dial(self, client):
        try:
            host = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        except OSError:
            client.close()
            return
        host.setblocking(False)
        problem = host.connect_ex(self._path)
        if problem in _LATER:
            host.close()
            self._waiting.append(client)
        elif problem:
            host.close()
            client.close()
        else:
            _Pair(client, host, self._poller, self._handlers)


def join(client, host, poller, handlers):
    """Pass bytes between two connections on this loop; give what is known of each."""
    return _Pair(client, host, poller, handlers).sides


class _Side(object):
    """One end of a pair, and the bytes that wait to go out through it."""

    def __init__(self, connection):
        self.connection = connection
        self.descriptor = connection.fileno()
        self.waiting = bytearray()
        self.has_ended = False  # it sends no more
        self.is_deaf = False  # it takes no more
        self.is_told = False  # it knows that the other side has ended
        self.events = 0


class _Pair(object):
    def __init__(self, client, host, poller, handlers):
        self._poller = poller
        self._handlers = handlers
        self.sides = _Side(client), _Side(host)
        client, host = self.sides
        handlers[client.descriptor] = lambda events: self._step(client, host, events)
        handlers[host.descriptor] = lambda events: self._step(host, client, events)
        self._watch(client, host)
        self._watch(host, client)

    def _step(self, side, other, events):
        if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            self._take(side, other)
        if events & select.EPOLLOUT:
            self._give(side)
        self._pass_on_end(side, other)
        self._pass_on_end(other, side)
        if side.has_ended and other.has_ended and not side.waiting and not other.waiting:
            self._close()
            return
        self._watch(side, other)
        self._watch(other, side)

    def _take(self, side, other):
        if side.has_ended or len(other.waiting) >= MOST:
            return
        try:
            data = side.connection.recv(CHUNK)
        except OSError as error:
            if error.errno in _LATER:
                return
            data = b""
            side.is_deaf = True
        if not data:
            side.has_ended = True
        elif not other.is_deaf:
            other.waiting += data
            self._give(other)

    def _give(self, side):
        try:
            while side.waiting:
                sent = side.connection.send(side.waiting[:CHUNK])
                del side.waiting[:sent]
        except OSError as error:
            if error.errno not in _LATER:
                side.is_deaf = True
        if side.is_deaf:
            del side.waiting[:]

    @staticmethod
    def _pass_on_end(side, other):
        if side.has_ended and not other.waiting and not other.is_told:
            other.is_told = True
            try:
                other.connection.shutdown(_socket.SHUT_WR)
            except OSError:
                other.is_deaf = True

    def _watch(self, side, other):
        """Ask for what is wanted now; for nothing at all if nothing is, or a hang-up would spin."""
        wanted = 0
        if not side.has_ended and len(other.waiting) < MOST:
            wanted |= select.EPOLLIN
        if side.waiting:
            wanted |= select.EPOLLOUT
        if wanted == side.events:
            return
        if not side.events:
            self._poller.register(side.descriptor, wanted)
        elif wanted:
            self._poller.modify(side.descriptor, wanted)
        else:
            self._poller.unregister(side.descriptor)
        side.events = wanted

    def _close(self):
        for side in self.sides:
            if side.events:
                self._poller.unregister(side.descriptor)
            self._handlers.pop(side.descriptor, None)
            try:
                side.connection.shutdown(_socket.SHUT_RDWR)
            except OSError:
                pass
            side.connection.close()
