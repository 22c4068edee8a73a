"""Where control groups are made, on a tree of files that stands for the kernel's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners.backends import cgroups
from runners.backends.cgroups import Cgroups, Group
from runners.specs import MIB, Limits

LIMITS = Limits(memory=256 * MIB, cpus=0.5, processes=40)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    return tmp_path


def _mounted(machine: Path, *mounts: str, own: str) -> None:
    (machine / "proc/self/mountinfo").write_text("".join(f"{line}\n" for line in mounts))
    (machine / "proc/self/cgroup").write_text(own)


def _version_2(machine: Path, own: str, members: str) -> Path:
    _mounted(
        machine,
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate",
        own=f"0::{own}\n",
    )
    for folder in (machine / "sys/fs/cgroup", machine / "sys/fs/cgroup" / own.lstrip("/")):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
        (folder / "cgroup.procs").write_text(members)
        (folder / "cgroup.subtree_control").write_text("")
    return machine / "sys/fs/cgroup"


def test_version_1_groups_stand_below_our_own(machine: Path) -> None:
    lines = []
    for name in cgroups.CONTROLLERS:
        (machine / "sys/fs/cgroup" / name / "ours").mkdir(parents=True)
        lines.append(f"30 23 0:26 / /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}")
    _mounted(machine, *lines, own="4:memory:/ours\n3:pids:/ours\n2:cpu:/ours\n1:name=systemd:/\n")

    found = cgroups.find(machine)

    root = machine / "sys/fs/cgroup"
    assert found.version == 1
    assert found.parents == {name: root / name / "ours" for name in cgroups.CONTROLLERS}
    assert found.missing == ()


def test_version_1_in_a_container_sees_its_part_as_the_whole(machine: Path) -> None:
    (machine / "sys/fs/cgroup/memory").mkdir(parents=True)
    _mounted(
        machine,
        "30 23 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
        own="4:memory:/docker/abc\n",
    )

    found = cgroups.find(machine)

    assert found.parents == {"memory": machine / "sys/fs/cgroup/memory"}
    assert found.missing == ("pids", "cpu")


def test_version_1_limits_are_written(tmp_path: Path) -> None:
    parents = {name: tmp_path / name for name in cgroups.CONTROLLERS}
    for parent in parents.values():
        parent.mkdir()

    group = Cgroups(parents, version=1).make("one", LIMITS)

    assert (tmp_path / "memory/one/memory.limit_in_bytes").read_text() == str(256 * MIB)
    assert (tmp_path / "pids/one/pids.max").read_text() == "42"
    assert (tmp_path / "cpu/one/cpu.cfs_quota_us").read_text() == "50000"
    assert group.doors == tuple(str(tmp_path / n / "one/cgroup.procs") for n in parents)


def test_version_2_group_that_will_not_hand_down_limits_nothing(machine: Path) -> None:
    _version_2(machine, "/system.slice/agorithm.service", str(os.getpid()))

    assert cgroups.find(machine) == Cgroups()


def test_version_2_group_that_hands_its_controllers_down_is_used(machine: Path) -> None:
    root = _version_2(machine, "/user.slice/agorithm.scope", str(os.getpid()))
    control = root / "user.slice/agorithm.scope/cgroup.subtree_control"
    control.write_text("cpu memory pids\n")
    control.chmod(0o444)

    found = cgroups.find(machine)

    assert found.version == 2
    assert found.parents == dict.fromkeys(cgroups.CONTROLLERS, control.parent)


def test_version_2_limits_are_written_to_one_folder(tmp_path: Path) -> None:
    parents = dict.fromkeys(cgroups.CONTROLLERS, tmp_path)

    group = Cgroups(parents, version=2).make("one", LIMITS)

    assert group.folders == (tmp_path / "one",)
    assert (tmp_path / "one/memory.max").read_text() == str(256 * MIB)
    assert (tmp_path / "one/pids.max").read_text() == "42"
    assert (tmp_path / "one/cpu.max").read_text() == "50000 100000"


@pytest.mark.parametrize("name", ["memory.events", "memory.oom_control"])
def test_kills_for_memory_are_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\noom_group_kill 0\n")

    assert Group((tmp_path,)).out_of_memory_kills() == 2
    assert Group(()).out_of_memory_kills() == 0


def test_nothing_writable_means_nothing_limited(machine: Path) -> None:
    _mounted(machine, "30 23 0:26 / / rw - ext4 /dev/vda rw", own="0::/\n")

    assert cgroups.find(machine) == Cgroups()
    assert cgroups.find(machine).missing == ("memory", "pids", "cpu")
