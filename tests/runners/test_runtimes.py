"""Interpreters: found by asking them, copied to where every user can read them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runners import runtime_copies, runtimes
from runners.errors import PlatformFault
from runners.interpreters import Runtime
from runners.specs import RunSpec

INSTALLED = [runtime.slug for runtime in runtimes.discover()]


def test_each_interpreter_is_found_once_and_oldest_first() -> None:
    found = runtimes.discover()

    versions = [tuple(map(int, runtime.version.split("."))) for runtime in found]
    assert versions == sorted(versions)
    assert len({version[:2] for version in versions}) == len(versions)
    assert versions[0] >= (3, 6)
    assert f"python{sys.version_info[0]}{sys.version_info[1]}" in INSTALLED


def test_newest_patch_wins_and_scripts_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "python3.11"
    shim.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\n")
    shim.chmod(0o755)
    (tmp_path / "python3.9").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    found = runtimes.discover.__wrapped__()

    assert [runtime.slug for runtime in found] == INSTALLED
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("slug", INSTALLED)
def test_prepared_interpreter_is_readable_for_everybody(slug: str) -> None:
    prepared = runtimes.prepare(slug)

    program = prepared.path / "bin" / prepared.runtime.executable
    library = prepared.path / "lib" / f"python{prepared.runtime.minor}"
    assert stat.S_IMODE(prepared.path.stat().st_mode) & 0o005 == 0o005
    assert stat.S_IMODE(program.stat().st_mode) & 0o005 == 0o005
    assert stat.S_IMODE((library / "os.py").stat().st_mode) & 0o004
    if prepared.runtime.prefix != "/usr":
        assert not (library / "test").exists()
        assert list((library / "site-packages").iterdir()) == []


def test_copy_runs_by_itself_without_the_original(tmp_path: Path) -> None:
    prepared = runtimes.prepare(INSTALLED[-1])
    program = prepared.path / "bin" / prepared.runtime.executable
    question = "import sys, ssl, sqlite3, ctypes; print(sys.base_prefix, sys.version_info[:3])"

    said = subprocess.run(
        [program, "-I", "-c", question],
        env={"LD_LIBRARY_PATH": str(prepared.path / "lib")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    version = tuple(map(int, prepared.runtime.version.split(".")))
    assert said == f"{prepared.path} {version}\n"


def test_two_who_prepare_at_once_get_one_copy(tmp_path: Path) -> None:
    runtime = runtimes.find(INSTALLED[0])
    target = tmp_path / "copies" / "copy"

    with ThreadPoolExecutor(2) as executor:
        made = partial(runtime_copies.make, runtime, target, runtime_copies.fill)
        list(executor.map(lambda _n: made(), range(2)))

    assert [path.name for path in target.parent.iterdir()] == ["copy"]
    assert (target / "bin" / "python3").readlink() == Path(runtime.executable)


def test_file_that_not_everybody_may_read_is_copied_and_not_changed(tmp_path: Path) -> None:
    runtime = runtimes.find(INSTALLED[0])
    prefix = tmp_path / "prefix"
    runtime_copies.make(runtime, prefix, runtime_copies.fill)
    secret = prefix / "lib" / f"python{runtime.minor}" / "secret.py"
    secret.write_text("pass\n")
    secret.chmod(0o600)
    own = Runtime(
        **{field: getattr(runtime, field) for field in runtime.__slots__ if field != "prefix"},
        prefix=str(prefix),
    )

    runtime_copies.make(own, tmp_path / "copy", runtime_copies.fill)

    copied = tmp_path / "copy" / "lib" / f"python{runtime.minor}" / "secret.py"
    assert stat.S_IMODE(copied.stat().st_mode) == 0o644
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_identity_is_the_content_and_not_the_place(tmp_path: Path) -> None:
    installed = runtimes.find(INSTALLED[0])
    runtime_copies.make(installed, tmp_path / "first", runtime_copies.fill)
    first = replace(installed, prefix=str(tmp_path / "first"))
    runtime_copies.make(first, tmp_path / "second", runtime_copies.fill)
    second = replace(installed, prefix=str(tmp_path / "second"))

    same = runtime_copies.identity(second)
    library = tmp_path / "second" / "lib" / f"python{installed.minor}"
    (library / "os.py").unlink()
    (library / "os.py").write_text("changed")
    other = runtime_copies.identity(second)

    assert same == runtime_copies.identity(first)
    assert other != same


def test_environment_without_interpreter_is_our_fault() -> None:
    with pytest.raises(PlatformFault, match="no interpreter for the environment python27"):
        runtimes.find("python27")


def test_gpu_environment_has_the_interpreter_of_its_cpu_sibling() -> None:
    assert runtimes.find(f"{INSTALLED[0]}-gpu") == runtimes.find(INSTALLED[0])


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("dependencies", r"The dependencies of alice/Hello are not on this runner\."),
        ("source", r"The built source of alice/Hello is not on this runner\."),
    ],
)
def test_run_without_its_artefacts_is_our_fault(missing: str, sentence: str) -> None:
    for name in ("environments/here", "sources/here"):
        (Path(settings.DATA_DIR) / name).mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {"dependencies": "here", "source": "here", missing: "gone"}

    with pytest.raises(PlatformFault, match=sentence):
        runtimes.mounts(RunSpec("alice/Hello", "src.Hello", interpreter=INSTALLED[0], **values))
