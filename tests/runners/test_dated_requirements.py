"""Requirements as of a day: one comment line, and nothing newer is known to the build."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from runners import package_dates, requirements_file
from runners.errors import BuildFailed
from tests.runners.building import hello_tree, run_build


def test_packages_left_open_are_taken_as_they_were_on_that_day(tmp_path: Path) -> None:
    tree = hello_tree(tmp_path, requirements="# as of 2016-01-01\nsix\n")

    built = run_build(tree)

    assert "Requirements: six, setuptools<81; python_version < '3.12', as of 2016-01-01" in (
        built.lines
    )
    assert "  six==1.10.0" in built.lines


def test_day_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    tree = hello_tree(tmp_path, requirements="six\n# as of 2016-02-31\n")

    with pytest.raises(BuildFailed, match=r"requirements\.txt, line 2: .* there is no such day"):
        requirements_file.read(tree)


def test_another_day_takes_the_place_of_the_first() -> None:
    text = requirements_file.dated("# As of 2016-01-01\nsix\n# kept\n", date(2017, 4, 30))

    assert text == "# as of 2017-04-30\nsix\n# kept\n"
    assert requirements_file.is_dated(text)


def test_age_of_requirements_is_that_of_their_newest_pin() -> None:
    lines = ["six==1.10.0", "Flask==0.12.1", "numpy", "odd @ https://example.org/odd.whl"]

    assert package_dates.newest(lines, python="3.6") == date(2017, 3, 31)
    assert package_dates.newest(["numpy>=1", "-r more.txt"], python="3.6") is None
