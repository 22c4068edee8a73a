"""Where this machine gets its packages from, read at run time from pip's and uv's settings.

uv does not read pip's configuration, and neither program sees this machine's settings from
inside a sandbox: so both are told by variables, with the files they name mounted beside them.
No address of an index is written down anywhere in this project.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from pip._internal.models.index import PyPI

from runners.specs import Mount

_SECTIONS: Final = ("global", "install", ":env:")  # the later, the stronger
_SYSTEM_CERTIFICATES: Final = Path("/etc/ssl/certs")  # every sandbox has them


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """Everything an installer in a sandbox must know, and may reach."""

    url: str = ""  # empty: the installers' own default
    more_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    certificates: str = ""  # a file
    trusted: tuple[str, ...] = ()  # hosts whose certificate is not checked
    is_offline: bool = False  # no index, only find_links
    more_hosts: tuple[str, ...] = ()  # that an index redirects to

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(place for place in (self.url, *self.more_urls, *self.find_links) if place)

    @property
    def has_credentials(self) -> bool:
        """Whether an address holds a password, which code of strangers must not see."""
        return any("@" in urlsplit(place).netloc for place in self.locations)

    def variables(self) -> dict[str, str]:
        """The environment of uv and pip inside the sandbox."""
        found = {
            "UV_DEFAULT_INDEX": self.url,
            "PIP_INDEX_URL": self.url,
            "UV_EXTRA_INDEX_URL": " ".join(self.more_urls),
            "PIP_EXTRA_INDEX_URL": " ".join(self.more_urls),
            "UV_FIND_LINKS": ",".join(self.find_links),
            "PIP_FIND_LINKS": " ".join(self.find_links),
            "UV_INSECURE_HOST": " ".join(self.trusted),
            "PIP_TRUSTED_HOST": " ".join(self.trusted),
            "UV_NO_INDEX": "1" if self.is_offline else "",
            "PIP_NO_INDEX": "1" if self.is_offline else "",
            "SSL_CERT_FILE": self.certificates,
            "PIP_CERT": self.certificates,
        }
        return {
            "UV_NO_CONFIG": "1",
            "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip does: the best of all indexes
            "PIP_CONFIG_FILE": "/dev/null",
            **{name: value for name, value in found.items() if value},
        }

    def mounts(self) -> tuple[Mount, ...]:
        """The folders and files of this machine that the settings name, read-only."""
        paths = {path for place in self.locations for path in _local_folders(place)}
        certificates = Path(self.certificates)
        if self.certificates and not certificates.is_relative_to(_SYSTEM_CERTIFICATES):
            paths.add(certificates)
        outermost = [path for path in paths if not paths.intersection(path.parents)]
        return tuple(Mount(str(path), str(path)) for path in sorted(outermost) if path.exists())

    def hosts(self) -> frozenset[str]:
        """The hosts an installer must reach, as `name:port`."""
        named = {name if ":" in name else f"{name}:443" for name in self.more_hosts}
        if not self.is_offline:
            usual = {f"{PyPI.netloc}:443", f"{PyPI.file_storage_domain}:443"}
            named |= {_host(place) for place in self.locations}
            named |= usual if not self.url or _host(self.url) in usual else set()
        return frozenset(named - {""})


@cache
def discover() -> PackageIndex:
    """Read this machine's settings; asked once per process."""
    return from_settings(
        _pip_configuration(), settings.PACKAGE_INDEX_VARIABLES, settings.PACKAGE_INDEX_HOSTS
    )


def from_settings(
    pip: Mapping[str, str], variables: Mapping[str, str], more_hosts: list[str]
) -> PackageIndex:
    """Join what pip's configuration and the environment say; uv's own variables win."""

    def said(pip_name: str, *uv_names: str) -> str:
        return next((variables[name] for name in uv_names if variables.get(name)), "") or pip.get(
            pip_name, ""
        )

    more = [
        *variables.get("UV_INDEX", "").split(),
        *said("extra-index-url", "UV_EXTRA_INDEX_URL").split(),
    ]
    links = said("find-links", "UV_FIND_LINKS").replace(",", " ").split()
    certificates = said("cert", "SSL_CERT_FILE") or variables.get("REQUESTS_CA_BUNDLE", "")
    return PackageIndex(
        url=said("index-url", "UV_DEFAULT_INDEX", "UV_INDEX_URL"),
        more_urls=tuple(_without_name(place) for place in more),
        find_links=tuple(links),
        certificates=certificates if Path(certificates).is_file() else "",
        trusted=tuple(said("trusted-host", "UV_INSECURE_HOST").split()),
        is_offline=said("no-index", "UV_NO_INDEX").lower() in ("1", "true", "yes", "on"),
        more_hosts=tuple(more_hosts),
    )


def _pip_configuration() -> dict[str, str]:
    """What pip itself says its settings are, files and PIP_ variables together."""
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return read_pip_configuration(answer.stdout)


def read_pip_configuration(text: str) -> dict[str, str]:
    """Read `section.name='value'` lines, the stronger section last."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    merged: dict[str, str] = {}
    for section in _SECTIONS:
        merged |= found[section]
    return merged


def _without_name(place: str) -> str:
    """Uv lets an index have a name, `name=address`."""
    name, _, address = place.partition("=")
    return address if address and "/" not in name else place


def _host(place: str) -> str:
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _local_folders(place: str) -> Iterator[Path]:
    """A folder given as a path or a file:// address; for a simple index also what lies beside it."""
    parts = urlsplit(place)
    if parts.scheme not in ("", "file"):
        return
    path = Path(parts.path).expanduser()
    if not path.is_absolute():
        return
    is_simple_index = path.name == "simple" and len(path.parts) > 2
    yield path.parent if is_simple_index else path
