"""Runs commands inside a build's sandbox, with the package index reachable on its loopback.

Started by the runtime's own interpreter: standard library only, Python 3.6 and up.
Usage: install.py '[["uv", "pip", ...], ...]'; stops at the first command that fails.
"""

import json
import os
import socket
import subprocess
import sys
import threading

EGRESS = "/run/agorithm/egress.sock"
PORT = 9001


def main():
    if os.path.exists(EGRESS):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", PORT))
        listener.listen(64)
        start(accept, listener)
    for command in json.loads(sys.argv[1]):
        code = subprocess.call(command)
        if code:
            return code if code > 0 else 128 - code
    return 0


def accept(listener):
    while True:
        near, _ = listener.accept()
        far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            far.connect(EGRESS)
        except OSError:
            near.close()
            far.close()
            continue
        start(pump, near, far)
        start(pump, far, near)


def pump(source, target):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def start(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.daemon = True
    thread.start()


if __name__ == "__main__":
    sys.exit(main())
