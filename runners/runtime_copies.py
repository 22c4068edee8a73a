"""A copy of an interpreter that every user of the machine can read, made of hard links.

Interpreters often stand in somebody's home folder, where a sandbox's user cannot go. Test
suites and site-packages stay behind; files that cannot be linked are copied.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runners.interpreters import Runtime

_LEFT_BEHIND: Final = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages"})
_WORLD_READABLE: Final = stat.S_IROTH


def identity(runtime: Runtime) -> str:
    """Name the interpreter by what it is: its programs' bytes and its library's files and sizes."""
    prefix = Path(runtime.prefix)
    hasher = hashlib.sha256(f"{runtime.version} {runtime.platform}\n".encode())
    for path in _programs(runtime):
        hasher.update(path.name.encode())
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    library = prefix / "lib" / f"python{runtime.minor}"
    for folder, _, files in _walk(library):
        for name in files:
            if not name.endswith(".pyc"):
                path = folder / name
                size = path.lstat().st_size
                hasher.update(f"{path.relative_to(library)} {size}\n".encode())
    return hasher.hexdigest()


def make(runtime: Runtime, path: Path, fill: Callable[[Runtime, Path], None]) -> None:
    """Make the copy at `path`, whole or not at all; two processes may do so at once."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=path.parent))
    try:
        fill(runtime, unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(path)
    except OSError:
        if not path.is_dir():  # else another process was faster, with the same content
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def fill(runtime: Runtime, target: Path) -> None:
    """Put a Python and its library into an empty folder."""
    prefix = Path(runtime.prefix)
    (target / "bin").mkdir(mode=0o755)
    (target / "lib").mkdir(mode=0o755)
    for name in ("python", "python3"):
        (target / "bin" / name).symlink_to(runtime.executable)
    for program in _programs(runtime):
        take(program, target / program.relative_to(prefix))
    for folder in ("lib", "include"):
        for library in (prefix / folder).glob(f"python{runtime.minor}*"):
            if library.is_dir():
                take_tree(library, target / folder / library.name)
    (target / "lib" / f"python{runtime.minor}" / "site-packages").mkdir(mode=0o755)


def _programs(runtime: Runtime) -> list[Path]:
    """The interpreter and the shared libraries it may need, links to them included."""
    prefix = Path(runtime.prefix)
    libraries = sorted((prefix / "lib").glob(f"libpython{runtime.minor}*.so*"))
    return [prefix / "bin" / runtime.executable, *libraries]


def take_tree(source: Path, target: Path, *, without: Container[str] = _LEFT_BEHIND) -> None:
    """Link or copy a folder, without files and folders of these names."""
    for folder, _, files in _walk(source, without):
        here = target / folder.relative_to(source)
        here.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name in files:
            take(folder / name, here / name)


def take(source: Path, target: Path) -> None:
    """Link one file, or copy it where a link is impossible or would not be readable for all."""
    if source.is_symlink() and os.sep not in (pointed := os.readlink(source)):  # noqa: PTH115
        target.symlink_to(pointed)
        return
    source = source.resolve()
    if not source.is_file():
        return  # a dangling link, or no file at all
    try:
        if source.stat().st_mode & _WORLD_READABLE:
            os.link(source, target)
            return
    except OSError:
        pass  # another file system, or a file of somebody else: copy it
    shutil.copy2(source, target)
    target.chmod(target.stat().st_mode | 0o444)


def _walk(
    top: Path, without: Container[str] = _LEFT_BEHIND
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk in a fixed order, without what is left behind."""
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in without)
        yield Path(folder), folders, sorted(name for name in files if name not in without)
