from __future__ import annotations

import ast
import json
import shlex

from marketplace.catalog import quoting, snippets

INPUT = """{"text": "it's \\"new\\"", "deep": [true, null, 1.5]}"""


def by_slug(path: str = "alice/Hello/1.0.0", given: str = INPUT) -> dict[str, str]:
    return {made.slug: made.text for made in snippets.of(path, given, "https://site.example")}


def test_the_shell_reads_back_the_input() -> None:
    words = shlex.split(by_slug()["curl"].replace("\\\n", " "))

    assert words[:3] == ["curl", "-s", "https://site.example/v1/algo/alice/Hello/1.0.0"]
    assert words[words.index("-H") + 1] == "Authorization: Simple YOUR_API_KEY"
    assert json.loads(words[-1]) == json.loads(INPUT)


def test_python_reads_back_the_input() -> None:
    tree = ast.parse(by_slug()["python"])
    pipes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "pipe"
    ]

    assert ast.literal_eval(pipes[0].args[0]) == json.loads(INPUT)


def test_an_algorithm_named_like_a_placeholder_keeps_its_name() -> None:
    made = by_slug("SITE/URL/1.0.0", '"KEY INPUT PATH"')

    assert made["cli"] == """algo run SITE/URL/1.0.0 -j '"KEY INPUT PATH"'"""
    assert "https://site.example/v1/algo/SITE/URL/1.0.0" in made["curl"]


def test_text_that_is_no_json_is_sent_as_a_string() -> None:
    assert quoting.written("hello", "shell") == """'"hello"'"""
    assert quoting.written("", "python") == "''"


def test_raw_strings_are_fenced_against_what_is_in_them() -> None:
    assert quoting.written('"a\\"#b"', "rust") == 'r##""a\\"#b""##'
    assert quoting.written('"it\'s"', "single") == "'\"it\\'s\"'"
    assert json.loads(json.loads(quoting.written(INPUT, "double"))) == json.loads(INPUT)
