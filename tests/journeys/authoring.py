"""An author at work from outside: everything by HTTP and the published Python client."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.live import Person, Site

SETTINGS: dict[str, Any] = {
    "source_visibility": "closed",
    "license": "apl",
    "network_access": "isolated",
    "pipeline_enabled": False,
    "language": "python3-1",
    "environment": "cpu",
}


@dataclass(frozen=True)
class Written:
    """An algorithm that was created, saved and built."""

    path: str
    commit: str
    log: str


def environment_id(client: Any, version: str) -> str:
    """The id of the CPU environment of a Python version, as a client finds it."""
    found = client.get_supported_languages()
    names = [language["name"] for language in found]
    language = next(name for name in names if name.startswith("python3"))
    environments = client.get_environment(language)["environments"]
    for one in environments:
        if one["machine_type"] == "CPU" and f" {version}" in f" {one['display_name']}":
            return str(one["id"])
    raise AssertionError(f"no environment for Python {version} among {environments}")


def on_python(client: Any, version: str) -> dict[str, Any]:
    """The settings of an algorithm that is written for this Python."""
    return {
        "algorithm_environment": environment_id(client, version),
        "language": None,
        "environment": None,
    }


def write(
    client: Any,
    site: Site,
    author: Person,
    code: str,
    *,
    name: str = "",
    requirements: str = "",
    files: dict[str, object] | None = None,
    settings: dict[str, Any] | None = None,
) -> Written:
    """Create an algorithm, save its code, build it, and insist that the build succeeds."""
    name = name or f"A{uuid.uuid4().hex[:16]}"
    path = f"{author.name}/{name}"
    algorithm = client.algo(path)
    algorithm.create({"label": name}, SETTINGS | (settings or {}))
    changes: dict[str, object] = {f"src/{name}.py": code, **(files or {})}
    if requirements:
        changes["requirements.txt"] = requirements
    return build(client, site, author, path, changes)


def build(
    client: Any, site: Site, author: Person, path: str, changes: Mapping[str, object]
) -> Written:
    """Save changes on top of what is there, and build them."""
    algorithm = client.algo(path)
    files = f"{site.url}/algorithms/{path}/files/"
    head = httpx.get(files, headers=author.headers).json()["commit"]
    saved = httpx.post(
        files,
        headers=author.headers,
        json={"parent": head, "changes": changes, "message": "Write it"},
    )
    assert saved.status_code == 200, saved.text
    compiled = algorithm.compile()
    assert compiled["compilation"]["successful"], compiled["compilation"]["output"]
    commit = compiled["version_info"]["git_hash"]
    assert commit == saved.json()["commit"]
    return Written(path, commit, compiled["compilation"]["output"])


def publish(client: Any, path: str, *, sample: str, part: str = "minor", **settings: Any) -> str:
    """Publish the newest build for everybody; give its number."""
    published = client.algo(path).publish(
        settings={"algorithm_callability": "public", **settings},
        version_info={"version_type": part, "sample_input": sample},
    )
    number: str = published["version_info"]["semantic_version"]
    return number
