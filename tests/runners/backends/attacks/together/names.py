"""Resolve a name: there is nobody to ask."""

import socket

from attempt import must_fail, stop_unless_alone

stop_unless_alone()
for name in ("example.org", "metadata.google.internal", "host.docker.internal"):
    must_fail(f"resolving {name}", lambda: socket.getaddrinfo(name, 80))
