"""What is known of an algorithm's dependencies: for which Python, and what was last installed."""

from __future__ import annotations

from algorithms.models import Algorithm, Build
from runners import languages, toolchains


def python_of(algorithm: Algorithm) -> str:
    """`3.11` of the interpreter its environment names."""
    return ".".join(algorithm.environment.version.split(".")[:2])


def last_lock(algorithm: Algorithm) -> str:
    """The lock of the newest good build, as text; empty if there is none."""
    build = last_locked_build(algorithm)
    return build.dependencies.lock if build is not None and build.dependencies else ""


def last_locked_build(algorithm: Algorithm) -> Build | None:
    builds = algorithm.builds.succeeded().filter(dependencies__isnull=False)
    return builds.select_related("dependencies").first()


def locked_packages(algorithm: Algorithm) -> list[tuple[str, str]]:
    """What the newest good build installed, as (name, version)."""
    text = last_lock(algorithm)
    packages = toolchains.read_lock(text).packages if text else []
    return [(name, version) for name, _, version in (one.partition("==") for one in packages)]


def file_of(algorithm: Algorithm) -> str:
    return languages.get(algorithm.environment.language).configuration_file
