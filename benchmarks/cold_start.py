"""How long a caller waits when no sandbox is warm, beside a plain interpreter and `docker run`.

Ours is everything from the call's arrival at the pool to its answer: the sandbox, the guest, the
author's module loaded, the call run. The reference is an interpreter that starts, imports
nothing but json, and ends; the containers do just that.

    python -m benchmarks.cold_start [--rounds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django

_FOLDER = tempfile.mkdtemp(prefix="agorithm-bench-")
os.environ.update(DATA_DIR=_FOLDER, DJANGO_SETTINGS_MODULE="marketplace.settings")
django.setup()

from runners import backends, runtimes  # noqa: E402 - settings first
from runners.errors import PlatformFault  # noqa: E402
from runners.groups import PoolLimits  # noqa: E402
from runners.instance import Surroundings  # noqa: E402
from runners.pool import Pool  # noqa: E402
from runners.relay import Receive, Scope, Send  # noqa: E402
from tests.runners.sandboxes import asking, spec_of  # noqa: E402

CODE = "import json\ndef apply(input):\n    return input\n"
REFERENCE = "plain interpreter"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    try:
        asyncio.run(_measure(options.rounds))
    finally:
        shutil.rmtree(_FOLDER, ignore_errors=True)


async def _measure(rounds: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        roads: dict[str, Callable[[int], Awaitable[None]]] = {REFERENCE: _interpreter}
        for name in backends.NAMES:
            pool = _pool(name)
            if pool is None:
                print(f"No {name} backend works here: it is left out.")
                continue
            stack.push_async_callback(pool.stop)
            roads[f"first answer, {name}"] = _first_answer(pool)
        image = _docker_image()
        if image:
            roads["docker run of the interpreter"] = _docker_run(image)
        found: dict[str, list[float]] = {name: [] for name in roads}
        for number in range(-1, rounds):  # the first round is for caches, and is not counted
            for name, road in roads.items():
                began = time.perf_counter()
                await road(number)
                if number >= 0:
                    found[name].append(time.perf_counter() - began)
        _print({name: statistics.median(seconds) * 1000 for name, seconds in found.items()})


def _pool(name: str) -> Pool | None:
    try:
        backend = backends.make(name, data_dir=Path(_FOLDER))
    except PlatformFault:
        return None
    around = Surroundings(
        backend=backend,
        platform=_nobody,
        platform_host="localhost",
        executor=ThreadPoolExecutor(8),
        parallel_calls=1,
    )
    return Pool(around, PoolLimits(slots=2, slots_per_version=1))


def _first_answer(pool: Pool) -> Callable[[int], Awaitable[None]]:
    async def call(number: int) -> None:
        outcome = await pool.run(spec_of(CODE), asking(payer=f"payer{number}"))
        assert outcome.failure is None, outcome.failure
        assert outcome.timings.is_cold

    return call


async def _interpreter(_number: int) -> None:
    runtime = runtimes.discover()[-1]
    program = str(Path(runtime.prefix) / "bin" / runtime.executable)
    await asyncio.to_thread(_quietly, [program, "-I", "-c", "import json"])


def _docker_run(image: str) -> Callable[[int], Awaitable[None]]:
    runtime = runtimes.discover()[-1]
    prepared = runtimes.prepare(runtime.slug)
    mounts = ["-v", f"{prepared.path}:{runtimes.PYTHON}:ro", "-v", "/usr:/usr:ro"]
    program = f"{runtimes.PYTHON}/bin/{runtime.executable}"
    library = f"LD_LIBRARY_PATH={runtimes.PYTHON}/lib"
    start = ["docker", "run", "--rm", "--network", "none", "-e", library, *mounts, image]
    command = [*start, program, "-I", "-c", "import json"]

    async def run(_number: int) -> None:
        await asyncio.to_thread(_quietly, command)

    return run


def _docker_image() -> str:
    """The image the docker backend has made, if an Engine answers."""
    answer = subprocess.run(["docker", "images", "-q"], capture_output=True, text=True, check=False)
    return answer.stdout.split("\n", 1)[0] if answer.returncode == 0 else ""


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _nobody(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _print(medians: dict[str, float]) -> None:
    print(f"{'':32} {'ms':>8} {'ratio':>7}")
    for name, milliseconds in medians.items():
        print(f"{name:32} {milliseconds:8.1f} {milliseconds / medians[REFERENCE]:7.2f}")


if __name__ == "__main__":
    main()
