"""A build's life, with the builder replaced at its one seam: who takes it, how it ends, whose it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from algorithms import amounts, authoring, build_logs, builds, repositories
from algorithms.models import Algorithm, Build, BuildLogChunk
from marketplace.accounts import run_tokens
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import Conflict
from runners import host
from runners.builder import BuildSpec
from runners.errors import BuildFailed, PlatformFault
from runners.models import DependencySet
from runners.specs import LoadReport, RunSpec
from tests.algorithms.building.making import RESULT, Lines, good, run, started

pytestmark = pytest.mark.django_db(transaction=True)


def test_started_build_waits_for_the_newest_commit(
    algorithm: Algorithm, alice: Actor, queued: list[str]
) -> None:
    build = started(algorithm, alice)

    assert build.state == Build.State.QUEUED
    assert build.commit == repositories.head(algorithm.pk)
    assert build.environment == algorithm.environment
    assert build.requested_by_id == alice.user_id
    assert queued == [str(build.pk)]


def test_build_that_succeeds_records_what_it_made(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None], tmp_path: Path
) -> None:
    use(good)

    build = run(started(algorithm, alice))

    assert (build.state, build.error) == (Build.State.SUCCEEDED, "")
    assert (build.source_digest, build.module) == ("s" * 64, "src.Hello")
    assert build.dependencies == DependencySet.objects.get(digest="d" * 64)
    assert build.started_at is not None
    assert build.finished_at is not None
    assert build_logs.whole(build.pk) == ("Beginning container customization\n3 Python files\n")
    assert list((tmp_path / "checkouts").iterdir()) == []


def test_readme_of_the_commit_becomes_the_documentation(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    use(good)
    changes: dict[str, bytes | None] = {"README.md": None, "Readme.MD": "# Grüße".encode()}
    authoring.save_files(algorithm, by=alice, changes=changes)

    run(started(algorithm, alice))

    assert Algorithm.objects.get().readme == "# Grüße"


def test_fault_of_the_author_fails_the_build_and_says_which(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    def broken(spec: BuildSpec, **_: Any) -> Lines:
        yield "working"
        raise BuildFailed("There is no package nothing==9.")

    use(broken)
    build = run(started(algorithm, alice))

    assert (build.state, build.error) == (Build.State.FAILED, "There is no package nothing==9.")
    assert build_logs.whole(build.pk) == "working\n\nThere is no package nothing==9.\n"
    assert build.dependencies is None


@pytest.mark.parametrize("error", [PlatformFault("The index is away."), RuntimeError("secret")])
def test_fault_of_ours_is_not_blamed_on_the_author(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None], error: Exception
) -> None:
    def broken(spec: BuildSpec, **_: Any) -> Lines:
        yield "working"
        raise error

    use(broken)
    build = run(started(algorithm, alice))

    assert build.state == Build.State.FAULT
    assert build.error.endswith("Your code is not at fault: start the build again.")
    assert "secret" not in build.error


def test_repository_that_cannot_be_exported_is_the_authors_fault(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(good)
    monkeypatch.setattr(amounts, "MAX_FILES", 1)

    build = run(started(algorithm, alice))

    assert build.state == Build.State.FAILED
    assert "data collection" in build.error


def test_message_delivered_twice_builds_once(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    calls = []

    def counting(spec: BuildSpec, **_: Any) -> Lines:
        calls.append(spec)
        yield "once"
        return RESULT

    use(counting)
    build = started(algorithm, alice)
    threads = [threading.Thread(target=in_thread, args=(build,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(calls) == 1
    assert run(build).attempts == 1
    assert build_logs.whole(build.pk) == "once\n"


def in_thread(build: Build) -> None:
    try:
        builds.run(str(build.pk))
    finally:
        connection.close()


def test_line_is_stored_before_the_next_one_comes(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    stored: list[bool] = []
    build = started(algorithm, alice)

    def slow(spec: BuildSpec, **_: Any) -> Lines:
        deadline = time.monotonic() + 60
        yield "first"
        chunks = BuildLogChunk.objects.filter(build=build)
        while not chunks.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        stored.append(chunks.exists())
        return RESULT

    use(slow)
    run(build)

    assert stored == [True]


def test_cancelled_build_stops_and_stays_cancelled(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    ended = []

    def endless(spec: BuildSpec, *, pulse: Callable[[], None], **_: Any) -> Lines:
        try:
            yield "working"
            builds.cancel(Build.objects.select_related("algorithm__owner").get(), by=alice)
            for _often in range(1200):
                pulse()
                time.sleep(0.05)
        finally:
            ended.append(True)
        return RESULT

    use(endless)
    build = run(started(algorithm, alice))

    assert ended == [True]
    assert (build.state, build.error) == (Build.State.CANCELLED, "alice cancelled it.")
    assert build.module == ""
    assert build_logs.whole(build.pk).endswith("alice cancelled it.\n")
    assert AuditEntry.objects.filter(action="cancelled a build").exists()


def test_build_that_ended_is_not_cancelled(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    use(good)
    build = run(started(algorithm, alice))

    with pytest.raises(Conflict, match="already ended"):
        builds.cancel(build, by=alice)

    build.refresh_from_db()
    assert build.state == Build.State.SUCCEEDED


def test_worker_that_was_given_up_cannot_end_the_build(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None]
) -> None:
    def overtaken(spec: BuildSpec, **_: Any) -> Lines:
        yield "working"
        Build.objects.update(attempts=2, heartbeat_at=timezone.now())
        raise BuildFailed("too late")

    use(overtaken)
    build = run(started(algorithm, alice))

    assert (build.state, build.error) == (Build.State.RUNNING, "")


def test_check_runs_as_the_author_within_the_scopes_of_their_key(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Actor] = []

    def check_load(spec: RunSpec, token: str) -> LoadReport:
        seen.append(run_tokens.read(token))
        return LoadReport(None, "", 0.1)

    def checking(spec: BuildSpec, *, check: Callable[[RunSpec], LoadReport], **_: Any) -> Lines:
        yield "checking"
        check(RunSpec("alice/Hello", "src.Hello"))
        return RESULT

    monkeypatch.setattr(host, "check_load", check_load)
    use(checking)
    narrow = replace(alice, scopes=frozenset({Scope.MANAGE, Scope.DATA_READ}))

    run(started(algorithm, alice))
    run(started(algorithm, narrow))
    run(started(algorithm, replace(alice, patterns=("algo://alice/*",))))

    full, limited, restricted = seen
    assert (full.name, full.owner_id) == ("alice", alice.owner_id)
    assert full.scopes == {Scope.CALL, Scope.DATA_READ, Scope.DATA_WRITE}
    assert limited.scopes == {Scope.DATA_READ}
    assert restricted.scopes == {Scope.DATA_READ, Scope.DATA_WRITE}
    assert full.running is not None
    assert full.running.algorithm_path == "alice/Hello"


def test_build_of_somebody_who_left_runs_as_nobody(
    algorithm: Algorithm, alice: Actor, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Actor] = []
    monkeypatch.setattr(
        host, "check_load", lambda _spec, token: seen.append(run_tokens.read(token))
    )

    def checking(spec: BuildSpec, *, check: Callable[[RunSpec], LoadReport], **_: Any) -> Lines:
        yield "checking"
        check(RunSpec("alice/Hello", "src.Hello"))
        return RESULT

    use(checking)
    build = started(algorithm, alice)
    Build.objects.update(requested_by=None)
    run(build)

    assert seen[0].is_anonymous
    assert not seen[0].scopes
