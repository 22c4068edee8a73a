"""Forget builds that nobody needs, with their logs, and the files only they used.

Kept for ever: a build that a version was published from. Kept besides: the newest build of an
algorithm and its newest good one, and any that was called by its hash meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from algorithms.models import Build, Call
from runners import disused
from runners.models import DependencySet

_BATCH: Final = 200


@shared_task(name="algorithms.retention.tidy_up")
def tidy_up() -> dict[str, int]:
    """Remove all that is due; safe to run at any time and twice at once."""
    before = timezone.now() - timedelta(days=settings.BUILDS_KEPT_DAYS)
    data = Path(settings.DATA_DIR)
    builds = _forget_builds(before)
    _forget_dependencies(before)
    sources = set(Build.objects.exclude(source_digest="").values_list("source_digest", flat=True))
    dependencies = set(DependencySet.objects.values_list("digest", flat=True))
    return {
        "builds": builds,
        "sources": disused.remove_all_but(sources, data / "sources"),
        "environments": disused.remove_all_but(dependencies, data / "environments"),
    }


def _forget_builds(before: datetime) -> int:
    """Delete in small batches: each log may have thousands of lines."""
    forgotten = 0
    while due := list(_due(before).values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            forgotten += (
                Build.objects.filter(pk__in=due, version=None)
                .delete()[1]
                .get("algorithms.Build", 0)
            )
    return forgotten


def _due(before: datetime) -> QuerySet[Build]:
    newest = Build.objects.filter(algorithm=OuterRef("algorithm")).order_by("-created_at")
    called = Call.objects.filter(build_id=OuterRef("pk"), started_at__gte=before)
    return (
        Build.objects.filter(state__in=Build.ENDED, finished_at__lt=before, version=None)
        .exclude(pk=Subquery(newest.values("pk")[:1]))
        .exclude(pk__in=Subquery(newest.succeeded().values("pk")[:1]))
        .exclude(Exists(called))
        .order_by("created_at")
    )


def _forget_dependencies(before: datetime) -> None:
    """What no build asks for goes, unless it was asked for lately; resolutions to it go, too."""
    unused = DependencySet.objects.filter(builds=None, last_used_at__lt=before)
    unused.exclude(base=None).delete()
    unused.filter(extensions=None).delete()
