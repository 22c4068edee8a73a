"""Pythons and the OpenCV that works on each: two guides ask for the same, and it is installed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from tests.machine import needs_python


@dataclass(frozen=True)
class Case:
    """A Python and the packages that work together on it, in training as in the algorithm."""

    python: str
    packages: tuple[str, ...]

    @property
    def requirements(self) -> str:
        return "\n".join(("algorithmia>=1.0.0,<2.0", "six", *self.packages)) + "\n"


_KNOWN = (
    Case("3.6", ("opencv-python==3.4.1.15",)),
    Case("3.11", ("opencv-python-headless==4.14.0.94", "numpy<2.4")),
)

BY_PYTHON: Final = {case.python: case for case in _KNOWN}
CASES: Final = [
    pytest.param(case, id=f"python{case.python}", marks=needs_python(case.python))
    for case in _KNOWN
]
"""Where this machine has the Python."""
