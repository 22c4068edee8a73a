"""What the address of a call says: an algorithm with its version, or a service of a project."""

from __future__ import annotations

import re
from typing import Final

from marketplace.lib.errors import BadInput

_VERSION: Final = re.compile(r"\d|latest|[0-9a-f]{40}\Z|\Z", re.IGNORECASE)


def of_algorithm(rest: str) -> tuple[str, str, str, str]:
    """Give owner, name, version and operation; a UUID stands for owner and name."""
    parts = rest.strip("/").split("/")
    name = ""
    if "-" in parts[0]:
        owner, *versions = parts
    else:
        owner, name, *versions = [*parts, ""] if len(parts) < 2 else parts
    is_odd = len(versions) > 2 or (len(versions) == 2 and not _VERSION.match(versions[0]))
    if is_odd or (not name and "-" not in owner):
        raise BadInput(f"{rest[:80]!r} is no algorithm: write owner/name or owner/name/version.")
    if len(versions) == 1 and not _VERSION.match(versions[0]):
        versions = ["", *versions]  # the newest version, and one of its operations
    version, operation = [*versions, "", ""][:2]
    return owner, name, version, operation


def of_service(rest: str) -> tuple[str, str, str, str]:
    """Give owner, project, service and operation."""
    parts = rest.strip("/").split("/")
    if not 3 <= len(parts) <= 4 or not all(parts):
        raise BadInput(f"{rest[:80]!r} is no service: write owner/project/service[/command].")
    owner, project, service, operation = [*parts, ""][:4]
    return owner, project, service, operation
