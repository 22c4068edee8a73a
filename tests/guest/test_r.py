"""The guest with R beside it, on files that are written as Algorithmia's language pack had them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from runners import r_runtimes
from runners.protocol import FrameType
from tests.guest.harness import EXTREMES, PYTHONS, SERVE, Answer, Guest, Handler
from tests.machine import needs_language

FOUND = r_runtimes.discover()

pytestmark = needs_language("r")

HELLO = """
cat("loading\\n")
deeper <- function(input) {
  log(input$text)
}
algorithm <- function(input) {
  if (is.list(input) && !is.null(input$do)) return(switch(input$do,
    numbers = list(sum = sum(input$values), class = class(input$values)),
    vector = c(a = 1, b = 2),
    frame = data.frame(x = 1:2, y = c("a", "b")),
    bytes = as.raw(c(0, 255)),
    print = { cat("out\\n"); message("err"); NULL },
    fail = stop("The picture is empty."),
    deep = deeper(input),
    typed = stop(structure(class = c("my", "error", "condition"), list(message = "no", call = NULL, error_type = "InputError"))),
    "function" = algorithm,
    quit = quit(),
    session = Sys.getenv("SESSION")
  ))
  if (is.raw(input)) return(as.integer(input))
  input
}
"""
HANDLER = """
library(algorithmia)

algorithm <- function(input, state) {
  client <- getAlgorithmiaClient()
  paste(state$word, client$algo("alice/Echo")$pipe(input)$result)
}

load <- function() list(word = "echoed")

algo <- getAlgorithmHandler(algorithm, load)
algo$serve()
"""


@pytest.fixture
def python() -> str:
    """One is enough: what is tried here is the other side."""
    return PYTHONS[EXTREMES[-1]]


def told() -> dict[str, Any]:
    home = FOUND[-1].prefix
    quiet = ["--no-echo", "--no-restore", "--no-save", "--no-site-file", "--no-init-file"]
    command = [
        "/usr/bin/env",
        f"R_HOME={home}",
        f"{home}/bin/exec/R",
        *quiet,
        f"--file={SERVE.parent}/r/pipe.R",
        "--args",
    ]
    return {"command": command, "libraries": f"{home}/lib"}


@pytest.fixture
def r(start: Callable[..., Guest]) -> Callable[..., tuple[Guest, Answer]]:
    def loaded(code: str, **around: Any) -> tuple[Guest, Answer]:
        guest = start({"src/Hello.r": code}, **around)
        return guest, guest.load("src/Hello.r", told=told())

    return loaded


def test_values_come_and_go_as_the_language_pack_had_them(
    r: Callable[..., tuple[Guest, Answer]],
) -> None:
    guest, ready = r(HELLO)

    assert (ready.type, ready.stdout) == (FrameType.READY, "loading\n")
    values: list[Any] = [
        None,
        3.5,
        True,
        "größe",
        [1, 2],
        ["a", 1],
        {"ü": [1, {"b": None}]},
        [[1], [2]],
    ]
    for value in values:
        expected = (
            value if value != [[1], [2]] else [1, 2]
        )  # R knows no vector of one apart from it
        assert guest.call(value).value == expected
    assert guest.call("größe 🙂", kind="text").value == "größe 🙂"
    assert guest.call(b"\x00\xff", kind="binary").value == [0, 255]
    assert guest.call({"do": "numbers", "values": [1, 2.5]}).value == {
        "sum": 3.5,
        "class": "numeric",
    }
    assert guest.call({"do": "vector"}).value == {"a": 1, "b": 2}
    assert guest.call({"do": "frame"}).value == {"x": [1, 2], "y": ["a", "b"]}
    assert guest.call({"do": "bytes"}).value == b"\x00\xff"
    printed = guest.call({"do": "print"})
    assert (printed.value, printed.stdout) == (None, "out\nerr\n")


def test_failures_say_what_happened_and_where(r: Callable[..., tuple[Guest, Answer]]) -> None:
    guest, _ = r(HELLO)

    deep = guest.call({"do": "deep", "text": "words"})
    assert deep.message == "non-numeric argument to mathematical function"
    assert (deep.header["file"], deep.header["line"]) == ("src/Hello.r", 4)
    assert f"at {guest.tree}/src/Hello.r:4" in deep.stacktrace
    failed = guest.call({"do": "fail"})
    assert (failed.error_type, failed.message) == ("AlgorithmError", "The picture is empty.")
    assert guest.call({"do": "typed"}).error_type == "InputError"
    assert guest.call({"do": "function"}).message.startswith("The result cannot be said in JSON")
    assert guest.call(b"{", kind="json").error_type == "InputError"
    assert guest.call("still here").value == "still here"
    ended = guest.call({"do": "quit"})
    assert (ended.error_type, ended.header["is_last"]) == ("SystemExit", True)
    assert guest.wait() == 3


def test_template_of_the_language_pack_calls_another_algorithm_through_the_relay(
    r: Callable[..., tuple[Guest, Answer]],
) -> None:
    class Platform(Handler):
        def do_POST(self) -> None:  # noqa: N802 - its name there
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            said = {"result": f"{self.path} {sent}", "metadata": {"content_type": "text"}}
            self.say(json.dumps(said).encode())

    guest, ready = r(HANDLER, relay=Platform)

    assert ready.type is FrameType.READY
    assert guest.call("hi").value == "echoed /v1/algo/alice/Echo hi"


def test_file_that_does_not_load_is_told_with_its_line(
    r: Callable[..., tuple[Guest, Answer]],
) -> None:
    said: dict[str, tuple[str, int | None]] = {
        "x <- (\n": ("unexpected end of input", 2),
        "\nlibrary(nowhere)": (
            "There is no package 'nowhere'. If it is one of CRAN, add it to packages.txt.",
            2,
        ),
        "other <- 1": ("src/Hello.r defines no function algorithm(input).", None),
    }
    for code, (message, line) in said.items():
        _, failed = r(code)

        assert failed.message.startswith(message)
        assert failed.header.get("line") == line
