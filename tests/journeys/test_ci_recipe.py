"""The pipeline of docs/authors/ci.md, as it stands there: it builds, tests by hash and publishes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.authoring import publish, write
from tests.journeys.calling import new_key
from tests.live import ROOT, Person, Site

GREETS = "def apply(input):\n    return 'Hello ' + input\n"


@pytest.fixture(scope="module")
def recipe(live: Site) -> str:
    """The shell script of the page, for a site without TLS."""
    page = (ROOT / "docs" / "authors" / "ci.md").read_text()
    [script] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return str(script).replace("https://", "http://")


def test_pipeline_publishes_what_passes_and_stops_at_what_does_not(
    live: Site, author: Person, author_client: Any, recipe: str, tmp_path: Path
) -> None:
    path = write(author_client, live, author, GREETS, name="Piped").path
    publish(author_client, path, sample='"Ada"')
    key = new_key(live, author, allow_algo=True, allow_algo_management=True)
    site = live.url.removeprefix("http://")
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "SITE": site,
        "KEY": key,
        "ALGO": path,
        "GIT_TERMINAL_PROMPT": "0",
    }

    def run(*command: str, folder: Path = tmp_path / "work") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def commit(name: str, text: str) -> None:
        (tmp_path / "work" / name).write_text(text)
        run("git", "add", "-A")
        identity = ("-c", "user.name=ci", "-c", "user.email=ci@example.org")
        assert run("git", *identity, "commit", "-m", "Change it").returncode == 0

    cloned = run("git", "clone", f"http://ci:{key}@{site}/git/{path}.git", "work", folder=tmp_path)
    assert cloned.returncode == 0, cloned.stderr
    cases = [{"case_name": "greets", "input": "Ada", "expected_output": "Hello Ada"}]
    commit("TEST_CASES.json", json.dumps(cases))

    passed = run("sh", "-c", recipe)

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert '"semantic_version":"0.1.1"' in passed.stdout
    commit("src/Piped.py", GREETS.replace("Hello", "Goodbye"))
    failed = run("sh", "-c", recipe)
    assert failed.returncode != 0
    assert author_client.algo(path).pipe("Ada").result == "Hello Ada"
