"""The guest's bytecode: written once for each interpreter, and taken by it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from runners import guest_bytecode, runtimes
from runners.interpreters import Runtime

INSTALLED = runtimes.discover()
GUEST = Path(guest_bytecode.__file__).parent / "guest"


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    folder = tmp_path / "guest"
    shutil.copytree(GUEST, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def imported(runtime: Runtime, folder: Path) -> str:
    """What an interpreter says while it imports one of the guest's modules."""
    program = Path(runtime.prefix) / "bin" / runtime.executable
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import wire"
    done = subprocess.run(
        [program, "-I", "-S", "-B", "-v", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stderr


def compiled(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.pyc")}


@pytest.fixture
def idle(tmp_path: Path) -> Runtime:
    """An interpreter that leaves a mark when it is started, and does nothing."""
    program = tmp_path / "idle" / "bin" / INSTALLED[-1].executable
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    return replace(INSTALLED[-1], prefix=str(tmp_path / "idle"))


@pytest.mark.parametrize("runtime", [INSTALLED[0], INSTALLED[-1]], ids=lambda one: one.slug)
def test_every_module_is_compiled_and_the_interpreter_takes_it(
    runtime: Runtime, guest: Path
) -> None:
    guest_bytecode.write(runtime, guest)

    assert len(compiled(guest)) == len(list(guest.rglob("*.py")))
    assert f"matches {guest}/wire.py" in imported(runtime, guest)


def test_nothing_is_started_when_all_is_compiled(
    guest: Path, idle: Runtime, tmp_path: Path
) -> None:
    guest_bytecode.write(INSTALLED[-1], guest)
    before = compiled(guest)

    guest_bytecode.write(idle, guest)

    assert compiled(guest) == before
    assert not (tmp_path / "started").exists()


def test_changed_module_is_compiled_again(guest: Path) -> None:
    guest_bytecode.write(INSTALLED[-1], guest)
    before = compiled(guest)
    with (guest / "wire.py").open("a") as source:
        source.write("CHANGED = True\n")

    guest_bytecode.write(INSTALLED[-1], guest)

    changed = {name for name, written in compiled(guest).items() if before[name] != written}
    assert {name.partition(".")[0] for name in changed} == {"wire"}
    assert f"matches {guest}/wire.py" in imported(INSTALLED[-1], guest)


def test_folder_that_cannot_be_written_is_left_alone(
    guest: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for folder in {source.parent for source in guest.rglob("*.py")}:
        (folder / "__pycache__").touch()  # a file in its place stops even root
    guest.chmod(0o555)

    guest_bytecode.write(INSTALLED[-1], guest)

    assert compiled(guest) == {}
    assert capfd.readouterr() == ("", "")


def test_bytecode_is_written_when_an_interpreter_is_prepared(
    guest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "_GUEST_FOLDER", guest)

    runtimes.prepare.__wrapped__(INSTALLED[-1].slug)

    assert len(compiled(guest)) == len(list(guest.rglob("*.py")))
