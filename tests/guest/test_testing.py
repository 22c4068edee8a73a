"""The author's unit tests, run inside as one call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from runners.protocol import FrameType
from tests.guest.harness import Guest

Start = Callable[..., Guest]

FILES = {
    "src/__init__.py": "",
    "src/Hello.py": "def apply(input):\n    return 'Hello ' + input\n",
    "src/Hello_test.py": (
        "import unittest\nfrom . import Hello\n\n"
        "def test_hello():\n    print('greeting')\n    assert Hello.apply('Jane') == 'Hello Jane'\n\n"
        "def test_wrong():\n    assert Hello.apply('Jane') == 'Bye'\n\n"
        "def test_fixture(tmp_path):\n    raise AssertionError\n\n"
        "class Cases(unittest.TestCase):\n"
        "    def test_upper(self):\n        self.assertEqual('a'.upper(), 'A')\n"
        "    @unittest.skip('later')\n    def test_later(self):\n        pass\n"
    ),
    "tests/test_broken.py": "import nothing_like_this\n",
    "src/notes.py": "raise SystemExit\n",
}


def report_of(one: Guest) -> tuple[dict[str, Any], str]:
    ready = one.load("src.Hello", contract="tests")
    assert ready.type is FrameType.READY, ready
    answer = one.call(None)
    assert answer.is_result, answer
    return json.loads(answer.body), answer.stdout


def test_tests_are_found_run_and_told_apart(start: Start) -> None:
    report, printed = report_of(start(FILES))

    outcomes = {test["name"]: test["outcome"] for test in report["tests"]}
    assert outcomes == {
        "src/Hello_test.py::test_hello": "passed",
        "src/Hello_test.py::test_wrong": "failed",
        "src/Hello_test.py::test_fixture": "skipped",
        "src/Hello_test.py::Cases::test_upper": "passed",
        "src/Hello_test.py::Cases::test_later": "skipped",
        "tests/test_broken.py": "failed",
    }
    assert (report["passed"], report["failed"], report["skipped"]) == (2, 2, 2)
    assert printed == "greeting\n"
    messages = {test["name"]: test["message"] for test in report["tests"]}
    assert 'src/Hello_test.py", line 9' in messages["src/Hello_test.py::test_wrong"]
    assert "nothing_like_this" in messages["tests/test_broken.py"]


def test_tree_without_tests_reports_none(start: Start) -> None:
    report, _ = report_of(start({"src/__init__.py": "", "src/Hello.py": ""}))

    assert report == {"files": [], "passed": 0, "failed": 0, "skipped": 0, "tests": []}
