"""Interpreters inside images: asked who they are in a sandbox that has the image's files.

An image is a Docker image on the Docker backend, and a folder with a root file system on
bubblewrap. Nothing of it runs outside a sandbox, and nothing of it is copied.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

from runners import image_runtimes, interpreters, runtimes
from runners.backends.base import Backend, Image
from runners.errors import PlatformFault
from runners.interpreters import Runtime
from runners.specs import Limits, SandboxSpec

_SECONDS: Final = 120.0
_LOOK: Final = """
for program in /usr/local/bin/python3.* /usr/bin/python3.* /opt/*/bin/python3.*; do
  case "$program" in *-config|*'*') continue;; esac
  "$program" -I -S -c "$0" 2>/dev/null || true
done
"""


def runtimes_in(image: str, backend: Backend) -> list[Runtime]:
    """Give the interpreters of an image, oldest first; raise PlatformFault if it cannot be used."""
    content = backend.image(image)
    known = image_runtimes.read(content.digest)
    if known is None:
        known = _ask(backend, content)
        image_runtimes.write(content.digest, known)
    return known


def _ask(backend: Backend, image: Image) -> list[Runtime]:
    spec = SandboxSpec(
        name=f"image-{secrets.token_hex(4)}",
        argv=("/bin/sh", "-c", _LOOK, runtimes.QUESTION),
        mounts=(),
        environment=(("LANG", "C.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin")),
        limits=Limits(),
        image=image.reference,
    )
    sandbox = backend.start(spec)
    try:
        ended = sandbox.wait(_SECONDS)
        said = sandbox.tail()
    finally:
        sandbox.close()
    if ended is None or ended.code != 0:
        raise PlatformFault(f"Nothing can be started in the image: {said.strip()[-300:]}")
    found = (_read(line, image) for line in said.splitlines())
    return interpreters.newest_of_each(runtime for runtime in found if runtime is not None)


def _read(line: str, image: Image) -> Runtime | None:
    """What one interpreter said; an image may print anything else besides."""
    try:
        answer: dict[str, Any] = json.loads(line)
        return runtimes.described(answer, image=image.reference, content=image.digest)
    except (KeyError, TypeError, ValueError):
        return None
