"""Which backend is taken, and what is said of one that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners import backends
from runners.errors import PlatformFault


def test_unknown_backend_is_refused_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match="choose docker, bubblewrap or auto"):
        backends.make("podman", data_dir=tmp_path)


def test_engine_that_does_not_answer_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match=r"docker: No Docker Engine answers .* docker\.io"):
        backends.make("docker", data_dir=tmp_path, docker_host=f"unix://{tmp_path}/none")


def test_auto_prefers_an_engine_that_answers(docker_host: str, tmp_path: Path) -> None:
    chosen = backends.make("auto", data_dir=tmp_path, docker_host=docker_host)

    assert chosen.name == "docker"


def test_auto_falls_back_to_bubblewrap(tmp_path: Path) -> None:
    chosen = backends.make("auto", data_dir=tmp_path, docker_host=f"unix://{tmp_path}/none")

    assert chosen.name == "bubblewrap"
