"""GPUs: which devices sandboxes are given, as far as a machine without one can tell.

The Docker Engine is a real one. Only the program of NVIDIA's that it starts before a container
is stood in for: it reads what the Engine asks for, and lists the container's libraries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from runners import machines
from runners.backends import gpus
from runners.backends.base import Exit
from runners.backends.bubblewrap import BubblewrapBackend
from runners.backends.docker import DockerBackend
from runners.backends.gpus import Devices
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
names = ("NVIDIA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")
print(*map(os.environ.get, names))
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


def test_engine_gives_each_container_a_device_of_its_own_and_frees_it_with_the_container(
    engine_with_toolkit: str, looking: SandboxSpec, tmp_path: Path, machine: Path
) -> None:
    devices = Devices(tmp_path, visible=("0", UUIDS[1]), root=machine)
    backend = DockerBackend(tmp_path, host=engine_with_toolkit, devices=devices)

    sandboxes = [backend.start(replace(looking, name=name)) for name in ("first", "second")]
    ends = [sandbox.wait(PATIENCE) for sandbox in sandboxes]
    with pytest.raises(PlatformFault, match=r"Every GPU of this machine is in use \(2 of 2\)"):
        devices.take(patience=0)
    for sandbox in sandboxes:
        sandbox.close()
    freed = devices.take(patience=0)

    assert ends == [Exit(0), Exit(0)]
    assert [sandbox.tail().splitlines() for sandbox in sandboxes] == [
        [f"{seen} {uuid} compute,utility", "passwd: files", *("True", "True")]
        for seen, uuid in (("0", UUIDS[0]), (UUIDS[1], UUIDS[1]))
    ]
    assert freed.device == "0"
    freed.give_back()


def test_engine_gives_all_devices_where_nothing_tells_them_apart(
    engine_with_toolkit: str, looking: SandboxSpec, tmp_path: Path
) -> None:
    backend = DockerBackend(tmp_path, host=engine_with_toolkit)

    sandbox = backend.start(looking)
    end = sandbox.wait(PATIENCE)
    sandbox.close()

    assert end == Exit(0)
    assert sandbox.tail().splitlines()[0] == "all None compute,utility"


def test_device_that_is_not_there_is_told_in_the_toolkits_own_words(
    engine_with_toolkit: str, looking: SandboxSpec, tmp_path: Path
) -> None:
    devices = Devices(tmp_path, visible=("7",))
    backend = DockerBackend(tmp_path, host=engine_with_toolkit, devices=devices)

    with pytest.raises(PlatformFault, match="device error: 7: unknown device"):
        backend.start(looking)

    assert list((tmp_path / "sandboxes").iterdir()) == []
    devices.take(patience=0).give_back()


def test_device_is_lent_once_whatever_it_is_called_and_whoever_asks(
    tmp_path: Path, machine: Path
) -> None:
    ours = Devices(tmp_path, visible=("0", UUIDS[0], "1"), root=machine)
    theirs = Devices(tmp_path, visible=gpus.ALL, root=machine)

    first = ours.take(patience=0)
    second = theirs.take(patience=0)

    assert (first.device, first.variables()) == ("0", (("CUDA_VISIBLE_DEVICES", UUIDS[0]),))
    assert second.device == UUIDS[1]
    assert (ours.slots, theirs.slots) == (2, 2)
    with pytest.raises(PlatformFault, match="Every GPU"):
        ours.take(patience=0)
    first.give_back()
    again = theirs.take(patience=0)
    assert again.device == UUIDS[0]
    for loan in (second, again):
        loan.give_back()


def test_shared_devices_are_spread_and_the_operator_is_told_what_is_not_limited(
    tmp_path: Path, machine: Path
) -> None:
    shared = Devices(tmp_path, share=2, root=machine)

    loans = [shared.take(patience=0) for _ in range(4)]

    assert [loan.device for loan in loans] == [*UUIDS, *UUIDS]
    assert shared.slots == 4
    for loan in loans:
        loan.give_back()
    assert gpus.SHARED in BubblewrapBackend(tmp_path, devices=shared).weaknesses()


def test_kinds_of_a_machine_are_what_its_operator_says_or_what_it_shows(
    machine: Path, settings: Settings
) -> None:
    seen = machines.here(machine)
    settings.RUNNER_MACHINES = ["gpu", " Nvidia-H200 "]

    assert seen == ("cpu", "gpu", "nvidia-h200")
    assert machines.here(machine) == ("gpu", "nvidia-h200")


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
    backend = BubblewrapBackend(
        tmp_path, devices=Devices(tmp_path, visible=["GPU-of-another-machine"])
    )

    with pytest.raises(PlatformFault, match="this machine has no such GPU"):
        backend.start(looking)

    assert list((tmp_path / "sandboxes").iterdir()) == []
