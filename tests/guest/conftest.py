"""`guest("code")` gives a guest that has loaded src/Hello.py, on the oldest and newest Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from runners.protocol import FrameType
from tests.guest.harness import EXTREMES, PYTHONS, Guest


@pytest.fixture(params=EXTREMES)
def python(request: pytest.FixtureRequest) -> str:
    """The oldest and the newest Python of this machine, one after the other."""
    return PYTHONS[request.param]


@pytest.fixture
def start(python: str) -> Iterator[Callable[..., Guest]]:
    """Start a guest on a tree of files; it has said hello and waits for LOAD."""
    guests: list[Guest] = []

    def start_one(files: dict[str, str], *, with_python: str = "") -> Guest:
        one = Guest(with_python or python, files)
        guests.append(one)
        one.start()
        return one

    yield start_one
    for one in guests:
        one.close()


@pytest.fixture
def guest(start: Callable[..., Guest]) -> Callable[..., Guest]:
    """Start a guest whose src/Hello.py holds this code, and load it."""

    def start_and_load(code: str, **limits: int) -> Guest:
        one = start({"src/__init__.py": "", "src/Hello.py": code})
        report = one.load(**limits)
        assert report.type is FrameType.READY, report
        return one

    return start_and_load
