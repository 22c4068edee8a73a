"""Hear of builds that end; imported once, when the site starts."""

from __future__ import annotations

from algorithms import resolving
from algorithms.builds import build_ended
from algorithms.models import Build
from projects import exported, launching, reserving


def _heard(build: Build, **_: object) -> None:
    launching.go_on(build.pk)


resolving.warm_places.append(reserving.runner_for)
build_ended.connect(_heard, dispatch_uid="projects")
__all__ = ["exported"]
