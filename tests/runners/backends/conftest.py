"""Every test of sandboxes runs on both backends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from runners import backends, runtimes
from runners.backends.base import Backend, Sandbox
from runners.specs import MIB, Limits, Mount, SandboxSpec

ATTACKS = Path(__file__).parent / "attacks"
SMALL = Limits(memory=128 * MIB, processes=64, disk=16 * MIB, open_files=256)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session", params=backends.NAMES)
def backend(request: pytest.FixtureRequest, data_dir: Path) -> Backend:
    host = request.getfixturevalue("docker_host") if request.param == "docker" else ""
    return backends.make(request.param, data_dir=data_dir, docker_host=host)


@pytest.fixture(scope="session")
def python() -> SandboxSpec:
    """What a sandbox needs to run a Python: the system's, or any that is found."""
    found: tuple[Mount, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    program = "/usr/bin/python3"
    if not Path(program).exists():
        prepared = runtimes.prepare(runtimes.discover()[-1].slug)
        found = (Mount(str(prepared.path), runtimes.PYTHON),)
        program, variables = prepared.program, runtimes.variables(prepared.runtime.slug)
    return SandboxSpec(
        name="python",
        argv=(program, "-B"),
        mounts=(*found, Mount(str(ATTACKS), "/opt/attacks")),
        environment=(("LANG", "C.UTF-8"), ("PYTHONUNBUFFERED", "1"), *variables),
        limits=SMALL,
    )


Start = Callable[..., Sandbox]


@pytest.fixture
def start(backend: Backend, python: SandboxSpec, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start a Python with some arguments in a sandbox that ends with the test."""
    with ExitStack() as sandboxes:

        def begin(*arguments: str, **changes: object) -> Sandbox:
            spec = replace(python, name=request.node.name, argv=(*python.argv, *arguments))
            sandbox = backend.start(replace(spec, **changes))  # type: ignore[arg-type]
            sandboxes.callback(sandbox.close)
            return sandbox

        yield begin
