"""A builder for tests of a build's life, and how a build is run to its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from algorithms import builds
from algorithms.models import Algorithm, Build
from marketplace.accounts.actors import Actor
from runners.builder import BuildResult, BuildSpec

Lines = Generator[str, None, BuildResult]

RESULT = BuildResult(
    dependencies_digest="d" * 64,
    lock="six==1.17.0",
    requirements_digest="r" * 64,
    was_resolved=True,
    was_installed=True,
    size_bytes=1000,
    source_digest="s" * 64,
    module="src.Hello",
    contract="apply",
)


def good(spec: BuildSpec, **_: Any) -> Lines:
    yield "Beginning container customization"
    yield f"{len(list(spec.tree.rglob('*.py')))} Python files"
    return RESULT


def started(algorithm: Algorithm, by: Actor) -> Build:
    return builds.start(algorithm, by=by)


def run(build: Build) -> Build:
    builds.run(str(build.pk))
    build.refresh_from_db()
    return build
