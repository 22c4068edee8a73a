"""Where this machine gets its npm packages from: a setting, or what npm itself says.

No address of a registry is written down anywhere in this project.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from runners import node_runtimes, package_index
from runners.specs import Mount

_SYSTEM_CERTIFICATES: Final = Path("/etc/ssl/certs")  # every sandbox has them
_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class NpmRegistry:
    """Everything npm in a sandbox must know, and may reach."""

    url: str = ""  # empty: npm's own default cannot be known, so nothing is reached
    certificates: str = ""  # a file
    more_hosts: tuple[str, ...] = ()  # that the registry sends installers to

    @property
    def has_credentials(self) -> bool:
        return "@" in urlsplit(self.url).netloc

    def hosts(self) -> frozenset[str]:
        parts = urlsplit(self.url)
        if not parts.hostname:
            return frozenset()
        port = parts.port or (80 if parts.scheme == "http" else 443)
        named = {name if ":" in name else f"{name}:443" for name in self.more_hosts}
        return frozenset({f"{parts.hostname}:{port}", *named})

    def mounts(self) -> tuple[Mount, ...]:
        path = Path(self.certificates)
        if not self.certificates or path.is_relative_to(_SYSTEM_CERTIFICATES):
            return ()
        return (Mount(str(path), str(path)),)

    def variables(self) -> dict[str, str]:
        """All settings of npm: it reads no file in the sandbox."""
        found = {
            "npm_config_registry": self.url,
            "npm_config_cafile": self.certificates,
            "NODE_EXTRA_CA_CERTS": self.certificates,
        }
        return {
            "npm_config_globalconfig": "/nonexistent/npmrc",
            "npm_config_userconfig": "/nonexistent/user/npmrc",
            "npm_config_ignore_scripts": "true",
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
            "npm_config_loglevel": "error",
            "npm_config_fetch_retries": "1",
            "npm_config_replace_registry_host": "always",
            "npm_config_omit_lockfile_registry_resolved": "true",
            **{name: value for name, value in found.items() if value},
        }


@cache
def discover() -> NpmRegistry:
    """Read this machine's settings; asked once per process."""
    certificates = said_by_npm("cafile") or package_index.discover().certificates
    return NpmRegistry(
        url=settings.NPM_REGISTRY or said_by_npm("registry"),
        certificates=certificates if Path(certificates).is_file() else "",
        more_hosts=tuple(settings.PACKAGE_INDEX_HOSTS),
    )


def said_by_npm(name: str) -> str:
    """What npm says of one of its settings, by its files and variables; empty if it says nothing."""
    command = program()
    if not command:
        return ""
    try:
        answer = subprocess.run(
            [*command, "config", "get", name, "--loglevel=silent"],
            capture_output=True,
            check=True,
            text=True,
            timeout=_SECONDS,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    said = answer.stdout.strip()
    return "" if said in ("null", "undefined") else said


def program() -> list[str]:
    """The command that is npm on this machine: the people's own, whose settings count, or any."""
    own = shutil.which("npm")
    if own:
        return [own]
    found = node_runtimes.discover()
    if not found:
        return []
    prefix = Path(found[-1].prefix)
    start = node_runtimes.npm(prefix)
    return [str(prefix / "bin" / found[-1].executable), str(prefix / start)] if start else []
