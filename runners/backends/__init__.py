"""Sandboxes: one small interface (`base`), and the ways to keep it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runners.backends import gpus
from runners.backends.base import Backend
from runners.backends.bubblewrap import BubblewrapBackend
from runners.backends.docker import DockerBackend
from runners.backends.gpus import Devices
from runners.backends.leases import SHARED_FOLDER
from runners.errors import PlatformFault

NAMES: Final = ("docker", "bubblewrap")


def make(  # noqa: PLR0913 - the settings of all backends
    name: str,
    *,
    data_dir: Path,
    docker_host: str = "",
    docker_runtime: str = "",
    devices: Sequence[str] = gpus.ALL,
    sandboxes_per_device: int = 1,
) -> Backend:
    """Give the backend of that name, tried and found working; `auto` is the first that works.

    `docker_runtime` names another runtime of the Docker Engine, such as gVisor's `runsc`;
    `devices` are the GPUs that sandboxes get, by number or UUID, and how many may share one.
    Raise PlatformFault, with what to install or change, if no such sandbox can be made here.
    """
    if name not in (*NAMES, "auto"):
        raise PlatformFault(f"{name} is no sandbox backend: choose docker, bubblewrap or auto.")
    problems = []
    folder = data_dir if os.getuid() else SHARED_FOLDER  # root's counts for all installations
    lent = Devices(folder, visible=devices, share=sandboxes_per_device)
    for candidate in NAMES if name == "auto" else (name,):
        backend = _backend(candidate, data_dir, lent, docker_host, docker_runtime)
        problem = backend.problem()
        if problem is None:
            return backend
        problems.append(f"{candidate}: {problem}")
    raise PlatformFault("No sandbox can be made on this machine. " + " ".join(problems))


def _backend(
    name: str, data_dir: Path, devices: Devices, docker_host: str, docker_runtime: str
) -> Backend:
    if name == "docker":
        return DockerBackend(data_dir, host=docker_host, runtime=docker_runtime, devices=devices)
    return BubblewrapBackend(data_dir, devices=devices)
