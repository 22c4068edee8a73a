"""Connect to unix sockets of the host: in its folders, in its abstract namespace, the engine's."""

import socket

from attempt import HOST, must_fail

NAMES = ["/run/agorithm/pool.sock", "\0" + HOST["abstract_name"]]
NAMES += [f"{folder}/docker.sock" for folder in ("/run", "/var/run")]
NAMES += [*HOST["unix_paths"], "/run/dbus/system_bus_socket", "/run/systemd/private"]
NAMES += ["/run/containerd/containerd.sock", "/var/run/postgresql/.s.PGSQL.5432"]

for name in NAMES:
    with socket.socket(socket.AF_UNIX) as dialler:
        must_fail(f"connecting to {name!r}", lambda: dialler.connect(name))
