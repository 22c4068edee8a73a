"""`guest("code")` gives a guest that has loaded src/Hello.py, on the oldest and newest Python."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from runners.protocol import FrameType
from tests.guest.harness import EXTREMES, PYTHONS, Guest, platform


@pytest.fixture(params=EXTREMES)
def python(request: pytest.FixtureRequest) -> str:
    """The oldest and the newest Python of this machine, one after the other."""
    return PYTHONS[request.param]


@pytest.fixture
def start(python: str) -> Iterator[Callable[..., Guest]]:
    """Start a guest on a tree of files; it has said hello and waits for LOAD."""
    with contextlib.ExitStack() as stack:

        def start_one(
            files: dict[str, str],
            *,
            with_python: str = "",
            relay: type[BaseHTTPRequestHandler] | None = None,
            egress: type[BaseHTTPRequestHandler] | None = None,
        ) -> Guest:
            one = Guest(with_python or python, files)
            stack.callback(one.close)
            for name, handler in (("relay.sock", relay), ("egress.sock", egress)):
                if handler is not None:
                    stack.enter_context(platform(one.folder / name, handler))
            one.start()
            return one

        yield start_one


@pytest.fixture
def guest(start: Callable[..., Guest]) -> Callable[..., Guest]:
    """Start a guest whose src/Hello.py holds this code, and load it."""

    def start_and_load(code: str, **limits: Any) -> Guest:
        one = start({"src/__init__.py": "", "src/Hello.py": code})
        report = one.load("src.Hello", contract="apply", **limits)
        assert report.type is FrameType.READY, report
        return one

    return start_and_load
