"""Where this machine gets its R packages from: the setting CRAN_MIRROR, or nowhere.

No address of a mirror is written down anywhere in this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from runners.specs import Mount


@dataclass(frozen=True, slots=True)
class CranMirror:
    """Everything R in a sandbox must know, and may reach."""

    url: str = ""
    more_hosts: tuple[str, ...] = ()

    @property
    def has_credentials(self) -> bool:
        return "@" in urlsplit(self.url).netloc

    def hosts(self) -> frozenset[str]:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return frozenset()
        port = parts.port or (80 if parts.scheme == "http" else 443)
        named = {name if ":" in name else f"{name}:443" for name in self.more_hosts}
        return frozenset({f"{parts.hostname}:{port}", *named})

    def mounts(self) -> tuple[Mount, ...]:
        """The folder that a file:// address names."""
        parts = urlsplit(self.url)
        is_folder = parts.scheme == "file" and Path(parts.path).is_dir()
        return (Mount(parts.path, parts.path),) if is_folder else ()

    def variables(self) -> dict[str, str]:
        return {"CRAN_MIRROR": self.url.rstrip("/"), "TZ": "UTC"}


@cache
def discover() -> CranMirror:
    return CranMirror(settings.CRAN_MIRROR, tuple(settings.PACKAGE_INDEX_HOSTS))
