"""What a Docker container is made of: its image, and everything it may and may not do."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from runners.backends import gpus, seccomp, system
from runners.backends.gpus import Loan
from runners.backends.leases import Lease
from runners.specs import Mount, SandboxSpec

_FOLDERS: Final = ("dev", "etc", "opt", "proc", "run", "sys", "tmp", "usr")
_BYTES_PER_FILE: Final = 4096  # of scratch space, at least: bounds the number of files too

# Docker would make the working folder itself, root's, before the scratch space is there. One
# stream for both outputs keeps their order.
_ENTER: Final = 'mkdir -p -- "$0" && cd -- "$0" && unset HOSTNAME OLDPWD && exec "$@" 2>&1'


def image() -> tuple[str, bytes]:
    """Give the image's tag and content: a root folder with nothing but places for mounts."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for folder in _FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o1777 if folder == "tmp" else 0o755  # the scratch space takes it over
            archive.addfile(entry)
        for link, target in system.links():
            entry = tarfile.TarInfo(link.lstrip("/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    tag = hashlib.sha256(content.getvalue()).hexdigest()[:12]
    return tag, content.getvalue()


def command(spec: SandboxSpec) -> list[str]:
    return ["/bin/sh", "-c", _ENTER, spec.working_folder, *spec.argv]


def settings(
    spec: SandboxSpec, lease: Lease, *, data_dir: Path, processors: int, loan: Loan | None = None
) -> dict[str, Any]:
    """Decide everything about a container, in the words of the Engine's API."""
    limits = spec.limits
    host: dict[str, Any] = {
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={seccomp.docker_profile()}"],
        "PidsLimit": limits.processes,
        "Memory": limits.memory,
        "MemorySwap": limits.memory,
        "NanoCpus": int(min(limits.cpus, processors) * 1e9),
        "OomScoreAdj": system.CHANCE_TO_BE_KILLED,
        "ShmSize": system.SHARED_MEMORY,
        "Tmpfs": dict(_scratch(spec)),
        "Ulimits": [
            {"Name": name, "Soft": value, "Hard": value}
            for name, value in system.process_limits(limits).items()
        ],
        "LogConfig": {"Type": "none"},
        "Init": False,
        "Mounts": [
            {
                "Type": "bind",
                "Source": mount.source,
                "Target": mount.target,
                "ReadOnly": not mount.writable,
            }
            for mount in (*_shown(spec, data_dir), *_names(lease))
        ],
    }
    if loan is not None:
        host["DeviceRequests"] = [gpus.request([loan.device])]
    variables = (*spec.environment, *(loan.variables() if loan is not None else ()))
    return {
        "Cmd": command(spec),
        "Entrypoint": [],
        "Healthcheck": {"Test": ["NONE"]},
        "Env": [f"{name}={value}" for name, value in variables],
        "Hostname": system.HOST_NAME,
        "User": f"{lease.uid}:{lease.gid}",
        "WorkingDir": system.SCRATCH,
        "HostConfig": host,
    }


def _shown(spec: SandboxSpec, data_dir: Path) -> list[Mount]:
    """Give the mounts; NVIDIA's toolkit adds its libraries to the linker's list of a container."""
    if spec.image:
        return [*system.certificates(), *system.own(spec)]
    return system.mounts(spec, data_dir, is_etc_open=spec.gpu)


def _names(lease: Lease) -> Iterator[Mount]:
    """Call the sandbox's user nobody: programs look up who they are, and fail if nobody says."""
    for name, text in system.accounts(lease.uid, lease.gid).items():
        path = lease.folder / name
        path.write_text(text)
        path.chmod(0o644)
        yield Mount(str(path), f"/etc/{name}")


def _scratch(spec: SandboxSpec) -> Iterator[tuple[str, str]]:
    disk = spec.limits.disk
    files = max(1024, disk // _BYTES_PER_FILE)
    yield system.SCRATCH, f"exec,nosuid,nodev,size={disk},mode=1777,nr_inodes={files}"
    yield "/dev/mqueue", "ro,nosuid,nodev,noexec,size=4k,mode=555"
    if not spec.gpu:  # drivers look up their devices there
        yield "/sys", "ro,nosuid,nodev,noexec,size=4k,mode=555"
