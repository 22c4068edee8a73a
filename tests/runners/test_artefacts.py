"""What packages leave in an environment while they are built is a stranger's, to the last file."""

from __future__ import annotations

import dataclasses
import io
import tarfile
from pathlib import Path

import pytest

from runners import package_index
from runners.errors import BuildFailed
from runners.specs import LoadReport, RunSpec
from tests.runners.building import hello_tree, run_build

LEAVING = """
import os
from setuptools import setup

if os.path.exists("/opt/agorithm/env/bin") and not os.path.lexists("/opt/agorithm/env/.size"):
    {act}
setup(name="agorithm_leaving", version="1.0")
"""


def no_check(spec: RunSpec) -> LoadReport:
    return LoadReport(None, "", 0.0)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that the index of this machine is extended by."""
    folder = tmp_path / "packages"
    folder.mkdir()
    found = package_index.discover()
    extended = dataclasses.replace(found, find_links=(*found.find_links, folder.as_uri()))
    monkeypatch.setattr(package_index, "discover", lambda: extended)
    return folder


def make_sdist(folder: Path, act: str) -> None:
    """Write a source distribution that acts when it is built inside the environment."""
    text = LEAVING.format(act=act).encode()
    with tarfile.open(folder / "agorithm_leaving-1.0.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("agorithm_leaving-1.0/setup.py")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))


def test_package_that_leaves_a_link_cannot_have_a_file_of_the_host_overwritten(
    tmp_path: Path, packages: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("the host's")
    make_sdist(packages, f"os.symlink({str(victim)!r}, '/opt/agorithm/env/.size')")
    tree = hello_tree(tmp_path / "tree", requirements="agorithm_leaving\n")

    done = run_build(tree, check=no_check).done

    assert victim.read_text() == "the host's"
    assert done.size_bytes > 1000


def test_package_that_leaves_a_folder_where_a_note_belongs_fails_with_a_sentence(
    tmp_path: Path, packages: Path
) -> None:
    make_sdist(packages, "os.mkdir('/opt/agorithm/env/.size')")
    tree = hello_tree(tmp_path / "tree", requirements="agorithm_leaving\n")

    with pytest.raises(BuildFailed) as failed:
        run_build(tree, check=no_check)

    assert str(failed.value) == (
        "A package leaves a folder .size in the environment; do without it."
    )
