"""Send datagrams; the test sees whether the host's own socket got one."""

import socket

from attempt import HOST, must_fail, stop_unless_alone

stop_unless_alone()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(b"from inside", ("127.0.0.1", HOST["udp_port"]))
for address in (*HOST["addresses"], "10.0.0.1", "169.254.169.254", "224.0.0.251"):
    must_fail(f"UDP to {address}", lambda: sender.sendto(b"x", (address, HOST["udp_port"])))
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
must_fail("a broadcast", lambda: sender.sendto(b"x", ("255.255.255.255", HOST["udp_port"])))
