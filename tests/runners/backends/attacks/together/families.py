"""Open a socket of every family; only those for sockets files and addresses may be had."""

import socket

from attempt import must_fail, must_hold

ALLOWED = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}

for family in range(64):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        if family in ALLOWED or family == socket.AF_NETLINK:
            continue
        must_fail(f"family {family} kind {kind}", lambda: socket.socket(family, kind))
for protocol in range(1, 32):
    must_fail(
        f"netlink protocol {protocol}",
        lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol),
    )
must_hold("only the loopback interface", [n for _, n in socket.if_nameindex()] == ["lo"])
with open("/proc/net/route") as routes:
    must_hold("no route", len(routes.readlines()) <= 1)
