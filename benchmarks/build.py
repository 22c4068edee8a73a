"""What a build costs, beside making the same environment by hand and starting a container.

Read the ratios: absolute figures belong to the machine and to its package index.

    python -m benchmarks.build [--rounds 3] [--environment python311]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

_FOLDER = tempfile.mkdtemp(prefix="agorithm-bench-")
os.environ.update(DATA_DIR=_FOLDER, DJANGO_SETTINGS_MODULE="marketplace.settings")
django.setup()

from runners import runtimes  # noqa: E402 - settings first
from runners.builder import Memory  # noqa: E402
from tests.runners.building import run_build, template_tree  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environment", default=runtimes.discover()[-1].slug)
    options = parser.parse_args()
    try:
        roads = _roads(options.environment)
        found: dict[str, list[float]] = {name: [] for name in roads}
        for _ in range(options.rounds):
            for name, road in roads.items():  # in turns, so that a busy moment hits all
                began = time.perf_counter()
                road()
                found[name].append(time.perf_counter() - began)
        _print({name: statistics.median(seconds) for name, seconds in found.items()})
    finally:
        shutil.rmtree(_FOLDER, ignore_errors=True)


def _roads(slug: str) -> dict[str, Callable[[], object]]:
    tree = template_tree(Path(_FOLDER) / "tree")
    known = run_build(tree, slug=slug).done  # interpreter and sandbox are ready from here on
    runtime = runtimes.find(slug)
    python = Path(runtime.prefix) / "bin" / runtime.executable
    warm = Memory(lambda *_: known.lock)

    def cold() -> None:
        shutil.rmtree(Path(_FOLDER) / "environments" / known.dependencies_digest)
        run_build(tree, slug=slug)

    def by_hand() -> None:
        with tempfile.TemporaryDirectory() as folder:
            _quietly([str(python), "-m", "venv", folder])
            wanted = str(tree / "requirements.txt")
            _quietly([f"{folder}/bin/python", "-m", "pip", "install", "-q", "-r", wanted])

    roads: dict[str, Callable[[], object]] = {
        "Agorithm, everything new": cold,
        "Agorithm, only the code is new": lambda: run_build(tree, slug=slug, memory=warm),
        "python -m venv, pip install": by_hand,
    }
    image = _image()
    if image:
        start = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "/bin/true", image]
        roads["docker run of nothing"] = lambda: _quietly(start)
    else:
        print("No Docker Engine with an image answers: docker run is left out.\n")
    return roads


def _image() -> str:
    answer = subprocess.run(["docker", "images", "-q"], capture_output=True, text=True, check=False)
    return answer.stdout.split("\n", 1)[0] if answer.returncode == 0 else ""


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _print(medians: dict[str, float]) -> None:
    reference = medians["python -m venv, pip install"]
    print(f"{'':32} {'seconds':>8} {'ratio':>7}")
    for name, seconds in medians.items():
        print(f"{name:32} {seconds:8.2f} {seconds / reference:7.3f}")


if __name__ == "__main__":
    main()
