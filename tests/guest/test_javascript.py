"""The guest with Node.js beside it: every way to write `apply`, every kind of value, every end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from runners.protocol import FrameType, encode
from tests.guest.harness import EXTREMES, PYTHONS, SERVE, Answer, Guest
from tests.machine import needs_language

NODE = shutil.which("node")

pytestmark = needs_language("javascript")

HELLO = """
console.log("loading");
exports.load = async () => ({ model: 7 });
exports.apply = async (input, state) => {
  const wish = input?.do;
  if (wish === "state") return state.model;
  if (wish === "print") { console.log("out"); console.error("err"); return null; }
  if (wish === "fail") {
    const error = new Error("The picture is empty.");
    error.error_type = "InputError";
    throw error;
  }
  if (wish === "deep") return deeper();
  if (wish === "bytes") return Buffer.from([0, 255]);
  if (wish === "nothing") return undefined;
  if (wish === "big") return { count: 10n };
  if (wish === "circle") { const one = {}; one.one = one; return one; }
  if (wish === "function") return () => 1;
  if (wish === "much") return "x".repeat(2000);
  if (wish === "never") return new Promise(() => {});
  if (wish === "late") { setTimeout(() => { throw new TypeError("too late"); }, 1); return new Promise(() => {}); }
  if (wish === "reject") { Promise.reject(new Error("nobody looks")); return new Promise((done) => setTimeout(done, 50)); }
  if (wish === "exit") process.exit(3);
  if (wish === "text") throw "only words";
  return Buffer.isBuffer(input) ? [...input] : input;
};
function deeper() {
  return undefined.nothing;
}
"""
CALLBACK = """
exports.apply = function (input, cb) {
  if (input === "fail") return cb("It cannot be done.");
  if (input === "twice") { cb(null, 1); return cb(null, 2); }
  if (input === "forget") return;
  setTimeout(() => cb(null, "Hello " + input), 1);
};
"""
GENERATOR = """
exports.apply = async function* (input) {
  try {
    for (let n = 1; n <= input.to; n++) {
      await new Promise((resolve) => setTimeout(resolve, input.to > 2 ? 1 : 150));
      yield [n, n / input.to];
    }
  } finally {
    console.log("left");
  }
};
"""
TESTS = """
const assert = require("node:assert");
const test = require("node:test");
const { apply } = require("./Hello.js");
test("says hello", (_, done) => apply("Jane", (error, result) => { assert.equal(result, "Hello Jane"); done(); }));
test("is wrong", () => assert.equal(1, 2));
test.skip("is left out", () => {});
"""
MOCHA = """
const Hello = require("../src/Hello.js");
describe("Algorithm", function () {
  describe("#apply()", function () {
    it("should say hello", function (done) {
      Hello.apply("Jane", (error, result) => done(result === "Hello Jane" ? null : result));
    });
  });
});
"""
MODULE = """
import { basename } from "node:path";
export default async function (input) {
  return basename(import.meta.url) + input;
}
"""


@pytest.fixture
def python() -> str:
    """One is enough: what is tried here is the other side."""
    return PYTHONS[EXTREMES[-1]]


@pytest.fixture
def node(start: Callable[..., Guest]) -> Callable[..., tuple[Guest, Answer]]:
    def loaded(code: str, file: str = "src/Hello.js", **limits: Any) -> tuple[Guest, Answer]:
        guest = start({file: code})
        command = [NODE, str(SERVE.parent / "node" / "pipe.cjs")]
        return guest, guest.load(file, told={"command": command}, **limits)

    return loaded


def test_values_come_and_go_as_javascript_knows_them(
    node: Callable[..., tuple[Guest, Answer]],
) -> None:
    guest, ready = node(HELLO, output=1000)

    assert (ready.type, ready.stdout) == (FrameType.READY, "loading\n")
    values: list[Any] = [None, 3.5, True, [1, {"ü": None}], {}]
    for value in values:
        assert guest.call(value).value == value
    assert guest.call("größe 🙂", kind="text").value == "größe 🙂"
    assert guest.call(b"\x00\xff", kind="binary").value == [0, 255]
    assert guest.call({"do": "bytes"}).value == b"\x00\xff"
    assert guest.call({"do": "nothing"}).value is None
    assert guest.call({"do": "state"}).value == 7
    assert guest.call({"do": "print"}).stdout == "out\nerr\n"


def test_failures_say_what_happened_and_where(
    node: Callable[..., tuple[Guest, Answer]],
) -> None:
    guest, _ = node(HELLO, output=1000)

    failed = guest.call({"do": "fail"})
    assert (failed.error_type, failed.message) == ("InputError", "The picture is empty.")
    deep = guest.call({"do": "deep"})
    assert deep.message == "Cannot read properties of undefined (reading 'nothing')"
    assert (deep.header["file"], deep.header["line"]) == ("src/Hello.js", 28)
    assert "at deeper" in deep.stacktrace
    assert "pipe.cjs" not in deep.stacktrace
    said = {
        "text": "only words",
        "late": "too late",
        "reject": "nobody looks",
        "never": "apply never called its callback, and nothing is left that could.",
        "function": "The result is a function, which JSON does not know.",
        "big": "The result cannot be said in JSON: Do not know how to serialize a BigInt.",
        "circle": "The result cannot be said in JSON: Converting circular structure to JSON.",
    }
    assert {wish: guest.call({"do": wish}).message for wish in said} == said
    assert guest.call({"do": "much"}).error_type == "TooLargeError"
    assert guest.call(b"{", kind="json").error_type == "InputError"
    assert guest.call(b"\xff", kind="text").message.startswith("The input is not valid text")
    assert guest.call("still here").value == "still here"


def test_process_that_ends_itself_is_named_and_is_the_last_of_its_sandbox(
    node: Callable[..., tuple[Guest, Answer]],
) -> None:
    guest, _ = node(HELLO)

    ended = guest.call({"do": "exit"})

    assert ended.message == "The algorithm ended itself: exited with code 3."
    assert (ended.error_type, ended.header["is_last"]) == ("SystemExit", True)
    assert guest.wait() == 3


def test_callback_is_taken_once_and_missed_when_it_cannot_come(
    node: Callable[..., tuple[Guest, Answer]],
) -> None:
    guest, _ = node(CALLBACK)

    assert guest.call("you").value == "Hello you"
    assert guest.call("twice").value == 1
    assert guest.call("fail").message == "It cannot be done."
    assert guest.call("forget").message.startswith("apply never called its callback")
    assert guest.call("you").value == "Hello you"


def test_what_a_generator_yields_is_told_and_between_two_yields_it_can_be_cancelled(
    node: Callable[..., tuple[Guest, Answer]],
) -> None:
    guest, ready = node(GENERATOR)

    heard, answer = guest.watch({"to": 2})
    guest.send(encode(FrameType.CALL, {"id": "call-2", "kind": "json"}, b'{"to": 100000}'))
    guest.send(encode(FrameType.CANCEL, {"id": "call-2"}))
    cancelled = guest.receive()

    assert ready.header["cancel"] is True
    told = [event.header for event in heard]
    assert told[0] == {"progress": 0.5, "kind": "json"}
    assert told[1:] in ([], [{"progress": 1.0, "kind": "json"}])  # left out if it came at once
    assert answer.value == 2
    assert (cancelled.error_type, cancelled.stdout) == ("Cancelled", "left\n")
    assert guest.call({"to": 3}).value == 3


@pytest.mark.parametrize("file", ["src/Hello.mjs", "src/Hello.js"])
def test_modules_are_loaded_too(
    node: Callable[..., tuple[Guest, Answer]], start: Callable[..., Guest], file: str
) -> None:
    guest = start({file: MODULE, "package.json": '{"type": "module"}'})
    ready = guest.load(file, told={"command": [NODE, str(SERVE.parent / "node" / "pipe.cjs")]})

    assert ready.type is FrameType.READY
    assert guest.call("!").value == f"{file.removeprefix('src/')}!"


def test_file_that_does_not_load_is_told_with_its_line(
    node: Callable[..., tuple[Guest, Answer]],
) -> None:
    said: dict[str, tuple[str, int | None]] = {
        "let a = ;": ("Unexpected token ';'", 1),
        "\nrequire('lodash/fp');": (
            "Cannot find module 'lodash/fp'. If lodash is a package, add it to package.json.",
            2,
        ),
        "\n\nthrow new Error('no model');": ("no model", 3),
        "exports.other = 1;": ("src/Hello.js exports no function apply(input, cb).", None),
        "exports.load = () => new Promise(() => {}); exports.apply = () => 1;": (
            "load() gave a promise that nothing can keep.",
            None,
        ),
        "process.exit(4);": ("The algorithm ended itself: exited with code 4.", None),
    }
    for code, expected in said.items():
        guest, failed = node(code)

        assert (failed.message, failed.header.get("line")) == expected
        assert guest.call("again").message == failed.message


def test_unit_tests_are_run_whether_they_are_written_for_node_or_for_mocha(
    start: Callable[..., Guest],
) -> None:
    guest = start({"src/Hello.js": CALLBACK, "src/Hello_test.js": TESTS, "test/test.js": MOCHA})
    told = {"command": [NODE, str(SERVE.parent / "node" / "pipe.cjs")]}

    assert guest.load("src/Hello.js", contract="tests", told=told).type is FrameType.READY
    report = guest.call(b"", kind="void").value

    outcomes = {test["name"]: test["outcome"] for test in report["tests"]}
    assert outcomes == {
        "says hello": "passed",
        "is wrong": "failed",
        "is left out": "skipped",
        "Algorithm › #apply() › should say hello": "passed",
    }
    [wrong] = [test["message"] for test in report["tests"] if test["outcome"] == "failed"]
    assert "Hello_test.js:6:" in wrong
    assert (report["passed"], report["failed"], report["skipped"]) == (2, 1, 1)
    assert report["files"] == ["src/Hello_test.js", "test/test.js"]
