"""Turns an author's files into something that runs: a source snapshot and a dependency artefact.

A build is a generator of log lines, so that whoever asked can show them as they come. It ends
with a BuildResult, with BuildFailed when the author can mend it, or with PlatformFault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from runners import (
    artefacts,
    bases,
    contracts,
    host,
    languages,
    runtimes,
    sources,
    toolchains,
)
from runners.backends.base import Backend
from runners.bases import Base, KeepLock
from runners.contracts import Contract, Detected
from runners.diagnosis import explain_load_failure, explain_start_failure
from runners.errors import BuildFailed
from runners.installing import Lock, Question
from runners.interpreters import Runtime
from runners.sources import Snapshot
from runners.specs import MIB, Limits, LoadReport, Network, RunSpec
from runners.workshop import Workshop

_PULSE_SECONDS: Final = 0.25

Check = Callable[[RunSpec], LoadReport]
Keep = Callable[["BuildResult"], object]
FindLock = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """What to build, and how the result will run."""

    environment_slug: str  # python311, python311-gpu or pytorch
    tree: Path  # the commit, checked out
    algorithm: str  # owner/name
    machine: str = "cpu"  # the kind it needs
    is_gpu: bool = False
    network: Network = Network.ISOLATED
    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # secrets
    limits: Limits = field(default_factory=Limits)  # of a run
    contract: str = ""  # the one its owner insists on, whatever the tree looks like
    interpreter: str = ""  # as runners know it; empty: by the environment's slug
    packages: tuple[str, ...] = ()  # what the environment brings
    base_lock: str = ""  # what they were resolved to before

    @property
    def runtime(self) -> str:
        return self.interpreter or self.environment_slug


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Everything a version must remember of its build."""

    dependencies_digest: str
    lock: str
    requirements_digest: str
    was_resolved: bool  # now, and not taken from an earlier build
    was_installed: bool
    size_bytes: int  # of the dependencies
    source_digest: str
    module: str
    contract: str
    interface: dict[str, Any] = field(default_factory=dict)  # runners.contracts.Interface
    interpreter: str = ""  # what it was installed for
    base: Base | None = None  # what its environment brings


@dataclass(frozen=True, slots=True)
class Memory:
    """What builds remember of one another, so that nothing is resolved twice."""

    find_lock: FindLock = lambda _slug, _requirements_digest: None
    """Gives the lock that these requirements led to, if it is known and fresh."""

    keep: Keep = lambda _result: None
    """Is told what was installed before the module loads: a build that fails there is kept too."""

    keep_base: KeepLock = lambda lock: lock
    """Is told what an environment's packages were resolved to; gives the lock that holds."""


def build(
    spec: BuildSpec,
    *,
    check: Check,
    memory: Memory | None = None,
    pulse: Callable[[], None] = lambda: None,
    backend: Backend | None = None,
) -> Generator[str, None, BuildResult]:
    """Build it, yielding log lines.

    `check` loads the module once in a sandbox as it will run. `pulse` is called several times
    a second; what it raises ends the build, which leaves nothing behind.
    """
    began = time.perf_counter()
    yield "Beginning container customization"
    shop = _workshop(spec, pulse, backend)
    runtime = shop.runtime.runtime
    yield f"{languages.title(runtime.language)} {runtime.version} for {spec.algorithm}"
    data, memory = Path(settings.DATA_DIR).resolve(), memory or Memory()
    source = sources.snapshot(spec.tree, data / "sources")
    entrance = contracts.detect(source.folder, wanted=spec.contract, language=runtime.language)
    contract = contracts.get(entrance.contract)
    yield from _told(source, contract, runtime)
    shop.check()
    base = yield from _base(spec, memory, data / "environments", shop)
    question = toolchains.question(source.folder, contract, shop, base)
    yield f"Requirements: {question}"
    known = memory.find_lock(spec.environment_slug, question.digest)
    lock = yield from _lock(question, known, shop, spec.packages)
    artefact = yield from _install(lock, data / "environments", shop)

    result = BuildResult(
        dependencies_digest=artefact.digest,
        lock=lock.text,
        requirements_digest=question.digest,
        was_resolved=known is None,
        was_installed=not artefact.was_there,
        size_bytes=artefact.size_bytes,
        source_digest=source.digest,
        module=entrance.module,
        contract=entrance.contract,
        interpreter=runtime.slug,
        base=base,
    )
    memory.keep(result)
    shop.check()
    said = yield from _heard(run_spec(spec, result), entrance, source.folder, check, shop)
    described = contract.describe(source.folder, said).as_json()
    yield f"Build succeeded in {time.perf_counter() - began:.1f} s"
    return replace(result, interface=described)


def run_spec(spec: BuildSpec, result: BuildResult) -> RunSpec:
    """Say how the result of a build is run."""
    runtime = runtimes.find(spec.runtime)
    return RunSpec(
        algorithm=spec.algorithm,
        module=result.module,
        contract=result.contract,
        language=runtime.language,
        interpreter=runtime.slug,
        dependencies=result.dependencies_digest,
        base=result.base.digest if result.base is not None else "",
        source=result.source_digest,
        network=spec.network,
        machine=spec.machine,
        gpu=spec.is_gpu,
        variables=spec.variables,
        limits=spec.limits,
    )


def restore(
    environment_slug: str, lock: str, *, backend: Backend | None = None
) -> Generator[str, None, str]:
    """Install a lock again, on a host that does not have its artefact; give the digest."""
    spec = BuildSpec(environment_slug, Path(), "")
    shop = _workshop(spec, lambda: None, backend)
    folder = Path(settings.DATA_DIR).resolve() / "environments"
    artefact = yield from artefacts.install(toolchains.read_lock(lock), folder, shop)
    return artefact.digest


def _workshop(spec: BuildSpec, pulse: Callable[[], None], backend: Backend | None) -> Workshop:
    disk = settings.BUILD_DISK_MB * MIB
    limits = Limits(
        memory=settings.BUILD_MEMORY_MB * MIB,
        cpus=max(2.0, settings.SANDBOX_CPUS),
        processes=512,
        disk=min(disk, settings.BUILD_MEMORY_MB * MIB // 2),  # /tmp counts as memory
        open_files=4096,
    )
    runtime = runtimes.find(spec.runtime)
    return Workshop(
        backend=backend or host.backend(),
        runtime=runtimes.prepare(runtime.slug),
        index=toolchains.index_of(runtime.language),
        limits=limits,
        deadline=time.monotonic() + settings.BUILD_TIMEOUT_SECONDS,
        disk=disk,
        pulse=pulse,
    )


def _told(source: Snapshot, contract: Contract, given: Runtime) -> Generator[str, None, None]:
    """Say what is built and with which Python; refuse a Python that is not carried here."""
    yield f"Source: {_count(source.files, 'file')}, {_size(source.size_bytes)}"
    yield f"Contract: {contract.name}"
    yield from contract.notes(source.folder)
    asked = contract.python(source.folder) if given.is_python else ""
    if not asked:
        return
    minor = ".".join(asked.split(".")[:2])
    if minor not in ("3", given.minor):
        carried = ", ".join(runtime.minor for runtime in runtimes.discover())
        raise BuildFailed(
            f"The app asks for Python {asked}, and this platform carries {carried}; "
            "choose one of these in runtime.txt or .python-version."
        )
    if asked != given.version:
        yield f"Asked for Python {asked}, given {given.version}"


def _base(
    spec: BuildSpec, memory: Memory, folder: Path, shop: Workshop
) -> Generator[str, None, Base | None]:
    if not spec.packages:
        return None
    keep = memory.keep_base
    return (yield from bases.ready(spec.packages, spec.base_lock, keep, folder, shop))


def _lock(
    question: Question, known: str | None, shop: Workshop, brought: tuple[str, ...]
) -> Generator[str, None, Lock]:
    if known is not None:
        lock = toolchains.read_lock(known)
        yield f"Resolved before: {_count(len(lock.packages), 'package')}"
        return lock
    began = time.perf_counter()
    try:
        lock = yield from question.resolve(shop)
    except BuildFailed as error:
        raise bases.explained(error, brought) if brought else error from None
    seconds = time.perf_counter() - began
    yield f"Resolved {_count(len(lock.packages), 'package')} in {seconds:.1f} s"
    for package in lock.packages:
        yield f"  {package}"
    return lock


def _install(lock: Lock, folder: Path, shop: Workshop) -> Generator[str, None, artefacts.Artefact]:
    began = time.perf_counter()
    artefact = yield from artefacts.install(lock, folder, shop)
    if artefact.was_there:
        yield f"Dependencies are installed already ({_size(artefact.size_bytes)})"
    else:
        seconds = time.perf_counter() - began
        yield f"Installed {_size(artefact.size_bytes)} of dependencies in {seconds:.1f} s"
    return artefact


def _heard(
    spec: RunSpec, entrance: Detected, tree: Path, check: Check, shop: Workshop
) -> Generator[str, None, Mapping[str, Any]]:
    """Try what was built; give what it says of itself, before its setup and after it alike."""
    contract = contracts.get(entrance.contract)
    described: Mapping[str, Any] = {}
    if contract.describes_itself:
        described = yield from _described(spec, check, shop)
    needed = contract.needed(tree, described)
    if needed:
        yield f"Setup is not tried: it needs {', '.join(needed)}, given when it goes online"
        return described
    yield f"Loading {entrance.command or entrance.module} once, as a caller's sandbox will"
    said = yield from _check(spec, check, shop)
    if any(said.get(name) != value for name, value in described.items()):
        raise BuildFailed(
            "The model describes itself differently with RW_META=1 and at GET /meta; its options "
            "and commands may not depend on how it is started."
        )
    return said


def _described(
    spec: RunSpec, check: Check, shop: Workshop
) -> Generator[str, None, Mapping[str, Any]]:
    report = _tried(replace(spec, only_describes=True), check, shop)
    if report.failure is not None:
        yield f"It says nothing of itself before its setup: {report.failure.message}"
        return {}
    yield f"Described itself in {report.seconds:.2f} s"
    return report.manifest


def _tried(spec: RunSpec, check: Check, shop: Workshop) -> LoadReport:
    """Load the module in a thread, so that `pulse` goes on meanwhile."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="check")
    pending = executor.submit(check, spec)
    executor.shutdown(wait=False)
    while not wait([pending], timeout=_PULSE_SECONDS).done:
        shop.check()
    return pending.result()


def _check(spec: RunSpec, check: Check, shop: Workshop) -> Generator[str, None, Mapping[str, Any]]:
    """Load the module; give what it says of itself."""
    report = _tried(spec, check, shop)
    yield from report.stdout.splitlines()
    if report.failure is not None and contracts.get(spec.contract).starts_a_process:
        raise explain_start_failure(report.failure)  # whose log is all there is
    if report.failure is not None:
        yield from report.failure.stacktrace.splitlines()
        raise explain_load_failure(report.failure)
    yield f"Loaded in {report.seconds:.2f} s"
    return report.manifest


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.1f} kB" if size < 1000_000 else f"{size / 1000_000:.1f} MB"
