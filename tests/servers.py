"""Throw-away PostgreSQL and Redis servers: own folder, own port, an unprivileged user.

`python -m tests.servers COMMAND...` runs a command with DATABASE_URL naming such a PostgreSQL.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

START_SECONDS = 60


def free_port() -> int:
    """A TCP port of the loopback address that nobody uses, nor is given before it is bound.

    It lies below those that the kernel gives to whoever asks for any, as each connection does.
    """
    while True:
        port = 12_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL; gives the DATABASE_URL of its empty database `site`."""
    with _folder("postgres") as folder:
        port, password = free_port(), secrets.token_hex(16)
        secret = folder / "password"
        secret.write_text(password)
        _own(secret)
        data = folder / "data"
        _run(
            [
                _postgres_program("initdb"),
                "--pgdata",
                data,
                "--username",
                "site",
                "--encoding",
                "UTF8",
            ],
            ["--locale", "C.UTF-8", "--auth", "scram-sha-256", "--pwfile", secret, "--no-sync"],
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 200,
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [_postgres_program("postgres"), "-D", data, *settings]
        environment = {"PGPASSWORD": password}
        address = ["-h", "127.0.0.1", "-p", port, "-U", "site"]
        with _server(command, folder / "log", lambda: _answers(port)):
            create = [_postgres_program("createdb"), *address, "site"]
            _until(lambda: _succeeds(create, environment), "PostgreSQL", folder / "log")
            yield f"postgres://site:{password}@127.0.0.1:{port}/site"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A fresh Redis that keeps everything in memory; gives its REDIS_URL."""
    with _folder("redis") as folder:
        port, password = free_port(), secrets.token_hex(16)
        config = folder / "redis.conf"
        config.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\n"
            'save ""\nappendonly no\n'
        )
        _own(config)
        command = [_program("redis-server"), config]
        with _server(command, folder / "log", lambda: _answers(port)):
            yield f"redis://:{password}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = Path(
        tempfile.mkdtemp(prefix=f"agorithm-{name}-", dir="/tmp")
    )  # short: sockets lie in it
    _own(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _server(command: list[object], log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            user=_user(),
            group=_group(),
            extra_groups=None if _user() is None else [],
            start_new_session=True,
        )
    try:
        _until(lambda: answers() or process.poll() is not None, str(command[0]), log)
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended at once:\n{log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(condition: Callable[[], bool], what: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not answer:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def _run(*parts: list[object]) -> None:
    command = [str(part) for group in parts for part in group]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd="/", user=_user(), group=_group(), check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _succeeds(command: list[object], environment: dict[str, str]) -> bool:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, env=environment, check=False
    )
    return done.returncode == 0


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _user() -> int | None:
    """PostgreSQL refuses to run as root, so root hands over to the user for nobody's things."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _group() -> int | None:
    return pwd.getpwnam("nobody").pw_gid if os.geteuid() == 0 else None


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, _user() or -1, _group() or -1)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise RuntimeError(f"{name} is not installed; `make test` as root installs it.")
    return found


def _postgres_program(name: str) -> str:
    """Debian keeps PostgreSQL's programs by version, outside PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else _program(name)


def main(command: list[str]) -> int:
    with postgres() as database_url:
        environment = {**os.environ, "DATABASE_URL": database_url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
