from __future__ import annotations

from tests.architecture.tree import APPS, functions, modules, name_of

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 50
VAGUE_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py", "services.py", "managers.py"}


def test_every_module_fits_in_a_head() -> None:
    long = {
        name_of(path): lines
        for path in modules(*APPS, "tests", "benchmarks")
        if (lines := path.read_text().count("\n")) > MOST_LINES
    }

    assert long == {}


def test_every_function_fits_on_a_screen() -> None:
    long = {
        f"{name_of(path)}:{function.name}": lines
        for path in modules(*APPS, "tests", "benchmarks")
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }

    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [name_of(path) for path in modules(*APPS, "tests") if path.name in VAGUE_NAMES]

    assert vague == []
