"""Builds for tests: an author's files, a real sandbox, and the log as a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from django.conf import settings

from runners import backends, builder, languages
from runners.backends.base import Backend
from runners.builder import BuildResult, BuildSpec
from runners.groups import PoolLimits
from runners.instance import Surroundings
from runners.pool import Pool
from runners.relay import Receive, Scope, Send
from runners.specs import LoadReport, RunSpec

HELLO = "def apply(input):\n    return 'Hello ' + input\n"


@cache
def backend() -> Backend:
    return backends.make("bubblewrap", data_dir=Path(settings.DATA_DIR))


def write_tree(folder: Path, **files: str) -> Path:
    """Write files, whose names are spelled with __ for a slash and _dot_ for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def hello_tree(folder: Path, *, code: str = HELLO, requirements: str | None = None) -> Path:
    """The smallest algorithm: src/Hello.py and perhaps requirements.txt."""
    write_tree(folder, src__Hello_dot_py=code)
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements)
    return folder


def template_tree(folder: Path) -> Path:
    for name, content in languages.render("python3", owner="alice", algorithm="Hello").items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@dataclass
class Building:
    """A build that ran to its end."""

    lines: list[str] = field(default_factory=list)
    result: BuildResult | None = None

    @property
    def done(self) -> BuildResult:
        assert self.result is not None
        return self.result

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def follow(self, steps: Generator[str, None, BuildResult]) -> Building:
        """Run it; what it raises passes through, and the lines so far stay."""
        while True:
            try:
                self.lines.append(next(steps))
            except StopIteration as stop:
                self.result = stop.value
                return self


def run_build(
    tree: Path,
    *,
    slug: str = "python311",
    building: Building | None = None,
    check: Callable[[RunSpec], LoadReport] | None = None,
    within: Backend | None = None,
    wanted: Mapping[str, Any] | None = None,
    **options: Any,
) -> Building:
    """Build it on our backend or another; `wanted` is what else its BuildSpec says."""
    made_by = within or backend()
    spec = BuildSpec(slug, tree, "alice/Hello", **(wanted or {}))
    steps = builder.build(
        spec, check=check or partial(load, by=made_by), backend=made_by, **options
    )
    return (building or Building()).follow(steps)


def load(spec: RunSpec, by: Backend | None = None) -> LoadReport:
    """The smoke check in a real sandbox."""
    return asyncio.run(_load(spec, by or backend()))


async def _load(spec: RunSpec, by: Backend) -> LoadReport:
    around = Surroundings(
        backend=by,
        platform=_nobody,
        platform_host="market.example",
        executor=ThreadPoolExecutor(4),
        parallel_calls=1,
    )
    pool = Pool(around, PoolLimits(slots=1))
    try:
        return await pool.check_load(spec, "")
    finally:
        await pool.stop()


async def _nobody(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b"no platform"})
