"""A model manifest, frozen by the published client: compared when it is built, and when it loads."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.authoring import build, publish, write
from tests.journeys.calling import call
from tests.live import Person, Site
from tests.python_client import ReadAcl

CODE = """
import os
from Algorithmia import ADK

def load(state):
    with open(state.get_model("weights"), "rb") as file:
        state["digit"] = file.read()[19]
    return state

def apply(input, state):
    if input == "secret":
        return os.environ["MODEL_PASSWORD"]
    if input == "again":
        os._exit(0)
    return state["digit"]

ADK(apply, load).init("sample")
"""

ONE = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
    "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
    "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
OTHER = bytes(
    byte ^ 0x80 if place in {19, 45, 59, 83, 109, 123} else byte for place, byte in enumerate(ONE)
)
"""Two files with one MD5, the pair that Wang, Feng, Lai and Yu published in 2004."""


@pytest.fixture
def folder(author: Person, author_client: Any) -> str:
    uri = f"data://{author.name}/m{uuid.uuid4().hex[:12]}"
    author_client.dir(uri).create(ReadAcl.my_algos)
    author_client.file(f"{uri}/weights").put(ONE)
    return uri


@pytest.fixture
def frozen(folder: str, author_client: Any, tmp_path: Path) -> dict[str, object]:
    """A manifest and what `algo freeze` makes of it."""
    file = {"name": "weights", "source_uri": f"{folder}/weights", "fail_on_tamper": True}
    manifest = tmp_path / "model_manifest.json"
    manifest.write_text(json.dumps({"required_files": [file], "optional_files": []}))
    author_client.freeze(str(manifest), str(tmp_path))
    return {path.name: path.read_text() for path in tmp_path.iterdir()}


def test_file_with_the_same_md5_is_told_apart_when_it_loads(
    live: Site,
    author: Person,
    caller: Person,
    author_client: Any,
    folder: str,
    frozen: dict[str, object],
) -> None:
    written = write(author_client, live, author, CODE, requirements="", files=frozen)
    author_client.algo(written.path).set_secret("model", "MODEL_PASSWORD", "correct horse")
    publish(author_client, written.path, sample='"x"')
    before = [call(live, written.path, ask, key=caller.key).json() for ask in ("x", "secret")]
    author_client.file(f"{folder}/weights").put(OTHER)

    call(live, written.path, "again", key=caller.key)
    after = call(live, written.path, "x", key=caller.key).json()

    assert [answer["result"] for answer in before] == [ONE[19], "correct horse"]
    assert "Model file weights: as it was frozen, SHA-256 " in written.log
    assert after["error"]["error_type"] == "LoadingError"
    assert after["error"]["message"].startswith(
        "Model File Mismatch for weights\nexpected SHA-256 "
    )


def test_build_is_refused_when_a_frozen_file_has_changed(
    live: Site,
    author: Person,
    author_client: Any,
    folder: str,
    frozen: dict[str, object],
) -> None:
    written = write(author_client, live, author, CODE, files=frozen)
    author_client.file(f"{folder}/weights").put("changed")

    with pytest.raises(AssertionError) as refused:
        build(author_client, live, author, written.path, {"README.md": "again"})

    assert (
        "The model file “weights” has changed since it was frozen: its MD5 is not that of "
        "model_manifest.json.freeze. Put the old file back, or run `algo freeze` again and commit."
    ) in str(refused.value)
