"""The `web` contract, Cloud Foundry's and Heroku's: a Procfile whose process `web` speaks HTTP.

Nothing is said about models, schemas or types: the app is started with `$PORT`, is ready when it
answers anything over HTTP, and gets each call as `POST /`. The guest's half is runners/guest/web.py.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from marketplace.lib import plain_yaml
from runners.author_files import is_own_file
from runners.contracts import openapi, procfile, surroundings
from runners.contracts.base import Detected, Interface, Operation
from runners.errors import BuildFailed
from runners.specs import MIB, Mount, RunSpec, SandboxSpec

PORT: Final = 8080
_LONGEST_CALL: Final = 3600
"""What gunicorn is told instead of its own 30 seconds: our own limits end what takes too long."""

DEFAULTS: Final = {
    "WEB_CONCURRENCY": "1",
    "GUNICORN_CMD_ARGS": f"--access-logfile - --timeout {_LONGEST_CALL}",
}
"""Variables that an owner may set otherwise."""

_IDS: Final = uuid.UUID("b2f6f1f7-9f6a-5d0c-8a3e-6f3c1d9a7e21")
_RUNTIME: Final = re.compile(r"(?:python-)?(3(?:\.(?:\d+|x)){0,2})")
_MANIFEST: Final = "manifest.yml"
_LARGEST: Final = 64 * 1024
_MOST_ALIASES: Final = 16  # such manifests merge what their apps have in common


class Web:
    """An app of its own that listens on `$PORT`."""

    name = "web"
    starts_a_process = True
    describes_itself = False
    has_pages = True
    grace_seconds = surroundings.GRACE_SECONDS

    def detect(self, tree: Path) -> Detected | None:
        if not procfile.is_there(tree):
            return None
        command = procfile.read(tree).get(procfile.WEB)
        return Detected(self.name, procfile.FILE, command) if command else None

    def missing(self, tree: Path) -> str:
        if not procfile.is_there(tree):
            return ""
        others = ", ".join(procfile.read(tree)) or "nothing"
        return f"the Procfile has no process {procfile.WEB}, in small letters (it has {others})"

    def python(self, tree: Path) -> str:
        """By runtime.txt, or .python-version if there is none: `python-3.6.0`, `3.6.x`, `3.6`."""
        for name in ("runtime.txt", ".python-version"):
            path = tree / name
            if not is_own_file(path, tree):
                continue
            lines = path.read_bytes()[:_LARGEST].decode(errors="replace").split("\n")
            said = next((text for line in lines if (text := line.strip(" \r\t\ufeff"))), "")
            found = _RUNTIME.fullmatch(said)
            if found is None:
                raise BuildFailed(
                    f"{name} says {said[:60]!r}, which is no version of Python; "
                    "write python-3.11 or 3.11."
                )
            return ".".join(part for part in found[1].split(".") if part != "x")
        return ""

    def requirements(self, tree: Path) -> tuple[str, ...]:
        del tree
        return ()

    def notes(self, tree: Path) -> tuple[str, ...]:
        del tree
        return ()

    def needed(self, tree: Path, said: Mapping[str, Any]) -> tuple[str, ...]:
        del tree, said
        return ()

    def describe(self, tree: Path, said: Mapping[str, Any]) -> Interface:
        del said  # an app says nothing of itself
        declared = openapi.read(tree)
        if declared is None:
            return Interface((Operation("call", title="POST /"),))
        operation = Operation(
            "call",
            title="POST /",
            description=declared.description,
            input=declared.input,
            output=declared.output,
        )
        return Interface((operation,), source="declared")

    def plan(
        self, spec: RunSpec, *, mounts: tuple[Mount, ...], sockets: str, name: str
    ) -> SandboxSpec:
        mine = replace(spec, variables=(*DEFAULTS.items(), *spec.variables))
        more = _variables(spec, name)
        return surroundings.sandbox(mine, mounts=mounts, sockets=sockets, name=name, more=more)

    def told(self, spec: RunSpec, tree: Path) -> dict[str, Any]:
        command = procfile.read(tree).get(procfile.WEB, "")
        return {
            "contract": self.name,
            "module": spec.module,
            "command": command,
            "port": spec.port or PORT,
            "health": _health(tree),
            "look": surroundings.LOOK_SECONDS if spec.kept else 0,
            "grace": surroundings.GRACE_SECONDS,
        }


def _variables(spec: RunSpec, name: str) -> dict[str, str]:
    """What both platforms promise an app, from what we know of it."""
    owner, _, app = spec.algorithm.partition("/")
    megabytes = f"{spec.limits.memory // MIB}"
    instance = str(uuid.uuid5(_IDS, f"{spec.algorithm} {spec.source} {name}"))
    application = {
        "application_id": str(uuid.uuid5(_IDS, spec.algorithm)),
        "application_name": app,
        "application_uris": [],
        "application_version": spec.source,
        "instance_id": instance,
        "instance_index": 0,
        "limits": {
            "mem": int(megabytes),
            "disk": spec.limits.disk // MIB,
            "fds": spec.limits.open_files,
        },
        "name": app,
        "organization_name": owner,
        "process_type": procfile.WEB,
        "space_name": owner,
        "uris": [],
        "version": spec.source,
    }
    return {
        "PORT": str(spec.port or PORT),
        "VCAP_APP_HOST": "0.0.0.0",  # noqa: S104 - inside the sandbox
        "VCAP_APP_PORT": str(spec.port or PORT),
        "VCAP_APPLICATION": json.dumps(application),
        "VCAP_SERVICES": "{}",
        "CF_INSTANCE_GUID": instance,
        "CF_INSTANCE_INDEX": "0",
        "INSTANCE_GUID": instance,
        "INSTANCE_INDEX": "0",
        "MEMORY_LIMIT": f"{megabytes}M",
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "random",
        "FORWARDED_ALLOW_IPS": "*",
    }


def _health(tree: Path) -> str:
    """The path that must answer 200 before the app counts as ready, if manifest.yml names one."""
    path = tree / _MANIFEST
    if not is_own_file(path, tree) or path.stat().st_size > _LARGEST:
        return ""
    try:
        said = plain_yaml.load(path.read_bytes(), most_aliases=_MOST_ALIASES)
    except plain_yaml.Unreadable as error:
        raise BuildFailed(f"{_MANIFEST} cannot be read: {error}.") from None
    apps = said.get("applications") if isinstance(said, dict) else None
    first = apps[0] if isinstance(apps, list) and apps else said
    endpoint = first.get("health-check-http-endpoint") if isinstance(first, dict) else None
    is_path = isinstance(endpoint, str) and re.fullmatch(r"/[!-~]{0,200}", endpoint)
    return endpoint if endpoint is not None and is_path else ""
