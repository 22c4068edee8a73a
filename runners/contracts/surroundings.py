"""What an author's process finds around it in a sandbox, whatever its contract."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from runners.specs import Mount, Network, RunSpec, SandboxSpec

ENVIRONMENT: Final = "/opt/agorithm/env"
BASE: Final = "/opt/agorithm/base"
PYTHON: Final = "/opt/agorithm/python"
RUNTIME: Final = "/opt/agorithm/runtime"  # the interpreter of another language than Python
GUEST: Final = "/opt/agorithm/guest/serve.py"
SOURCE: Final = "/opt/algorithm"
FILES: Final = "/opt/files"
"""Where files are shown that an instance is set up with."""

WORK: Final = "/tmp/work"  # noqa: S108 - inside the sandbox
RELAY: Final = "http://127.0.0.1:9000"
EGRESS: Final = "http://127.0.0.1:9001"

GRACE_SECONDS: Final = 10.0
"""How long a server has for what it is doing when it is to end."""
LOOK_SECONDS: Final = 20.0
"""How long a server that is online is left alone before it is asked again how it is."""


def sandbox(
    spec: RunSpec,
    *,
    mounts: tuple[Mount, ...],
    sockets: str,
    name: str,
    more: Mapping[str, str] | None = None,
) -> SandboxSpec:
    """A sandbox in which our guest answers; `more` is what its contract adds to the variables."""
    return SandboxSpec(
        name=name,
        argv=(_python(spec), "-I", GUEST, *(("echo=1",) if spec.kept else ())),
        mounts=mounts,
        environment=tuple(variables(spec, more or {}).items()),
        limits=spec.limits,
        sockets=sockets,
        gpu=spec.gpu,
        working_folder=WORK,
    )


def _python(spec: RunSpec) -> str:
    """The interpreter of the guest; beside another language's it needs none of the packages."""
    return f"{ENVIRONMENT}/bin/python" if spec.language == "python3" else f"{PYTHON}/bin/python3"


def _of_language(spec: RunSpec) -> dict[str, str]:
    """What the programs of the author's language look for."""
    system = "/usr/local/bin:/usr/bin:/bin"
    if spec.language == "javascript":
        bin_folders = f"{ENVIRONMENT}/node_modules/.bin:{RUNTIME}/bin"
        return {"PATH": f"{bin_folders}:{system}", "NODE_ENV": "production"}
    if spec.language == "r":
        return {
            "PATH": f"{RUNTIME}/bin:{system}",
            "R_HOME": RUNTIME,
            "R_LIBS": f"{ENVIRONMENT}/library",
            "R_LIBS_SITE": f"{RUNTIME}/site-library",
            "R_LIBS_USER": "/nonexistent",
            "TZ": "UTC",
        }
    base = f"{BASE}/bin:" if spec.base else ""
    return {"PATH": f"{ENVIRONMENT}/bin:{base}{PYTHON}/bin:{system}"}


def variables(spec: RunSpec, more: Mapping[str, str]) -> dict[str, str]:
    """What the author's process finds in its environment; secrets cannot replace ours."""
    threads = str(max(1, math.ceil(spec.limits.cpus)))
    ours = {
        "ALGORITHMIA_API": RELAY,
        "HOME": WORK,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": f"{PYTHON}/lib",
        "LOGNAME": "algo",
        "MKL_NUM_THREADS": threads,
        "NUMEXPR_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox
        "USER": "algo",
        **_of_language(spec),
    }
    if spec.network is Network.FULL:
        ours |= {
            "HTTP_PROXY": EGRESS,
            "HTTPS_PROXY": EGRESS,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
            "http_proxy": EGRESS,
            "https_proxy": EGRESS,
            "no_proxy": "127.0.0.1,localhost",
        }
    return dict(spec.variables) | ours | dict(more)
