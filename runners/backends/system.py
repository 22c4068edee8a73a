"""What every sandbox sees of the host's system software; both backends show the very same.

`/usr` without what somebody installed beside the system, an `/etc` that names nobody, the
certificates and nothing else. Never a home, `/var`, `/srv`, `/usr/local` or `/usr/src`.
"""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from runners.errors import PlatformFault
from runners.specs import MIB, Limits, Mount, SandboxSpec

USER: Final = 65534  # nobody, as programs inside see themselves
SOCKETS: Final = "/run/agorithm"
HOST_NAME: Final = "sandbox"
SCRATCH: Final = "/tmp"  # noqa: S108 - inside the sandbox; the one file system it can write
SHARED_FOLDER: Final = "/dev/shm"  # noqa: S108 - likewise
SHARED_MEMORY: Final = 64 * MIB  # /dev/shm; counts as the sandbox's memory
CHANCE_TO_BE_KILLED: Final = 500  # when the machine is out of memory: before the platform

# What distributions put into /usr; all else there belongs to the machine's people.
_SYSTEM: Final = ("bin", "include", "lib", "lib32", "lib64", "libexec", "libx32", "sbin", "share")
_TOP_LEVEL: Final = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
_LIBRARIES: Final = "ld.so.cache"
_CERTIFICATES: Final = "ssl/certs"
_FROM_ETC: Final = ("alternatives", _LIBRARIES, "localtime", _CERTIFICATES, "ssl/openssl.cnf")
_OURS: Final = ("agorithm", "algorithm")  # of /opt
_ETC: Final = {
    "host.conf": "multi on\n",
    "hostname": f"{HOST_NAME}\n",
    "hosts": f"127.0.0.1 localhost {HOST_NAME}\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "",
}


def accounts(user: int, group: int) -> dict[str, str]:
    """Give the files that name the sandbox's user, whatever its number outside."""
    return {
        "passwd": (
            "root:x:0:0:root:/nonexistent:/bin/false\n"
            f"nobody:x:{user}:{group}:nobody:{SCRATCH}/work:/bin/sh\n"
        ),
        "group": f"root:x:0:\nnogroup:x:{group}:\n",
    }


def links(root: str = "") -> tuple[tuple[str, str], ...]:
    """Symlinks of a root folder, as (link, target): `/bin` to `usr/bin` on merged systems."""
    found = [name for name in _TOP_LEVEL if Path(root + name).is_symlink()]
    return tuple((name, str(Path(root + name).readlink()).lstrip("/")) for name in found)


def mounts(spec: SandboxSpec, data_dir: Path, *, is_etc_open: bool = False) -> list[Mount]:
    """Give all that a sandbox sees of the host, each mount after the one it stands in.

    An open `/etc` has the same files in a folder of the sandbox's own, without the linker's
    list of libraries: whoever prepares the sandbox may write one.
    """
    if spec.image:
        found = list(_folder(spec.image, data_dir))
    else:
        found = list(_system(data_dir, is_etc_open=is_etc_open))
    return [*found, *own(spec)]


def certificates() -> list[Mount]:
    """Give the certificates that this machine trusts: an image may lack those of its network."""
    path = f"/etc/{_CERTIFICATES}"
    return [Mount(os.path.realpath(path), path)] if Path(path).exists() else []


def own(spec: SandboxSpec) -> list[Mount]:
    """Give what a sandbox sees besides the system."""
    found = [each for mount in spec.mounts for each in only_system(mount)]
    if spec.sockets:
        found.append(Mount(spec.sockets, SOCKETS))
    for mount in found:
        if not Path(mount.source).exists():
            raise PlatformFault(f"{mount.source}, which a sandbox should see, is missing.")
        if ".." in Path(mount.target).parts:  # bubblewrap would make that place on the host
            raise PlatformFault(f"{mount.target} may be outside of the sandbox.")
    return found


def process_limits(limits: Limits) -> dict[str, int]:
    """Limits that each process inside carries by itself, by the kernel's names."""
    wanted = {
        "core": 0,
        "fsize": limits.disk,
        "memlock": 8 * MIB,
        "msgqueue": 800 * 1024,
        "nofile": limits.open_files,
    }
    return {name: at_most(name, value) for name, value in wanted.items()}


def at_most(name: str, value: int) -> int:
    """No more than this process may itself: raising a limit is refused even to some roots."""
    _, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _system(data_dir: Path, *, is_etc_open: bool) -> tuple[Mount, ...]:
    unmerged = [
        Mount(path, path)
        for path in _TOP_LEVEL
        if Path(path).is_dir() and not Path(path).is_symlink()
    ]
    shown = [
        Mount(os.path.realpath(f"/etc/{name}"), f"/etc/{name}")
        for name in _FROM_ETC
        if Path("/etc", name).exists() and not (is_etc_open and name == _LIBRARIES)
    ]
    present = {name: f"/etc/{name}" for name in _FROM_ETC if Path("/etc", name).exists()}
    folder = _etc_folder(data_dir, present)
    etc = [Mount(str(folder), "/etc")]
    if is_etc_open:
        etc = [Mount(str(folder / name), f"/etc/{name}") for name in _ETC]
    return (*only_system(Mount("/usr", "/usr")), *unmerged, *etc, *shown)


def only_system(mount: Mount) -> tuple[Mount, ...]:
    """Replace a mount of the whole of `/usr` by mounts of the system software in it."""
    if os.path.realpath(mount.source) != "/usr":
        return (mount,)
    return tuple(
        Mount(f"/usr/{name}", f"{mount.target}/{name}")
        for name in _SYSTEM
        if Path("/usr", name).is_dir()
    )


def _folder(root: str, data_dir: Path) -> Iterator[Mount]:
    """Give the system software of a folder that holds a root file system.

    Links are not followed: inside the folder they mean other files than outside.
    """
    for name in ("/usr", *_TOP_LEVEL):
        if Path(root + name).is_dir() and not Path(root + name).is_symlink():
            yield Mount(root + name, name)
    for path in sorted(Path(root, "opt").glob("*")):
        if path.is_dir() and not path.is_symlink() and path.name not in _OURS:
            yield Mount(str(path), f"/opt/{path.name}")
    shown = {
        name: f"{root}/etc/{name}"
        for name in _FROM_ETC
        if name != _CERTIFICATES and _is_plain(root, name)
    }
    for mount in certificates():
        shown[_CERTIFICATES] = mount.source
    yield Mount(str(_etc_folder(data_dir, shown)), "/etc")
    for name, source in shown.items():
        yield Mount(source, f"/etc/{name}")


def _is_plain(root: str, name: str) -> bool:
    """Whether something of the folder's /etc is there, and no link leads to it."""
    path = Path(root, "etc", name)
    return path.exists() and str(path) == os.path.realpath(path)


def _etc_folder(data_dir: Path, shown: Mapping[str, str]) -> Path:
    """Give a folder with a small `/etc` and the places where other files are shown."""
    present = [(name, Path(source).is_dir()) for name, source in shown.items()]
    texts = {**_ETC, **accounts(USER, USER)}
    digest = hashlib.sha256(repr((sorted(texts.items()), present)).encode()).hexdigest()[:12]
    folder = data_dir.resolve() / "system" / f"etc-{digest}"
    if (folder / "passwd").exists():
        return folder
    for name, is_folder in present:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.parent.chmod(0o755)
        if is_folder:
            place.mkdir(exist_ok=True)
        else:
            place.touch()
    folder.chmod(0o755)  # whatever this process's umask
    for name, text in sorted(texts.items(), key=lambda item: item[0] == "passwd"):
        unfinished = folder / f".{name}-{os.getpid()}"
        unfinished.write_text(text)
        unfinished.chmod(0o644)
        unfinished.replace(folder / name)
    return folder
