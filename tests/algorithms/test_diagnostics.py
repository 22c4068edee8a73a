"""What is said of a Python file that nobody has run."""

from __future__ import annotations

import pytest

from algorithms.diagnostics import Finding, Severity, check
from marketplace.lib.errors import TooLarge


def found(text: str, *, python: str = "3.11", requirements: str = "") -> list[Finding]:
    return check(text, python=python, modules={"words"}, requirements=requirements)


def test_syntax_error_is_shown_where_it_is() -> None:
    assert found("x = 1\ndef apply(:\n") == [
        Finding(2, 10, Severity.ERROR, "Syntax error: invalid syntax.")
    ]


def test_name_nobody_defined_is_an_error_and_an_idle_import_a_warning() -> None:
    text = "import json\n\ndef apply(input):\n    return inptu\n"

    assert found(text) == [
        Finding(1, 0, Severity.WARNING, "'json' imported but unused."),
        Finding(4, 11, Severity.ERROR, "Undefined name 'inptu'."),
    ]


def test_import_that_no_requirement_provides_names_the_package_to_add() -> None:
    text = (
        "import json, cv2, numpy\nfrom PIL import Image\nfrom words import count\n"
        "from . import near\nprint(json, cv2, numpy, Image, count, near)\n"
    )

    missing = {(one.line, one.package) for one in found(text, requirements="NumPy>=1\n")}

    assert missing == {(1, "opencv-python-headless"), (2, "pillow")}


def test_import_that_may_fail_is_left_alone_and_so_is_what_the_lock_holds() -> None:
    guarded = "try:\n    import ujson as json\nexcept ImportError:\n    import json\njson\n"
    locked = check(
        "import six\nsix\n",
        python="3.11",
        modules=set(),
        requirements="",
        locked="six==1.17.0 \\\n",
    )

    assert found(guarded) == []
    assert locked == []


def test_syntax_of_another_python_is_judged_by_that_python() -> None:
    walrus = "def apply(input):\n    if (n := len(input)) > 1:\n        return n\n"

    assert found(walrus) == []
    assert [one.severity for one in found(walrus, python="3.7")] == [Severity.ERROR]
    assert [one.severity for one in found("def f[T](x: T): ...", python="3.99")] == [
        Severity.WARNING
    ]


@pytest.mark.parametrize(
    "text", ["(" * 5000, f"x = {'-' * 100_000}1", f"a{'.b' * 50_000}", "\0", "x = '\ud800'"]
)
def test_text_that_no_parser_takes_is_one_finding(text: str) -> None:
    assert len(found(text)) == 1


def test_endless_file_is_refused() -> None:
    with pytest.raises(TooLarge, match="not checked"):
        found("#" * 300_001)


def test_requirements_of_empty_lines_are_read_once_and_not_over_and_over() -> None:
    """A search that begins anew at each line would hold up the whole process for minutes."""
    empty = "\n" * 200_000

    assert found("import six\nsix\n", requirements=f"{empty} six==1.17.0") == []
    with pytest.raises(TooLarge, match="300000"):
        found("x = 1\n", requirements=empty * 2)
