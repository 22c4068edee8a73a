"""The rows of dependency artefacts: which lock some requirements led to, and what was installed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runners.builder import BuildResult, Memory
from runners.models import DependencySet, Environment, Resolution


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
    base = _base(environment, result)
    dependencies, _ = DependencySet.objects.update_or_create(
        digest=result.dependencies_digest,
        defaults={"last_used_at": now, "size_bytes": result.size_bytes},
        create_defaults={
            "environment": environment,
            "lock": result.lock,
            "interpreter": result.interpreter,
            "base": base,
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


def memory_of(environment: Environment) -> Memory:
    """What builds on an environment remember of one another."""
    return Memory(
        fresh_lock, keep=partial(record, environment), keep_base=partial(keep_base, environment)
    )


def keep_base(environment: Environment, lock: str) -> str:
    """Keep what an environment's packages were resolved to; give what holds: the first one's."""
    rows = Environment.objects.filter(pk=environment.pk)
    rows.filter(lock="").update(lock=lock)
    return str(rows.values_list("lock", flat=True).get())


def _base(environment: Environment, result: BuildResult) -> DependencySet | None:
    if result.base is None:
        return None
    row, _ = DependencySet.objects.update_or_create(
        digest=result.base.digest,
        defaults={"last_used_at": timezone.now(), "size_bytes": result.base.size_bytes},
        create_defaults={
            "environment": environment,
            "lock": result.base.lock.text,
            "interpreter": result.interpreter,
            "size_bytes": result.base.size_bytes,
            "last_used_at": timezone.now(),
        },
    )
    return row
