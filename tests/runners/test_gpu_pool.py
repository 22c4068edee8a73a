"""Calls that need a GPU, in real sandboxes; only the files of the devices are stood in for."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from runners.backends.bubblewrap import BubblewrapBackend
from runners.backends.gpus import Devices
from runners.errors import NoRunner
from runners.groups import PoolLimits
from runners.instance import Surroundings
from runners.pool import Pool
from runners.relay import Receive, Scope, Send
from tests.runners.sandboxes import asking, spec_of

UUID = "GPU-cccccccc-0003"
CODE = """
import os
name = {name!r}
def apply(input):
    return [name, os.environ["CUDA_VISIBLE_DEVICES"], sorted(os.listdir("/dev"))]
"""


async def _nobody(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    """The one GPU of a machine."""
    with tempfile.TemporaryDirectory(prefix="agorithm-machine-") as name:
        home = Path(name)
        home.chmod(0o755)  # sandboxes' users may look into /dev
        (home / "dev").mkdir()
        for device in ("nvidia0", "nvidiactl"):
            (home / "dev" / device).touch()
        folder = home / "proc/driver/nvidia/gpus/0000:01:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"GPU UUID: {UUID}\nDevice Minor: 0\n")
        yield Devices(tmp_path, root=home)


async def test_one_gpu_serves_versions_in_turn_and_never_two_at_once(devices: Devices) -> None:
    backend = BubblewrapBackend(Path(settings.DATA_DIR), devices=devices)
    around = Surroundings(
        backend=backend,
        platform=_nobody,
        platform_host="market.example",
        executor=ThreadPoolExecutor(8),
        parallel_calls=1,
    )
    kinds = frozenset({"cpu", "gpu"})
    pool = Pool(around, PoolLimits(machines=kinds, gpu_slots=backend.gpu_slots()))
    specs = [spec_of(CODE.format(name=name), gpu=True, machine="gpu") for name in ("a", "b")]

    outcomes = await asyncio.gather(*(pool.run(spec, asking()) for spec in (*specs, *specs)))
    with pytest.raises(NoRunner) as refusal:
        await pool.run(spec_of(CODE, gpu=True, machine="nvidia-a100"), asking())
    await pool.stop()

    said = [outcome.body.decode() for outcome in outcomes]
    assert [text[:5] for text in said] == ['["a",', '["b",', '["a",', '["b",']
    assert all(UUID in text and '"nvidia0"' in text for text in said)
    assert str(refusal.value) == (
        "No runner of the kind nvidia-a100 is online at the moment. That is the platform's "
        "fault, not your call's."
    )
    devices.take(patience=0).give_back()
