"""What the tidying task takes away, and what it leaves."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.utils import timezone

from algorithms import retention
from algorithms.models import Build, BuildLogChunk, Call
from runners.models import DependencySet, Resolution
from tests.factories import AlgorithmFactory, BuildFactory, EnvironmentFactory, VersionFactory

pytestmark = pytest.mark.django_db

OLD = timezone.now() - timedelta(days=100)


@pytest.fixture
def data(tmp_path: Path, settings: LazySettings) -> Path:
    settings.DATA_DIR = tmp_path
    settings.BUILDS_KEPT_DAYS = 90
    for name in ("sources", "environments"):
        (tmp_path / name).mkdir()
    return tmp_path


def built(**fields: object) -> Build:
    """A build that ended long ago."""
    build = BuildFactory.create(**fields)
    BuildLogChunk.objects.create(build=build, offset=0, text="done\n")
    age = timedelta(days=100)
    Build.objects.filter(pk=build.pk).update(created_at=OLD, finished_at=timezone.now() - age)
    return build


def on_disk(folder: Path, *names: str) -> None:
    yesterday = time.time() - 2 * 24 * 3600
    for name in names:
        (folder / name / "src").mkdir(parents=True)
        os.utime(folder / name, (yesterday, yesterday))


def test_old_build_goes_with_its_log_and_the_files_only_it_used(data: Path) -> None:
    environment = EnvironmentFactory.create()
    shared, lonely = (
        DependencySet.objects.create(digest=digest * 64, environment=environment, lock="")
        for digest in "ab"
    )
    DependencySet.objects.update(last_used_at=OLD)
    Resolution.objects.create(
        environment=environment,
        requirements_digest="c" * 64,
        dependencies=lonely,
        resolved_at=OLD,
    )
    algorithm = AlgorithmFactory.create()
    old = built(algorithm=algorithm, source_digest="1" * 64, dependencies=lonely)
    kept = BuildFactory.create(algorithm=algorithm, source_digest="2" * 64, dependencies=shared)
    on_disk(data / "sources", "1" * 64, "2" * 64)
    on_disk(data / "environments", "a" * 64, "b" * 64)
    (data / "environments" / ("d" * 64)).mkdir()  # of a build in progress: touched just now

    done = retention.tidy_up()

    assert done == {"builds": 1, "sources": 1, "environments": 1}
    assert list(Build.objects.all()) == [kept]
    assert not BuildLogChunk.objects.filter(build_id=old.pk).exists()
    assert list(DependencySet.objects.all()) == [shared]
    assert not Resolution.objects.exists()
    assert [path.name for path in (data / "sources").iterdir()] == ["2" * 64]
    assert {path.name[0] for path in (data / "environments").iterdir()} == {"a", "d"}


def test_build_of_a_version_the_last_ones_and_those_still_called_stay(data: Path) -> None:
    algorithm = AlgorithmFactory.create()
    of_a_version = built(algorithm=algorithm)
    VersionFactory.create(build=of_a_version)
    called = built(algorithm=algorithm)
    Call.objects.create(
        root_id=uuid4(), build_id=called.pk, result="succeeded", started_at=timezone.now()
    )
    forgotten = built(algorithm=algorithm)
    newest_good = built(algorithm=algorithm)
    Build.objects.filter(pk=newest_good.pk).update(created_at=OLD + timedelta(hours=1))
    newest = built(algorithm=algorithm, state=Build.State.FAILED)
    Build.objects.filter(pk=newest.pk).update(created_at=OLD + timedelta(hours=2))
    running = built(algorithm=algorithm, state=Build.State.RUNNING)

    assert retention.tidy_up()["builds"] == 1

    left = set(Build.objects.values_list("pk", flat=True))
    assert forgotten.pk not in left
    assert left == {one.pk for one in (of_a_version, called, newest_good, newest, running)}
