"""The rows of dependency artefacts: which lock some requirements led to, and what was installed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runners.models import DependencySet, Environment, Resolution

if TYPE_CHECKING:
    from runners.builder import BuildResult


def fresh_lock(environment_slug: str, requirements_digest: str) -> str | None:
    """Give the lock these requirements led to, unless newer releases should be looked for."""
    oldest = timezone.now() - timedelta(seconds=settings.LOCK_LIFETIME_SECONDS)
    resolution = (
        Resolution.objects.select_related("dependencies")
        .filter(
            environment__slug=environment_slug,
            requirements_digest=requirements_digest,
            resolved_at__gte=oldest,
        )
        .first()
    )
    return resolution.dependencies.lock if resolution else None


@transaction.atomic
def record(environment: Environment, result: BuildResult) -> DependencySet:
    """Write down what a build installed or found installed; safe to do twice."""
    now = timezone.now()
    dependencies, _ = DependencySet.objects.update_or_create(
        digest=result.dependencies_digest,
        defaults={"last_used_at": now, "size_bytes": result.size_bytes},
        create_defaults={
            "environment": environment,
            "lock": result.lock,
            "size_bytes": result.size_bytes,
            "last_used_at": now,
        },
    )
    if result.was_resolved:
        Resolution.objects.update_or_create(
            environment=environment,
            requirements_digest=result.requirements_digest,
            defaults={"dependencies": dependencies, "resolved_at": now},
        )
    return dependencies
