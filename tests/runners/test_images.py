"""Environments with files of their own: a folder for bubblewrap, an image of a Docker Engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runners import backends, environments_sync, images, runtimes
from runners.backends.base import Backend
from runners.errors import PlatformFault
from runners.models import Environment
from tests.runners import root_folders
from tests.runners.building import hello_tree, run_build

IMAGE = "agorithm-test:1"
CODE = """
import os, sys, six
print(open("/usr/share/mark").read(), os.path.exists("/usr/sbin"), os.access("/usr", os.W_OK))
print(os.path.realpath(sys.executable), os.listdir("/opt/agorithm"))
def apply(input):
    return input
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root").resolve()
    return root_folders.make(folder, runtimes.discover()[-1])


@pytest.fixture(params=backends.NAMES)
def image(request: pytest.FixtureRequest, root: Path) -> tuple[Backend, str]:
    """A backend, and the name by which it knows the files."""
    data = Path(settings.DATA_DIR)
    if request.param == "bubblewrap":
        return backends.make("bubblewrap", data_dir=data), str(root)
    host = request.getfixturevalue("docker_host")
    root_folders.as_docker_image(root, host, IMAGE)
    return backends.make("docker", data_dir=data, docker_host=host), IMAGE


def test_algorithm_is_built_and_loaded_with_the_files_of_an_image(
    image: tuple[Backend, str], tmp_path: Path
) -> None:
    backend, name = image

    [runtime] = images.runtimes_in(name, backend)
    tree = hello_tree(tmp_path, code=CODE, requirements="six\n")
    building = run_build(tree, within=backend, wanted={"interpreter": runtime.slug})

    minor = runtimes.discover()[-1].minor
    assert runtime.slug.partition("@")[0] == f"python{minor.replace('.', '')}"
    assert f"{root_folders.MARK} False False" in building.lines
    assert any(line.startswith(f"/usr/local/bin/python{minor} ") for line in building.lines)
    assert building.done.interpreter == runtime.slug
    assert images.runtimes_in(name, backend) == [runtime]


@pytest.mark.django_db
def test_declared_environments_are_offered_where_their_image_and_machine_are(
    image: tuple[Backend, str], tmp_path: Path, settings: Any
) -> None:
    backend, name = image
    minor = runtimes.discover()[-1].minor
    settings.ENVIRONMENTS_FILE = str(tmp_path / "environments.toml")
    settings.RUNNER_MACHINES = ["cpu"]
    (tmp_path / "environments.toml").write_text(f"""
[[environment]]
slug = "own-files"
display_name = "With files of its own"
version = "{minor}"
image = "{name}"
packages = ["six==1.16.0"]
memory_mb = 4096

[[environment]]
slug = "fast"
version = "{minor}"
machine = "nvidia-h200"

[[environment]]
slug = "gone"
version = "{minor}"
image = "/no/such-image"
""")

    environments_sync.sync(lambda: backend)

    rows = {row.slug: row for row in Environment.objects.filter(origin="declared")}
    assert [slug for slug, row in sorted(rows.items()) if row.is_present] == ["own-files"]
    own = rows["own-files"]
    assert (own.runtime, own.packages, own.memory_mb, own.machine) == (
        images.runtimes_in(name, backend)[0].slug,
        "six==1.16.0",
        4096,
        "cpu",
    )
    assert (rows["fast"].machine, rows["fast"].is_gpu) == ("nvidia-h200", True)


def test_image_that_is_not_there_is_told_in_a_sentence(image: tuple[Backend, str]) -> None:
    backend, _ = image

    with pytest.raises(PlatformFault, match=r"has no image no-such:1|no folder by its full name"):
        images.runtimes_in("no-such:1", backend)
