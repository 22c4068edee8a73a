"""An author works in JavaScript: from the template to an algorithm that others call, and back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.journeys.authoring import SETTINGS, build, publish
from tests.journeys.calling import call
from tests.live import Person, Site
from tests.machine import needs_language

pytestmark = needs_language("javascript")

NODE: dict[str, Any] = SETTINGS | {"language": "javascript", "pipeline_enabled": True}
PACKAGES = """{
  "dependencies": {"algorithmia": "0.3.10", "left-pad": "1.3.0"}
}
"""
CODE = """
const algorithmia = require("algorithmia");
const leftPad = require("left-pad");

const client = algorithmia.client();
let calls = 0;

exports.load = async () => ({ loaded: true });
exports.apply = async (input, state) => {
  calls += 1;
  const doing = {
    pad: () => leftPad(input.text, 8, "."),
    ask: async () => (await client.algo(input.path).pipe(input.text)).get(),
    put: () => new Promise((resolve) => client.file(input.uri).putString(input.text, resolve)),
    secret: () => process.env.MAIL_PASSWORD ?? "none",
    bytes: () => Buffer.from([0, 255]),
    fail: () => broken(input),
    count: () => [calls, state.loaded],
    sleep: () => new Promise((resolve) => setTimeout(resolve, 60000)),
  };
  console.log("doing", input.do);
  return doing[input.do]();
};

function broken(input) {
  return input.nothing.at.all;
}
"""


@pytest.fixture(scope="module")
def written(live: Site, author: Person, author_client: Any) -> str:
    """Made from the template, edited with a package, built and published for everybody."""
    path = f"{author.name}/Scripted"
    author_client.algo(path).create({"label": "Scripted"}, NODE)
    author_client.algo(path).set_secret("mail", "MAIL_PASSWORD", "of the author")
    first = author_client.algo(path).compile()
    assert first["compilation"]["successful"], first["compilation"]["output"]
    by_hash = author_client.algo(f"{path}/{first['version_info']['git_hash']}")
    assert by_hash.pipe("you").result == "Hello you"
    changes = {"src/Scripted.js": CODE, "package.json": PACKAGES}
    made = build(author_client, live, author, path, changes)
    assert "left-pad==1.3.0" in made.log
    publish(author_client, path, sample='{"do": "pad", "text": "x"}')
    return path


def test_algorithm_answers_with_its_packages_and_calls_others_as_its_caller(
    live: Site, author: Person, caller: Person, echo: str, written: str
) -> None:
    def asked(**wish: object) -> Any:
        return call(live, written, wish, key=caller.key).json()

    assert asked(do="pad", text="you")["result"] == ".....you"
    (before, _), counted = asked(do="count")["result"], asked(do="count")
    assert counted["result"] == [before + 1, True]
    assert counted["metadata"]["cold"] is False
    assert asked(do="bytes")["metadata"]["content_type"] == "binary"
    assert asked(do="secret")["result"] == "of the author"
    assert asked(do="ask", path=echo, text="through")["result"] == "through"
    httpx.post(f"{live.url}/v1/data/.my", json={"name": "notes"}, headers=caller.headers)
    assert "error" not in asked(do="put", uri="data://.my/notes/one.txt", text="kept")
    kept = httpx.get(f"{live.url}/v1/data/.my/notes/one.txt", headers=caller.headers)
    assert kept.text == "kept"
    late = call(live, written, {"do": "sleep"}, key=caller.key, timeout=1).json()["error"]
    assert late["error_type"] == "TimeoutError"


def test_failure_names_file_and_line_for_the_author_alone(
    live: Site, author: Person, caller: Person, written: str
) -> None:
    told = call(live, written, {"do": "fail"}, key=author.key).json()["error"]
    stranger = call(live, written, {"do": "fail"}, key=caller.key).json()["error"]

    assert told["message"] == "Cannot read properties of undefined (reading 'at')"
    assert "at broken (/opt/algorithm/src/Scripted.js:26:" in told["stacktrace"]
    assert "stacktrace" not in stranger or not stranger["stacktrace"]
