"""GPUs: which devices sandboxes are given, as far as a machine without one can tell.

The Docker Engine is a real one. Only the program of NVIDIA's that it starts before a container
is stood in for: it reads what the Engine asks for, and lists the container's libraries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.backends import gpus
from runners.backends.base import Exit
from runners.backends.bubblewrap import BubblewrapBackend
from runners.backends.docker import DockerBackend
from runners.errors import PlatformFault
from runners.specs import SandboxSpec
from tests.runners.backends import engine

PATIENCE = 60
UUIDS = ("GPU-aaaaaaaa-0001", "GPU-bbbbbbbb-0002")
HOOK = """\
#!/usr/bin/python3
import json, subprocess, sys

state = json.load(sys.stdin)
with open(state["bundle"] + "/config.json") as file:
    config = json.load(file)
variables = dict(pair.split("=", 1) for pair in config["process"]["env"])
if variables["NVIDIA_VISIBLE_DEVICES"] == "7":
    sys.exit("nvidia-container-cli: device error: 7: unknown device")
inside = ["/usr/bin/nsenter", "--mount=/proc/%d/ns/mnt" % state["pid"]]
subprocess.run([*inside, "/sbin/ldconfig", "-r", config["root"]["path"]], check=True)
"""
LOOK = """\
import os
print(os.environ["NVIDIA_VISIBLE_DEVICES"], os.environ["NVIDIA_DRIVER_CAPABILITIES"])
print(open("/etc/nsswitch.conf").readline().strip())
print(b"libc.so.6" in open("/etc/ld.so.cache", "rb").read())
print(bool(os.statvfs("/etc").f_flag & os.ST_RDONLY))
"""


@pytest.fixture(scope="module")
def engine_with_toolkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    programs = tmp_path_factory.mktemp("toolkit")
    hook = programs / "nvidia-container-runtime-hook"
    hook.write_text(HOOK)
    hook.chmod(0o755)
    with engine.alone(programs) as address:
        yield address


@pytest.fixture
def looking(python: SandboxSpec) -> SandboxSpec:
    return replace(python, name="gpu", argv=(*python.argv, "-c", LOOK), gpu=True)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The files of a machine with two GPUs, the second of which came up first."""
    (tmp_path / "dev/nvidia-caps").mkdir(parents=True)
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / "dev" / name).touch()
    for place, uuid, minor in (("0000:01:00.0", UUIDS[0], 1), ("0000:02:00.0", UUIDS[1], 0)):
        folder = tmp_path / "proc/driver/nvidia/gpus" / place
        folder.mkdir(parents=True)
        (folder / "information").write_text(
            f"Model: \t\t NVIDIA H200\nGPU UUID: \t {uuid}\nDevice Minor: \t {minor}\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("devices", "seen"), [(gpus.ALL, "all"), (("1", UUIDS[0]), f"1,{UUIDS[0]}")]
)
def test_engine_gives_a_container_the_devices_that_are_visible(
    engine_with_toolkit: str,
    looking: SandboxSpec,
    tmp_path: Path,
    devices: tuple[str, ...],
    seen: str,
) -> None:
    backend = DockerBackend(tmp_path, host=engine_with_toolkit, devices=devices)

    sandbox = backend.start(looking)
    end = sandbox.wait(PATIENCE)
    sandbox.close()

    assert end == Exit(0)
    assert sandbox.tail().splitlines() == [
        f"{seen} compute,utility",
        "passwd: files",
        *("True", "True"),
    ]


def test_device_that_is_not_there_is_told_in_the_toolkits_own_words(
    engine_with_toolkit: str, looking: SandboxSpec, tmp_path: Path
) -> None:
    backend = DockerBackend(tmp_path, host=engine_with_toolkit, devices=["7"])

    with pytest.raises(PlatformFault, match="device error: 7: unknown device"):
        backend.start(looking)

    assert list((tmp_path / "sandboxes").iterdir()) == []


def test_engine_without_the_toolkit_refuses_and_the_operator_is_told_what_is_missing(
    docker_host: str, looking: SandboxSpec, tmp_path: Path
) -> None:
    backend = DockerBackend(tmp_path, host=docker_host)

    with pytest.raises(PlatformFault) as refusal:
        backend.start(looking)

    assert 'could not select device driver "nvidia"' in str(refusal.value)
    assert "need NVIDIA's driver and the NVIDIA Container Toolkit" in str(refusal.value)
    assert list((tmp_path / "sandboxes").iterdir()) == []


@pytest.mark.parametrize(
    ("visible", "cards"),
    [(gpus.ALL, ["nvidia0", "nvidia1"]), (["0"], ["nvidia1"]), ([UUIDS[1]], ["nvidia0"])],
)
def test_bubblewrap_shows_the_visible_devices_and_what_all_share(
    machine: Path, visible: tuple[str, ...], cards: list[str]
) -> None:
    shared = ["/dev/nvidia-uvm", "/dev/nvidiactl"]

    assert gpus.files(visible, machine) == [*shared, *(f"/dev/{card}" for card in cards)]


def test_device_that_the_machine_lacks_is_named(machine: Path) -> None:
    with pytest.raises(PlatformFault, match="GPU_DEVICES names 2, but this machine has no such"):
        gpus.files(["0", "2"], machine)


def test_bubblewrap_without_a_gpu_says_so_and_leaves_nothing(
    looking: SandboxSpec, tmp_path: Path
) -> None:
    backend = BubblewrapBackend(tmp_path, devices=["GPU-of-another-machine"])

    with pytest.raises(PlatformFault, match="this machine has no such GPU"):
        backend.start(looking)

    assert list((tmp_path / "sandboxes").iterdir()) == []
