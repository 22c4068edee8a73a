"""Sandboxes as containers of a Docker Engine, without an image registry.

The image is almost empty and made here; what a container sees of the system is mounted
read-only from the host, the very bytes bubblewrap shows. The one module that speaks to Docker.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import socket
import struct
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException, NotFound

from runners.backends import containers, gpus, seccomp, selftest, watcher
from runners.backends.base import Exit, Image
from runners.backends.gpus import Devices
from runners.backends.leases import Lease, Leases
from runners.backends.output import Output
from runners.errors import PlatformFault
from runners.specs import SandboxSpec

_INSTALLATION: Final = "agorithm.installation"
_OWNER: Final = "agorithm.owner"
_TOKEN: Final = "agorithm.token"  # noqa: S105 - the name of a label
_NAME: Final = "agorithm.name"
_IMAGE: Final = "agorithm-sandbox"
_NO_LONGER: Final = (404, 409)  # it is gone; it does not run, or its removal is on its way
_FRAME: Final = struct.Struct(">B3xI")
_CHUNK: Final = 64 * 1024
_SECONDS_TO_ANSWER: Final = 60
_USUAL_SOCKET: Final = "/var/run/docker.sock"
_LOOKS: Final = 5
_SECONDS_TO_END: Final = 30.0
_NOT_THERE: Final = (
    "No Docker Engine answers ({error}). Install one (on Debian and Ubuntu: apt-get install "
    "docker.io) and let this user reach it, or set DOCKER_HOST."
)
_NEEDS_TOOLKIT: Final = (
    ". Sandboxes with a GPU need NVIDIA's driver and the NVIDIA Container Toolkit, and the "
    "Engine restarted after it was installed."
)
_ONE_USER: Final = (
    "All sandboxes run as this user, since only root can give each a user id of its own."
)


class DockerSandbox:
    """One container."""

    def __init__(self, spec: SandboxSpec, lease: Lease, client: docker.DockerClient) -> None:
        self._name = spec.name
        self._lease = lease
        self._client = client
        self._output = Output()
        self._ended = threading.Event()
        self._is_closed = False
        self._closing = threading.Lock()
        self._exit = Exit(125)
        self._id = ""

    @property
    def name(self) -> str:
        return self._name

    def begin(self, settings: dict[str, Any]) -> None:
        api = self._client.api
        self._id = api.create_container_from_config(settings)["Id"]  # type: ignore[no-untyped-call]
        stream = api.attach_socket(self._id, {"stdout": 1, "stderr": 1, "stream": 1})
        try:
            api.start(self._id)
        except DockerException:
            _close(stream)
            raise
        threading.Thread(
            target=self._live, args=(stream,), name=f"sandbox {self._name}", daemon=True
        ).start()

    def lines(self) -> Iterator[str]:
        return self._output.lines()

    def tail(self) -> str:
        return self._output.tail()

    def wait(self, timeout: float | None = None) -> Exit | None:
        return self._exit if self._ended.wait(timeout) else None

    def kill(self) -> None:
        self._output.abandon()
        if self._ended.is_set():
            return
        try:
            self._client.api.kill(self._id)
        except APIError as error:
            if error.status_code not in _NO_LONGER:
                raise PlatformFault(f"A container could not be ended: {error}") from error

    def close(self) -> None:
        with self._closing:
            if self._is_closed:
                return
            self._output.abandon()
            self.remove()
            if not self._ended.wait(_SECONDS_TO_END):
                raise PlatformFault(f"The sandbox {self._name} could not be ended.")
            self._lease.release()
            self._is_closed = True

    def remove(self) -> None:
        """Remove the container, if there is one yet."""
        _remove(self._client, self._id)

    def _live(self, stream: io.RawIOBase) -> None:
        """Read what it prints and wait for its end."""
        try:
            with contextlib.suppress(OSError):
                for chunk in _frames(stream):
                    self._output.feed(chunk)
            api = self._client.api
            code = int(api.wait(self._id, timeout=None)["StatusCode"])
            state = api.inspect_container(self._id)["State"]
            self._exit = Exit(code, code != 0 and bool(state["OOMKilled"]))
        except NotFound:
            self._exit = Exit(137)
        except (DockerException, OSError) as error:
            self._output.feed(f"The Docker Engine stopped answering: {error}\n".encode())
        finally:
            self._output.finish()
            self._ended.set()
            _close(stream)


class DockerBackend:
    """Containers of one Docker Engine."""

    name = "docker"

    def __init__(
        self,
        data_dir: Path,
        *,
        host: str = "",
        runtime: str = "",
        devices: Devices | None = None,
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._host = host
        self._runtime = runtime
        self._devices = devices or Devices(data_dir)
        self._leases = Leases(data_dir, kind=self.name)
        self._asking = threading.Lock()
        self._answer: str | None = None
        self._is_asked = False
        self._engine: _Engine | None = None
        self._connecting = threading.Lock()
        self._owner = secrets.token_hex(8)

    def problem(self) -> str | None:
        with self._asking:
            if not self._is_asked:
                self._answer = self._find_problem()
                self._is_asked = True
            return self._answer

    def weaknesses(self) -> tuple[str, ...]:
        shared = (gpus.SHARED,) if self._devices.is_shared else ()
        return (_ONE_USER, *shared) if os.getuid() else shared

    def image(self, name: str) -> Image:
        engine = self._connect()
        try:
            known = engine.client.api.inspect_image(name)  # type: ignore[no-untyped-call]
        except NotFound:
            raise PlatformFault(
                f"The Docker Engine has no image {name}: bring it there with docker pull."
            ) from None
        except APIError as error:
            raise PlatformFault(f"The image {name} cannot be used: {error.explanation}.") from error
        if (known.get("Config") or {}).get("Volumes"):
            raise PlatformFault(
                f"The image {name} declares volumes, which sandboxes could fill without a limit."
            )
        return Image(str(known["Id"]), str(known["Id"]).rpartition(":")[2][:16])

    def gpu_slots(self) -> int:
        return self._devices.slots

    def sockets_folder(self, name: str) -> Path:
        return self._leases.reserve(name).make_sockets_folder()

    def admit(self, socket: Path) -> None:
        self._leases.holder(socket).admit(socket)

    def discard_sockets(self, name: str) -> None:
        self._leases.discard(name)

    def start(self, spec: SandboxSpec) -> DockerSandbox:
        lease = self._leases.take(spec.name)
        sandbox: DockerSandbox | None = None
        try:
            loan = lease.keep(self._devices.take()) if spec.gpu else None
            engine = self._connect()
            for mount in spec.mounts:
                if mount.writable:
                    lease.give(mount.source)
            lease.note()
            settings = containers.settings(
                spec,
                lease,
                data_dir=self._data_dir,
                processors=engine.processors,
                loan=loan,
            )
            settings["Image"] = spec.image or engine.image
            settings["Labels"] = {
                _INSTALLATION: self._leases.installation,
                _OWNER: self._owner,
                _TOKEN: lease.token,
                _NAME: spec.name,
            }
            if self._runtime:
                settings["HostConfig"]["Runtime"] = self._runtime
            sandbox = DockerSandbox(spec, lease, engine.client)
            sandbox.begin(settings)
        except (OSError, DockerException, PlatformFault) as error:
            if sandbox is not None:
                sandbox.remove()
            lease.release()
            if isinstance(error, PlatformFault):
                raise
            advice = _NEEDS_TOOLKIT if spec.gpu else ""
            raise PlatformFault(f"The sandbox could not be made: {error}{advice}") from error
        return sandbox

    def sweep(self) -> int:
        engine = self._connect()
        label = f"{_INSTALLATION}={self._leases.installation}"
        found = engine.client.api.containers(all=True, filters={"label": label})
        by_token = {str(each["Labels"].get(_TOKEN)): str(each["Id"]) for each in found}
        swept = 0
        for leftover in self._leases.leftovers():
            _remove(engine.client, by_token.pop(leftover.token, ""))
            leftover.clear()
            swept += 1
        for token, container in by_token.items():
            if not self._leases.is_known(token):
                _remove(engine.client, container)
                swept += 1
        return swept

    def _connect(self) -> _Engine:
        """Give the Engine, with our image in it; raise PlatformFault if none answers."""
        with self._connecting:
            if self._engine is None:
                try:
                    client = _client(self._host)
                    weakref.finalize(self, client.close)
                    processors = int(client.info()["NCPU"])
                    self._engine = _Engine(client, processors, _import_image(client))
                    watcher.start(self, self._owner, host=self._host)
                except (DockerException, OSError) as error:
                    raise PlatformFault(_NOT_THERE.format(error=error)) from error
            return self._engine

    def _find_problem(self) -> str | None:
        if not seccomp.is_supported():
            return f"There is no system call filter for the processor {os.uname().machine}."
        try:
            self._connect()
        except PlatformFault as error:
            return str(error)
        return selftest.problem(self, limits_memory=True)


def remove_containers_of(owner: str, *, host: str = "") -> None:
    """Remove what a backend that is dead started, and what it was about to start."""
    with contextlib.closing(_client(host)) as client:
        for _ in range(_LOOKS):
            label = f"{_OWNER}={owner}"
            for container in client.api.containers(all=True, filters={"label": label}):
                _remove(client, str(container["Id"]))
            time.sleep(1)


@dataclass(frozen=True, slots=True)
class _Engine:
    """A Docker Engine that answered."""

    client: docker.DockerClient
    processors: int
    image: str


def _client(host: str) -> docker.DockerClient:
    if not host or host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as trial:  # the SDK would leave its own open
            trial.connect(host.removeprefix("unix://") or _USUAL_SOCKET)
    return docker.DockerClient(base_url=host or None, timeout=_SECONDS_TO_ANSWER, version="auto")


def _import_image(client: docker.DockerClient) -> str:
    tag, content = containers.image()
    name = f"{_IMAGE}:{tag}"
    try:
        client.api.inspect_image(name)  # type: ignore[no-untyped-call]
    except NotFound:
        client.api.import_image_from_data(content, repository=_IMAGE, tag=tag)
    return name


def _remove(client: docker.DockerClient, container: str) -> None:
    """Remove a container and end it first if it lives; harmless if it is gone."""
    if not container:
        return
    try:
        client.api.remove_container(container, force=True, v=True)
    except APIError as error:
        if error.status_code not in _NO_LONGER:
            raise PlatformFault(f"A container could not be removed: {error}") from error


def _frames(stream: io.RawIOBase) -> Iterator[bytes]:
    """Read what an attached container prints: frames with their stream and length in front."""
    connection: socket.socket = getattr(stream, "_sock")  # noqa: B009 - not in its type
    connection.settimeout(None)
    while head := _exactly(connection, _FRAME.size):
        left = _FRAME.unpack(head)[1]
        while left and (chunk := connection.recv(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def _exactly(connection: socket.socket, size: int) -> bytes:
    """Read so many bytes; none if it ended before."""
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data


def _close(stream: io.RawIOBase) -> None:
    """Close an attached stream and all below it; closing the response alone leaves the socket."""
    for part in (getattr(stream, "_response", None), stream, getattr(stream, "_sock", None)):
        if part is not None:
            with contextlib.suppress(OSError, ValueError):
                part.close()
