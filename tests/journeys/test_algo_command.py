"""`algo`, the predecessor's command line, unmodified: every command, from signing in on."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live import Person, Site
from tests.tls_door import Door, door

API, GIT = "api.agorithm.test", "git.agorithm.test"


@dataclass(frozen=True)
class Shell:
    """A home folder in which `algo` has been signed in."""

    home: Path
    environment: dict[str, str]

    def algo(self, *arguments: str, typed: str = "") -> str:
        program = Path(sys.executable).with_name("algo")
        done = subprocess.run(
            [str(program), *arguments],
            cwd=self.home,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def entrance(live: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(live, tmp_path_factory.mktemp("door"), API, GIT) as opened:
        yield opened


@pytest.fixture(scope="module")
def shell(entrance: Door, author: Person, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    home = tmp_path_factory.mktemp("home")
    secret = home / ".netrc"
    secret.write_text(f"machine {GIT} login {author.name} password {author.key}\n")
    secret.chmod(0o600)
    environment = {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HTTPS_PROXY": entrance.proxy,
        "https_proxy": entrance.proxy,
        "GIT_SSL_CAINFO": str(entrance.certificate),
        "GIT_TERMINAL_PROMPT": "0",
        "PYTHONWARNINGS": "ignore",
    }
    shell = Shell(home, environment)
    said = shell.algo("auth", typed=f"https://{API}\n{author.key}\n{entrance.certificate}\n")
    assert "Configuring authentication for profile: default" in said
    return shell


def test_run_gives_results_and_writes_them_to_files(shell: Shell, echo: str) -> None:
    assert shell.algo("run", echo, "-d", "words").strip() == "words"
    (shell.home / "input.txt").write_text("from a file")

    shell.algo("run", echo, "-D", "input.txt", "-o", "output.txt", "--timeout", "60")

    assert (shell.home / "output.txt").read_text() == "from a file"


def test_clone_fetches_the_repository(shell: Shell, echo: str) -> None:
    shell.algo("clone", echo)

    assert "def apply" in (shell.home / "Echo" / "src" / "Echo.py").read_text()


def test_files_go_up_are_listed_read_and_removed(shell: Shell, author: Person) -> None:
    name = f"c{uuid.uuid4().hex[:10]}"
    folder = f"data://{author.name}/{name}"
    (shell.home / "one.txt").write_text("first")

    shell.algo("mkdir", folder)
    shell.algo("cp", "one.txt", f"{folder}/one.txt")
    shell.algo("cp", f"{folder}/one.txt", f"{folder}/two.txt")
    shell.algo("cp", f"{folder}/two.txt", "back.txt")

    assert f"{author.name}/{name}/" in shell.algo("ls", f"data://{author.name}/")
    assert shell.algo("ls", f"{folder}/").split() == [
        f"{author.name}/{name}/one.txt",
        f"{author.name}/{name}/two.txt",
    ]
    assert "   5   " in shell.algo("ls", "-l", f"{folder}/one.txt")
    assert shell.algo("cat", f"{folder}/one.txt", f"{folder}/two.txt").strip() == "firstfirst"
    assert (shell.home / "back.txt").read_text() == "first"

    shell.algo("rm", f"{folder}/one.txt")
    assert shell.algo("ls", f"{folder}/").split() == [f"{author.name}/{name}/two.txt"]
    assert "not empty" in shell.algo("rmdir", folder)
    shell.algo("rmdir", "-f", folder)
    assert name not in shell.algo("ls", f"data://{author.name}/")


def test_languages_environments_and_templates_are_told(shell: Shell) -> None:
    assert "python3 " in shell.algo("languages")
    environments: list[dict[str, Any]] = json.loads(shell.algo("environment", "python3"))
    specification = environments[0]["environment_specification_id"]

    shell.algo("template", specification, "template")

    assert (shell.home / "template" / "src" / "__ALGO__.py").exists()


def test_builds_are_listed(shell: Shell, author: Person, echo: str) -> None:
    (build,) = json.loads(shell.algo("builds", author.name, echo.split("/")[1]))

    assert build["status"] == "succeeded"
    assert build["version_info"] == {"semantic_version": "0.1.0"}


def test_freeze_writes_the_checksums_of_a_manifest(shell: Shell, author: Person) -> None:
    folder = f"data://{author.name}/m{uuid.uuid4().hex[:10]}"
    (shell.home / "model.bin").write_text("weights")
    shell.algo("mkdir", folder)
    shell.algo("cp", "model.bin", f"{folder}/model.bin")
    file = {"name": "model", "source_uri": f"{folder}/model.bin", "fail_on_tamper": True}
    manifest = {"required_files": [file], "optional_files": []}
    (shell.home / "model_manifest.json").write_text(json.dumps(manifest))

    shell.algo("freeze")

    frozen = json.loads((shell.home / "model_manifest.json.freeze").read_text())
    assert frozen["required_files"][0]["md5_checksum"] == "63f4f1e9b725370f459720575cd5f953"
    assert len(frozen["lock_checksum"]) == 32
