"""Packages without a wheel: their authors' code runs while they are built, and reaches nothing."""

from __future__ import annotations

import dataclasses
import io
import socket
import stat
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runners import package_index
from runners.errors import BuildFailed
from runners.specs import LoadReport, RunSpec
from tests.runners.building import (
    hello_tree,
    run_build,
)


def environments() -> Path:
    return Path(settings.DATA_DIR) / "environments"


def no_check(spec: RunSpec) -> LoadReport:
    return LoadReport(None, "", 0.0)


def make_sdist(folder: Path, name: str, setup: str, **files: str) -> None:
    """Write a source distribution whose setup.py runs when it is built."""
    folder.mkdir(exist_ok=True)
    entries = {
        "setup.py": setup,
        **{key.replace("_dot_", "."): text for key, text in files.items()},
    }
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as tar:
        for path, text in entries.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))


@pytest.fixture
def own_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that the index of this machine is extended by."""
    folder = tmp_path / "packages"
    folder.mkdir()
    found = package_index.discover()
    extended = dataclasses.replace(found, find_links=(*found.find_links, folder.as_uri()))
    monkeypatch.setattr(package_index, "discover", lambda: extended)
    return folder


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A service of this host that must hear nothing."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            heard.append(b"connected")
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    yield server.getsockname()[1], heard
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


PRYING = """
import json, os, socket, urllib.request
from setuptools import setup

def tried(action):
    try:
        return repr(action())
    except Exception as error:
        return type(error).__name__ + " " + str(getattr(error, "code", ""))

PORT = {port}
said = {{
    "direct": tried(lambda: socket.create_connection(("127.0.0.1", PORT), 2)),
    "proxied": tried(lambda: urllib.request.urlopen("http://127.0.0.1:%d/" % PORT, timeout=5)),
    "metadata": tried(lambda: urllib.request.urlopen("http://169.254.169.254/", timeout=5)),
    "elsewhere": tried(lambda: urllib.request.urlopen("http://example.org/", timeout=5)),
    "dns": tried(lambda: socket.getaddrinfo("example.org", 80)),
    "root": tried(lambda: os.listdir("/root")),
    "data": tried(lambda: os.listdir({data!r})),
    "authors_code": tried(lambda: os.listdir("/opt/algorithm")),
    "user": os.getuid(),
}}
top = "/opt/agorithm/env"
if os.path.exists(top + "/bin"):
    os.makedirs(top + "/left", exist_ok=True)
    open(top + "/left/suid", "w").close()
    os.chmod(top + "/left/suid", 0o4777)
    if not os.path.lexists(top + "/left/shadow"):
        os.mkfifo(top + "/left/pipe")
        os.symlink("/etc/shadow", top + "/left/shadow")
with open("prying.py", "w") as file:
    file.write("said = " + repr(said))
setup(name="agorithm_prying", version="1.0", py_modules=["prying"])
"""


def test_package_built_from_source_reaches_nothing_but_the_index(
    tmp_path: Path, own_packages: Path, listener: tuple[int, list[bytes]]
) -> None:
    port, heard = listener
    make_sdist(
        own_packages, "agorithm_prying", PRYING.format(port=port, data=str(settings.DATA_DIR))
    )
    tree = hello_tree(tmp_path / "tree", requirements="agorithm_prying\n")

    building = run_build(tree, check=no_check)

    folder = environments() / building.done.dependencies_digest
    scope: dict[str, Any] = {}
    exec((folder / "lib/python3.11/site-packages/prying.py").read_text(), scope)
    assert scope["said"] == {
        "direct": "ConnectionRefusedError ",
        "proxied": "HTTPError 403",
        "metadata": "HTTPError 403",
        "elsewhere": "HTTPError 403",
        "dns": "gaierror ",
        "root": "FileNotFoundError ",
        "data": "FileNotFoundError ",
        "authors_code": "FileNotFoundError ",
        "user": 65534,
    }
    assert heard == []
    assert stat.S_IMODE((folder / "left" / "suid").stat().st_mode) == 0o555
    assert not (folder / "left" / "pipe").exists()
    assert (folder / "left" / "shadow").readlink() == Path("/etc/shadow")
    assert "Some packages have no wheel for this Python" in building.log


def test_building_from_source_can_be_switched_off(
    tmp_path: Path, own_packages: Path, settings: Any
) -> None:
    settings.BUILD_SOURCE_DISTRIBUTIONS = False
    make_sdist(
        own_packages, "agorithm_plain", "from setuptools import setup\nsetup(name='agorithm_plain')"
    )

    with pytest.raises(BuildFailed) as failed:
        run_build(hello_tree(tmp_path / "tree", requirements="agorithm_plain\n"), check=no_check)

    assert str(failed.value).endswith("Building from source is switched off here.")


def test_package_that_fails_to_build_is_named(tmp_path: Path, own_packages: Path) -> None:
    make_sdist(own_packages, "agorithm_broken", "raise SystemExit('no compiler for this')")

    with pytest.raises(
        BuildFailed, match=r"^agorithm-broken==1.0 could not be built from source: no compiler"
    ):
        run_build(
            hello_tree(tmp_path / "tree", requirements="agorithm_broken==1.0\n"), check=no_check
        )


def test_packages_larger_than_the_disk_limit_end_the_build(
    tmp_path: Path, own_packages: Path, settings: Any
) -> None:
    settings.BUILD_DISK_MB = 50
    settings.DATA_DIR = tmp_path / "data"
    filling = (
        "import os, time\n"
        "if os.path.exists('/opt/agorithm/env/bin'):\n"
        "    for number in range(80):\n"
        "        with open('/opt/agorithm/env/big%d' % number, 'wb') as file:\n"
        "            file.write(os.urandom(1 << 20))\n"
        "    time.sleep(60)\n"
        "from setuptools import setup\nsetup(name='agorithm_filling', version='1.0')\n"
    )
    make_sdist(own_packages, "agorithm_filling", filling)

    with pytest.raises(BuildFailed) as failed:
        run_build(hello_tree(tmp_path / "tree", requirements="agorithm_filling\n"), check=no_check)

    assert str(failed.value) == "The packages need more than 50 MB of disk, which is the limit."
    assert [path.name for path in environments().iterdir()] == [".locks"]
