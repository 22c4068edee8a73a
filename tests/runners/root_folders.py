"""A root file system small enough for tests: a shell, an interpreter, and the libraries of both."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker
import uv

from runners import runtimes
from runners.interpreters import Runtime

TOOLS = ("cat", "mkdir", "printf", "sh", "true")
MARK = "only in the image"


def make(root: Path, runtime: Runtime) -> Path:
    """Fill a folder with what a sandbox needs, its interpreter below /usr/local."""
    for name in ("usr/bin", "usr/lib", "usr/share", "etc", "tmp", "opt", "proc", "dev", "sys"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to("usr/lib" if name.startswith("lib") else "usr/bin")
    programs = [Path(str(shutil.which(name))).resolve() for name in TOOLS]
    for name, program in zip(TOOLS, programs, strict=True):
        shutil.copy(program, root / "usr/bin" / name)
    shutil.copytree(runtimes.prepare(runtime.slug).path, root / "usr/local", symlinks=True)
    modules = (root / "usr/local").rglob("*.so*")
    for library in _libraries([*programs, Path(uv.find_uv_bin()), *modules]):
        shutil.copy(library, root / "usr/lib" / library.name)
    for library in (root / "usr/local/lib").glob("libpython*.so*"):
        shutil.copy(library, root / "usr/lib" / library.name)
    (root / "tmp").chmod(0o1777)
    (root / "usr/share/mark").write_text(MARK)
    return root


def as_docker_image(root: Path, host: str, name: str) -> None:
    """Give an engine the same files as an image of this name."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(root, arcname=".")
    repository, _, tag = name.partition(":")
    client = docker.DockerClient(base_url=host, version="auto")
    client.api.import_image_from_data(content.getvalue(), repository=repository, tag=tag)
    client.close()


def _libraries(files: list[Path]) -> set[Path]:
    """What the linker would load for these, as it is named where they look for it."""
    answer = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False)
    named = re.findall(r"(?:=>\s+|^\s+)(/\S+)", answer.stdout, re.MULTILINE)
    return {Path(path) for path in named if Path(path).is_file()}
