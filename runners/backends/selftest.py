"""The one small program that shows whether a backend keeps its promises on this machine."""

from __future__ import annotations

import secrets
from typing import Final

from runners.backends.base import Backend, Exit
from runners.errors import PlatformFault
from runners.specs import MIB, Limits, SandboxSpec

SECONDS: Final = 60.0
_LIMITS: Final = Limits(memory=48 * MIB, processes=32, disk=8 * MIB, open_files=128)
_PASSED: Final = 42

# Only the shell: an interpreter may not be there. `tail` keeps 128 MiB in 48 MiB of memory.
_PROMISES: Final = f"""
broken() {{ echo "$1"; exit 1; }}
has() {{ grep -q "$1" /proc/self/status; }}
[ "$PWD" = /tmp/work ] || broken "it does not start in its work folder"
touch ./file || broken "its work folder cannot be written"
[ "$(id -u)" != 0 ] || broken "it runs as root"
has '^CapEff:[[:space:]]*0*$' || broken "it has capabilities"
has '^NoNewPrivs:[[:space:]]*1$' || broken "it may gain privileges"
has '^Seccomp:[[:space:]]*2$' || broken "its system calls are not filtered"
touch /file 2>/dev/null && broken "its root folder can be written"
tail -n +3 /proc/net/dev | grep -qv '^ *lo:' && broken "it has a network"
exit {_PASSED}
"""
_MEMORY: Final = "head -c 134217728 /dev/zero | tail -c 134217728 | wc -c; exit 0"


def problem(backend: Backend, *, limits_memory: bool) -> str | None:
    """Run the promises, and a program that must die of memory; say which promise is broken."""
    try:
        end, output = _run(backend, _PROMISES)
        if end is None or end.code != _PASSED:
            return f"A test sandbox failed: {output.strip()[-500:] or 'it printed nothing'}."
        if not limits_memory:
            return None
        end, output = _run(backend, _MEMORY)
    except PlatformFault as error:
        return str(error)
    if end is None or "134217728" in output:
        return "A test sandbox used more memory than its limit: limits are not enforced here."
    return None


def _run(backend: Backend, script: str) -> tuple[Exit | None, str]:
    spec = SandboxSpec(
        name=f"self-test-{secrets.token_hex(4)}",
        argv=("/bin/sh", "-c", script),
        mounts=(),
        environment=(("PATH", "/usr/bin:/bin"),),
        limits=_LIMITS,
    )
    sandbox = backend.start(spec)
    try:
        return sandbox.wait(SECONDS), sandbox.tail()
    finally:
        sandbox.close()
