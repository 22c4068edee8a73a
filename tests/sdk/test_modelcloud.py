"""The SDK for authors of services, installed by itself on the oldest and the newest Python here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import uv

from tests.guest.harness import EXTREMES, PYTHONS
from tests.live import ROOT

SDK = ROOT / "sdk"


@pytest.mark.parametrize("version", EXTREMES)
def test_sdk_installs_and_passes_its_own_tests(version: str, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    python = environment / "bin" / "python"
    source = tmp_path / "sdk"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    steps = [
        [uv.find_uv_bin(), "venv", "--quiet", "--python", PYTHONS[version], str(environment)],
        ["cp", "-r", str(SDK), str(source)],  # a build writes beside what it builds
        [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(python), str(source), "pytest"],
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", str(source / "tests")],
    ]  # fmt: skip

    for step in steps:
        done = subprocess.run(
            step, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
