"""Hear of builds that end; imported once, when the site starts."""

from __future__ import annotations

from algorithms.builds import build_ended
from algorithms.models import Build
from projects import exported, launching


def _heard(build: Build, **_: object) -> None:
    launching.go_on(build.pk)


build_ended.connect(_heard, dispatch_uid="projects")
__all__ = ["exported"]
