"""Join the host with the author's process, byte for byte: a request as it is, and its answer.

The host speaks HTTP through the socket that the guest dials for it; nothing is understood here.
Bounded memory both ways. It ends when the host hangs up, which it does as soon as it has the whole
answer, or when the app has ended its own.
"""

import _socket
import os
import select
import socket

from _agorithm import forward

NAME = "tunnel.sock"


class NoTunnel(Exception):
    """The host or the app cannot be reached."""


def carry(folder, port):
    """Pass bytes on until the host has hung up, or the app has and the host has it all."""
    host = _dial_host(os.path.join(folder, NAME))
    app = _dial_app(port)
    if app is None:
        host.close()
        raise NoTunnel("The app does not take connections any more.")
    poller, handlers = select.epoll(), {}
    sides = forward.join(app, host, poller, handlers)
    try:
        while handlers and not sides[1].has_ended:
            for descriptor, events in poller.poll():
                handler = handlers.get(descriptor)
                if handler is not None:
                    handler(events)
    finally:
        poller.close()
        app.close()
        host.close()


def _dial_host(path):
    host = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        host.connect(path)
    except OSError as error:
        host.close()
        raise NoTunnel("The host cannot be reached: {}.".format(error))
    host.setblocking(False)
    return host


def _dial_app(port):
    app = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        app.connect(("127.0.0.1", port))
    except OSError:
        app.close()
        return None
    app.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    app.setblocking(False)
    return app
