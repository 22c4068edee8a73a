"""Resolves and installs npm packages: package.json, an npm lock without addresses, node_modules.

Nobody's install scripts run, neither while the lock is made nor later.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runners import package_json, workshop
from runners.errors import BuildFailed, PlatformFault
from runners.package_json import Manifest
from runners.workshop import FOLDER, NOTES, Workshop

HEADER: Final = "# npm\n"
_NPM: Final = "npm"  # of the runtime's own bin
_INTEGRITY: Final = re.compile(r"sha(?:512|384|256|1)-[A-Za-z0-9+/=]+(?: .*)?")
_PLACE: Final = re.compile(r"(?:node_modules/(?:@[\w.~-]+/)?(?!\.)[\w.~-]+(?:/(?=n)|$))+")
_NOT_FOUND: Final = re.compile(
    r"404 +Not Found - \S+ \S*?/((?:@|%40)?[^/\s]+(?:%2[fF][^/\s]+)?)(?:\s|$)"
)
_NO_VERSION: Final = re.compile(r"No matching version found for (\S+?)\.(?:\s|$)")
_LOG: Final = re.compile(r"npm error A complete log of this run.*|npm error code \w+")


@dataclass(frozen=True, slots=True)
class NpmLock:
    """Pinned packages, as npm writes them, with the hash of each."""

    text: str  # with its first line

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.text.removeprefix(HEADER))
        return content

    @property
    def packages(self) -> list[str]:
        """What is installed at the top or below, but not what is for other systems."""
        return sorted(
            {
                f"{_name(place, about)}=={about['version']}"
                for place, about in self.content["packages"].items()
                if place and not about.get("link") and "os" not in about and "cpu" not in about
            }
        )

    @property
    def with_scripts(self) -> list[str]:
        """Packages that would run a script of their own when they are installed."""
        packages = self.content["packages"].items()
        return sorted({_name(place, one) for place, one in packages if one.get("hasInstallScript")})

    def digest(self, base: str) -> str:
        return hashlib.sha256(f"npm 1\n{base}\n{self.text}".encode()).hexdigest()

    def notes(self) -> dict[str, str]:
        root = self.content["packages"].get("", {})
        manifest = {"name": "algorithm", "version": "0.0.0", "private": True, **root}
        return {
            "package.json": json.dumps(manifest),
            "package-lock.json": self.text.removeprefix(HEADER),
        }

    def commands(self, shop: Workshop) -> list[list[str]]:
        del shop
        notes = f"{FOLDER}/{NOTES}"
        line = (
            f"cp {notes}/package.json {notes}/package-lock.json {FOLDER}/ && cd {FOLDER} && "
            f"{_NPM} ci --cache {notes}/cache --omit=dev && mkdir -p node_modules && "
            "rm -f package.json package-lock.json node_modules/.package-lock.json"
        )
        return [["/bin/sh", "-c", line]]

    def explain(self, output: str) -> str:
        return f"The packages could not be installed: {_reason(output)}"


@dataclass(frozen=True, slots=True)
class NpmQuestion:
    """Everything that decides what a lock will be, besides what the registry holds."""

    manifest: Manifest
    base: str  # digest of the interpreter

    def __str__(self) -> str:
        wanted = [
            f"{name}@{said}"
            for group in self.manifest.asked.values()
            for name, said in group.items()
        ]
        own = ", by package-lock.json" if self.manifest.lock is not None else ""
        return f"{', '.join(wanted) or 'none'}{own}"

    @property
    def digest(self) -> str:
        lock = json.dumps(self.manifest.lock, sort_keys=True)
        parts = ["npm", self.manifest.text(), lock, self.base]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def resolve(self, shop: Workshop) -> Generator[str, None, NpmLock]:
        if not self.manifest.names:
            return _lock_of({"lockfileVersion": 3, "packages": {"": {}}})
        if shop.index.has_credentials:
            raise PlatformFault("The address of the npm registry may hold no password.")
        folder = Path(tempfile.mkdtemp(prefix="resolve-"))
        try:
            workshop.write_note(folder, package_json.NAME, self.manifest.text())
            if self.manifest.lock is not None:
                workshop.write_note(folder, package_json.LOCK, json.dumps(self.manifest.lock))
            result = yield from workshop.run(shop, folder, [_resolving()], is_quiet=True)
            text = workshop.read_note(folder, package_json.LOCK)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if result.exit.is_out_of_memory:
            raise BuildFailed(f"The packages could not be resolved: {result.exit.reason}.")
        if result.exit.code != 0:
            raise BuildFailed(f"The packages could not be resolved: {_reason(result.output)}")
        lock = checked(text)
        for name in lock.with_scripts:
            yield f"The install script of {name} is not run: no package's is"
        return lock


def ask(tree: Path, *, base: str, more: dict[str, str]) -> NpmQuestion:
    """What the tree asks for, with what every environment has."""
    return NpmQuestion(package_json.read(tree).with_more(more), base)


def _resolving() -> list[str]:
    npm = f"{_NPM} install --package-lock-only --omit=dev --cache {FOLDER}/{NOTES}/cache"
    return ["/bin/sh", "-c", f"cd {FOLDER}/{NOTES} && {npm}"]


def checked(text: str) -> NpmLock:
    """Take a lock whose every package comes from the registry and has a hash, and no address."""
    try:
        said = json.loads(text)
        packages = said["packages"]
        for place, about in packages.items():
            if place:
                _check(place, about)
                about.pop("resolved", None)
        return _lock_of({"lockfileVersion": said["lockfileVersion"], "packages": packages})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BuildFailed(f"npm wrote a lock that cannot be read: {error!r}.") from None


def _check(place: str, about: dict[str, Any]) -> None:
    name = _name(place, about)
    address = str(about.get("resolved", ""))
    is_elsewhere = bool(about.get("link")) or not _PLACE.fullmatch(place)
    if is_elsewhere or (address and not address.startswith(("https://", "http://"))):
        raise BuildFailed(
            f"The package {name} is to come from {address or place}, and builds reach the "
            "package index only."
        )
    if not about.get("inBundle") and not _INTEGRITY.fullmatch(str(about.get("integrity", ""))):
        raise BuildFailed(f"The package index gives no hash for {name}, so it is not installed.")


def _lock_of(content: dict[str, Any]) -> NpmLock:
    said = {"name": "algorithm", "requires": True, **content}
    return NpmLock(HEADER + json.dumps(said, indent=1, sort_keys=True))


def _name(place: str, about: dict[str, Any]) -> str:
    return str(about.get("name") or place.rpartition("node_modules/")[2])


def _reason(output: str) -> str:
    """What npm said, in a sentence that names the package."""
    unknown = _NOT_FOUND.search(output)
    if unknown:
        name = unknown[1].replace("%2f", "/").replace("%2F", "/").replace("%40", "@")
        return f"there is no package {name} in the package index; is the name right?"
    missing = _NO_VERSION.search(output)
    if missing:
        return f"no version fits {missing[1]}; correct it in package.json."
    lines = [line.strip() for line in _LOG.sub("", output).splitlines()]
    said = [
        line.removeprefix("npm error").strip() for line in lines if line.startswith("npm error")
    ]
    words = [word for word in said if word] or [line for line in lines if line]
    return " ".join(words[:8])[:600] or "npm said nothing."
