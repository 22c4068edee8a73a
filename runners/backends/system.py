"""What every sandbox sees of the host's system software; both backends show the very same.

`/usr` without what somebody installed beside the system, an `/etc` that names nobody, the
certificates and nothing else. Never a home, `/var`, `/srv`, `/usr/local` or `/usr/src`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from runners.specs import Mount

USER: Final = 65534  # nobody, as programs inside see themselves
HOST_NAME: Final = "sandbox"
SCRATCH: Final = "/tmp"  # noqa: S108 - inside the sandbox; the one file system it can write
SHARED_FOLDER: Final = "/dev/shm"  # noqa: S108 - likewise
SHARED_MEMORY: Final = 64 * 1024 * 1024  # /dev/shm; counts as the sandbox's memory

# What distributions put into /usr; all else there belongs to the machine's people.
_SYSTEM: Final = ("bin", "include", "lib", "lib32", "lib64", "libexec", "libx32", "sbin", "share")
_TOP_LEVEL: Final = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
_FROM_ETC: Final = ("alternatives", "ld.so.cache", "localtime", "ssl/certs", "ssl/openssl.cnf")
_ETC: Final = {
    "group": f"root:x:0:\nnogroup:x:{USER}:\n",
    "host.conf": "multi on\n",
    "hostname": f"{HOST_NAME}\n",
    "hosts": f"127.0.0.1 localhost {HOST_NAME}\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "passwd": (
        "root:x:0:0:root:/nonexistent:/bin/false\n"
        f"nobody:x:{USER}:{USER}:nobody:/tmp/work:/bin/sh\n"
    ),
    "resolv.conf": "",
}


def links() -> tuple[tuple[str, str], ...]:
    """Symlinks of the root folder, as (link, target): `/bin` to `usr/bin` on merged systems."""
    found = [path for path in map(Path, _TOP_LEVEL) if path.is_symlink()]
    return tuple((str(path), str(path.readlink()).lstrip("/")) for path in found)


def mounts(data_dir: Path) -> tuple[Mount, ...]:
    """The read-only mounts of system software, each after the one it stands in."""
    unmerged = [
        Mount(path, path)
        for path in _TOP_LEVEL
        if Path(path).is_dir() and not Path(path).is_symlink()
    ]
    shown = [
        Mount(os.path.realpath(f"/etc/{name}"), f"/etc/{name}")
        for name in _FROM_ETC
        if Path("/etc", name).exists()
    ]
    etc = Mount(str(_etc_folder(data_dir)), "/etc")
    return (*only_system(Mount("/usr", "/usr")), *unmerged, etc, *shown)


def only_system(mount: Mount) -> tuple[Mount, ...]:
    """Replace a mount of the whole of `/usr` by mounts of the system software in it."""
    if os.path.realpath(mount.source) != "/usr":
        return (mount,)
    return tuple(
        Mount(f"/usr/{name}", f"{mount.target}/{name}")
        for name in _SYSTEM
        if Path("/usr", name).is_dir()
    )


def _etc_folder(data_dir: Path) -> Path:
    """Give a folder with a small `/etc` and the places where the host's files are shown."""
    present = [name for name in _FROM_ETC if Path("/etc", name).exists()]
    digest = hashlib.sha256(repr((sorted(_ETC.items()), present)).encode()).hexdigest()[:12]
    folder = data_dir.resolve() / "system" / f"etc-{digest}"
    if (folder / "passwd").exists():
        return folder
    for name in present:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.parent.chmod(0o755)
        if Path("/etc", name).is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.touch()
    folder.chmod(0o755)  # whatever this process's umask
    for name, text in sorted(_ETC.items(), key=lambda item: item[0] == "passwd"):
        unfinished = folder / f".{name}-{os.getpid()}"
        unfinished.write_text(text)
        unfinished.chmod(0o644)
        unfinished.replace(folder / name)
    return folder
