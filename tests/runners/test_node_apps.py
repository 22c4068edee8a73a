"""An app of Node.js with a Procfile, built and started as one of Python is."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners import contracts, node_runtimes
from runners.errors import BuildFailed
from tests.machine import needs_language
from tests.runners.building import run_build, write_tree

SERVER = """
const http = require("http");
http.createServer((_, answer) => answer.end("[]")).listen(process.env.PORT);
"""


@needs_language("javascript")
def test_app_is_started_by_its_procfile(tmp_path: Path) -> None:
    write_tree(tmp_path, Procfile="web: node server.js\n", server_dot_js=SERVER)

    built = run_build(tmp_path, slug=node_runtimes.discover()[-1].slug)

    assert built.done.contract == "web"
    assert "Loaded in" in built.log


def test_files_are_recognised_by_the_language_of_the_algorithm(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        src__Hello_dot_py="def apply(input):\n    return input\n",
        src__Hello_dot_js="module.exports = { apply: (input) => input };\n",
        src__Hello_test_dot_js="exports.apply = 1;\n",
        src__Other_dot_r="algorithm <- function(input) input\n",
    )

    found = {
        language: contracts.detect(tmp_path, language=language).module
        for language in ("python3", "javascript", "r")
    }

    assert found == {"python3": "src.Hello", "javascript": "src/Hello.js", "r": "src/Other.r"}
    assert [contracts.file_of(module) for module in found.values()] == [
        "src/Hello.py",
        "src/Hello.js",
        "src/Other.r",
    ]
    (tmp_path / "src" / "Second.r").write_text("algorithm = function(input) 1\n")
    with pytest.raises(BuildFailed, match=r"src/Other\.r, src/Second\.r"):
        contracts.detect(tmp_path, language="r")
    with pytest.raises(BuildFailed, match="written in Python"):
        contracts.detect(tmp_path, language="r", wanted="service")
