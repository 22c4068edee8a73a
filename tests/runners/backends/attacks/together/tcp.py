"""Reach services by TCP: the host's, private networks', the cloud's metadata."""

import socket

from attempt import HOST, must_fail, stop_unless_alone

stop_unless_alone()
TARGETS = [("127.0.0.1", HOST["tcp_port"]), ("::1", HOST["tcp_port"])]
TARGETS += [(address, HOST["tcp_port"]) for address in HOST["addresses"]]
TARGETS += [(address, 80) for address in ("10.0.0.1", "172.17.0.1", "192.168.0.1")]
TARGETS += [("169.254.169.254", 80), ("0.0.0.0", HOST["tcp_port"]), ("fd00:ec2::254", 80)]

for target in TARGETS:
    must_fail(f"TCP to {target}", lambda: socket.create_connection(target, 3))
