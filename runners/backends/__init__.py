"""Sandboxes: one small interface (`base`), and the ways to keep it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runners.backends import gpus
from runners.backends.base import Backend
from runners.backends.bubblewrap import BubblewrapBackend
from runners.backends.docker import DockerBackend
from runners.errors import PlatformFault

NAMES: Final = ("docker", "bubblewrap")


def make(
    name: str,
    *,
    data_dir: Path,
    docker_host: str = "",
    docker_runtime: str = "",
    devices: Sequence[str] = gpus.ALL,
) -> Backend:
    """Give the backend of that name, tried and found working; `auto` is the first that works.

    `docker_runtime` names another runtime of the Docker Engine, such as gVisor's `runsc`;
    `devices` are the GPUs that sandboxes see, by number or UUID.
    Raise PlatformFault, with what to install or change, if no such sandbox can be made here.
    """
    if name not in (*NAMES, "auto"):
        raise PlatformFault(f"{name} is no sandbox backend: choose docker, bubblewrap or auto.")
    problems = []
    for candidate in NAMES if name == "auto" else (name,):
        backend = _backend(candidate, data_dir, devices, docker_host, docker_runtime)
        problem = backend.problem()
        if problem is None:
            return backend
        problems.append(f"{candidate}: {problem}")
    raise PlatformFault("No sandbox can be made on this machine. " + " ".join(problems))


def _backend(
    name: str, data_dir: Path, devices: Sequence[str], docker_host: str, docker_runtime: str
) -> Backend:
    if name == "docker":
        return DockerBackend(data_dir, host=docker_host, runtime=docker_runtime, devices=devices)
    return BubblewrapBackend(data_dir, devices=devices)
