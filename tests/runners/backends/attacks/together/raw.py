"""Make packets by hand."""

import socket

from attempt import must_fail, stop_unless_alone

stop_unless_alone()
must_fail("a raw ICMP socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
must_fail("a raw TCP socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 6))
must_fail("a packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300))


def ping():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sender:
        return sender.sendto(b"\x08\x00\xf7\xff\x00\x00\x00\x00", ("10.0.0.1", 0))


must_fail("an ICMP echo", ping)
