"""Interpreters that stand in an image: what is known of them on this host, and how they are shown.

They stay where they are: a folder of ours holds a link to their place inside the image, and the
places of everything else that a sandbox is shown.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final

from django.conf import settings

from runners.errors import PlatformFault
from runners.interpreters import Runtime

_FOLDERS: Final = ("base", "env", "guest")
_FILES: Final = ("install.py", "uv")


def find(slug: str) -> Runtime:
    """Give the interpreter of `python311@0123456789abcdef`, whose second half names the image."""
    for runtime in read(slug.partition("@")[2]) or []:
        if runtime.slug == slug:
            return runtime
    raise PlatformFault(
        f"This runner has not looked into the image of {slug}: run manage.py sync_environments "
        "on it."
    )


def prepare(runtime: Runtime) -> tuple[Path, str]:
    """Give the folder that is shown, and the interpreter's digest; safe to do twice at once."""
    digest = hashlib.sha256(f"{runtime.slug} {runtime.prefix}".encode()).hexdigest()
    path = Path(settings.DATA_DIR).resolve() / "runtimes" / f"image-{digest[:16]}"
    if path.is_dir():
        return path, digest
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=path.parent))
    (unfinished / "python").symlink_to(runtime.prefix)
    for name in _FOLDERS:
        (unfinished / name).mkdir(mode=0o755)
    for name in _FILES:
        (unfinished / name).touch(mode=0o644)
    unfinished.chmod(0o755)
    with contextlib.suppress(OSError):  # another process was faster, with the same content
        unfinished.rename(path)
    shutil.rmtree(unfinished, ignore_errors=True)
    return path, digest


def read(digest: str) -> list[Runtime] | None:
    """Give what was found in an image earlier; None if nobody has looked."""
    try:
        said = json.loads(_file(digest).read_text())
    except (OSError, ValueError):
        return None
    return [Runtime(**each) for each in said]


def write(digest: str, found: list[Runtime]) -> None:
    path = _file(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    unfinished.write_text(json.dumps([asdict(runtime) for runtime in found]))
    unfinished.replace(path)


def _file(digest: str) -> Path:
    return Path(settings.DATA_DIR) / "images" / f"{Path(digest).name}.json"
