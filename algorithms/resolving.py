"""What `owner/name/version` means for who asks: which build runs, with which permissions and price."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models.signals import post_delete, post_save

from algorithms import operations
from algorithms.models import Algorithm, Build, Secret, Version
from algorithms.operations import Operations
from algorithms.permissions import may_call, may_call_unpublished, may_call_version, may_view
from billing.kinship import are_kin
from marketplace.accounts import limits
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import sealing
from marketplace.lib.errors import BadInput, Conflict, NotFound, Unavailable
from marketplace.lib.semver import Range, SemVer
from runners.models import Environment
from runners.specs import MIB, Limits, Network, RunSpec

_HASH: Final = re.compile(r"[0-9a-f]{40}\Z")
_EXACT: Final = re.compile(r"\d+\.\d+\.\d+\Z")
_MOST_REMEMBERED: Final = 10_000

warm_places: list[Callable[[Target, Actor], str]] = []
"""Each gives the runner that keeps sandboxes warm for this caller's calls; empty if it knows none."""

Key = tuple[str, str, str, UUID | None, UUID | None, tuple[UUID, UUID | None] | None]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can be called, and on which terms."""

    algorithm_id: UUID
    algorithm_owner_id: UUID
    path: str  # owner/name as the owner writes it
    version_id: UUID | None
    build_id: UUID
    label: str  # 1.2.3, or the commit of an unpublished build
    spec: RunSpec
    may_call_others: bool
    royalty_microcredits: int
    is_open_source: bool
    keeps_insights: bool = False
    rate: int | None = None  # its environment's own, for a second; None: that of its machine
    operations: Operations = field(default_factory=dict)  # if there are several to choose from
    warning: str = ""  # what who pinned a withdrawn version should know

    def __str__(self) -> str:
        return self.path

    @property
    def digest(self) -> str:
        """Of all that is run: the source, what is installed, the interpreter and the entry point."""
        spec = self.spec
        parts = (spec.source, spec.dependencies, spec.interpreter, spec.module, spec.contract)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def resolve(owner: str, name: str, wanted: str, *, by: Actor) -> Target:
    """Find what is to be called; raise NotFound, NotAllowed, NotSignedIn or BadInput.

    Partial forms (`1.2`, `1.*`) never reach private versions, so that two callers of one
    address get the same code.
    """
    limits.refresh()
    algorithm = find(owner, name, by=by)
    by.require(may_call, algorithm)
    if not _HASH.match(wanted):
        refuse_quarantined(algorithm)
    target = for_caller(_target(algorithm, wanted, by), by=by)
    runner = next(filter(None, (place(target, by) for place in warm_places)), "")
    return replace(target, spec=replace(target.spec, runner=runner)) if runner else target


def for_caller(target: Target, *, by: Actor) -> Target:
    """The target at what it costs this actor: whoever is close to its author owes no royalty."""
    if not target.royalty_microcredits or by.owner_id is None:
        return target
    if by.speaks_for(target.algorithm_owner_id) or are_kin(by.owner_id, target.algorithm_owner_id):
        return replace(target, royalty_microcredits=0)
    return target


def find(owner: str, name: str, *, by: Actor) -> Algorithm:
    """The algorithm at a place, or with a UUID in place of the owner; NotFound to strangers."""
    rows = Algorithm.objects.select_related("owner", "environment")
    rows = rows.at(owner, name) if name else rows.filter(pk__in=_uuids(owner))
    algorithm = rows.first()
    place = f"{owner}/{name}" if name else owner
    if algorithm is not None and algorithm.is_public and not may_view(by, algorithm):
        refuse_quarantined(algorithm)
    if algorithm is None or not may_view(by, algorithm):
        raise NotFound(f"algorithm algo://{place} not found", wire_code=1001)
    return algorithm


def refuse_quarantined(algorithm: Algorithm) -> None:
    """Raise NotFound while the moderators keep it from being called, and say that it is they.

    It has been public, so its existence is no secret; its owner may still run unpublished builds.
    """
    if algorithm.quarantined_at is not None:
        raise NotFound(
            f"algorithm algo://{algorithm} is quarantined: this site's moderators have stopped it "
            f"on {algorithm.quarantined_at:%Y-%m-%d} and no version of it can be called until "
            "they release it. Nothing was charged.",
            wire_code=1001,
        )


def remembered_as(owner: str, name: str, wanted: str, actor: Actor) -> Key:
    """What two calls must have in common to be resolved alike."""
    running = actor.running
    inside = (running.algorithm_id, running.payer_key_id) if running else None
    return (owner, name, wanted, actor.key_id, actor.owner_id, inside)


def remembered(owner: str, name: str, wanted: str, actor: Actor) -> Target | None:
    """A resolution made for the same actor a moment ago, without asking the database."""
    entry = _remembered.get(remembered_as(owner, name, wanted, actor))
    if entry is None or entry[0] < time.monotonic():
        return None
    return entry[1]


def remember(owner: str, name: str, wanted: str, actor: Actor, target: Target) -> None:
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    key = remembered_as(owner, name, wanted, actor)
    _remembered[key] = (time.monotonic() + settings.CALL_CACHE_SECONDS, target)


def of_build(build: Build, *, by: Actor) -> Target:
    """An unpublished build with the algorithm's present settings, for its owner's people."""
    by.require(may_call_unpublished, build.algorithm)
    return of_build_row(build)


_remembered: dict[Key, tuple[float, Target]] = {}


def _target(algorithm: Algorithm, wanted: str, by: Actor) -> Target:
    if _HASH.match(wanted):
        return _by_commit(algorithm, wanted, by)
    version = _version(algorithm, wanted, by)
    if version is None:
        if wanted in ("", "latest") and not algorithm.is_public:
            raise NotFound(
                f"algorithm algo://{algorithm} not found: it has no public version yet; its owner "
                "can call it by version, by commit or with latestPrivate",
                wire_code=1001,
            )
        raise NotFound(f"algorithm algo://{algorithm}/{wanted} not found", wire_code=1001)
    by.require(may_call_version, version)
    return of_version_row(version)


def _version(algorithm: Algorithm, wanted: str, by: Actor) -> Version | None:
    versions = algorithm.versions.select_related(
        "build__environment", "build__dependencies", "algorithm__owner"
    ).newest_first()
    if wanted in ("", "latest"):
        return versions.public().first()
    if wanted == "latestPrivate":
        by.require(may_call_unpublished, algorithm)
        private = versions.among_members()
        return private.filter(yanked_at__isnull=True).first()
    if _EXACT.match(wanted):
        number = SemVer.parse(wanted)
        return versions.filter(
            major=number.major, minor=number.minor, revision=number.revision
        ).first()
    floating = Range.parse(wanted)
    if floating is None:
        raise BadInput(
            f"{wanted[:60]!r} is no version: write 1.2.3, 1.2, 1.2.*, latest, latestPrivate or "
            "the 40 digits of a commit."
        )
    versions = versions.public().filter(major=floating.major)
    if floating.minor is not None:
        versions = versions.filter(minor=floating.minor)
    return versions.first()


def _by_commit(algorithm: Algorithm, commit: str, by: Actor) -> Target:
    by.require(may_call_unpublished, algorithm)
    builds = algorithm.builds.filter(commit=commit).select_related(
        "algorithm__owner", "environment", "dependencies"
    )
    build = builds.succeeded().first()
    if build is not None:
        return of_build_row(build)
    latest = builds.first()
    if latest is None:
        raise NotFound(f"algorithm algo://{algorithm}/{commit} not found", wire_code=1001)
    if latest.has_ended:
        raise Conflict(
            f"The build of {commit[:8]} did not succeed: {latest.error or latest.state}."
        )
    raise Conflict(f"The build of {commit[:8]} has not finished yet; try again when it has.")


def of_version_row(version: Version) -> Target:
    """What calling the version means; asks nobody whether they may."""
    algorithm = version.algorithm
    spec = _spec(
        version.build,
        network=version.network_access,
        is_shareable=version.is_shareable,
    )
    return Target(
        algorithm_id=algorithm.pk,
        algorithm_owner_id=algorithm.owner_id,
        path=str(algorithm),
        version_id=version.pk,
        build_id=version.build_id,
        label=str(version.number),
        spec=spec,
        may_call_others=version.may_call_others,
        keeps_insights=version.keeps_insights,
        royalty_microcredits=version.royalty_microcredits,
        is_open_source=algorithm.source_visibility == Algorithm.SourceVisibility.OPEN,
        rate=version.build.environment.rate,
        operations=operations.of(version.build),
        warning=_warning(version),
    )


def _warning(version: Version) -> str:
    if not version.is_yanked:
        return ""
    reason = f" {version.yank_reason}" if version.yank_reason else ""
    return (
        f"Version {version.number} of {version.algorithm} was withdrawn: it still runs for those "
        f"who name it, and no pattern leads to it. Move to another version.{reason}"
    )


def of_build_row(build: Build) -> Target:
    """What calling the build means; asks nobody whether they may."""
    algorithm = build.algorithm
    spec = _spec(
        build,
        network=algorithm.network_access,
        is_shareable=algorithm.is_shareable,
    )
    return Target(
        algorithm_id=algorithm.pk,
        algorithm_owner_id=algorithm.owner_id,
        path=str(algorithm),
        version_id=None,
        build_id=build.pk,
        label=build.commit,
        spec=spec,
        may_call_others=algorithm.may_call_others,
        keeps_insights=algorithm.keeps_insights,
        royalty_microcredits=0,
        operations=operations.of(build),
        is_open_source=algorithm.source_visibility == Algorithm.SourceVisibility.OPEN,
        rate=build.environment.rate,
    )


def _spec(build: Build, *, network: str, is_shareable: bool) -> RunSpec:
    environment: Environment = build.environment
    return RunSpec(
        algorithm=str(build.algorithm),
        module=build.module,
        language=environment.language,
        contract=build.contract,
        interpreter=_interpreter(build, environment),
        dependencies=build.dependencies_id or "",
        base=(build.dependencies.base_id or "") if build.dependencies is not None else "",
        source=build.source_digest,
        network=Network(network),
        machine=environment.machine,
        gpu=environment.is_gpu,
        is_shareable=is_shareable,
        variables=variables(build.algorithm),
        limits=sandbox_limits(environment.memory_mb),
    )


def _interpreter(build: Build, environment: Environment) -> str:
    """What its packages were installed for, whatever its environment has become."""
    made_for = build.dependencies.interpreter if build.dependencies is not None else ""
    return made_for or environment.runtime


def variables(algorithm: Algorithm) -> tuple[tuple[str, str], ...]:
    """The algorithm's secrets, for its sandboxes and nobody else; asks nobody whether they may."""
    secrets = Secret.objects.filter(algorithm=algorithm).order_by("secret_key")
    try:
        return tuple((secret.secret_key, secret.unseal()) for secret in secrets)
    except sealing.Unreadable:
        raise Unavailable(
            f"The secrets of {algorithm} cannot be read any more, because this site's SECRET_KEY "
            "has changed. Its owner must set them again. Nothing was charged."
        ) from None


def sandbox_limits(memory_mb: int | None = None) -> Limits:
    """What one sandbox may use here, by the operator's settings or those of its environment."""
    return Limits(
        memory=(memory_mb or settings.SANDBOX_MEMORY_MB) * MIB,
        cpus=settings.SANDBOX_CPUS,
        processes=settings.SANDBOX_PROCESSES,
        disk=settings.SANDBOX_DISK_MB * MIB,
        output=settings.CALL_OUTPUT_BYTES,
    )


def _uuids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def forget_all(**_: object) -> None:
    """Ask the database again: something that can be called has changed in this process."""
    _remembered.clear()


for _model in (Algorithm, Version, Build, Environment, Secret, Owner):
    post_save.connect(forget_all, sender=_model, weak=False)
    post_delete.connect(forget_all, sender=_model, weak=False)
