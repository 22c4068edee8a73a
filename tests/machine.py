"""What the machine that tests run on may lack: what `make test` cannot install."""

from __future__ import annotations

import os

import pytest

from runners import runtimes


def needs_python(version: str) -> pytest.MarkDecorator:
    """Leave a test out on a machine that has no such Python."""
    slug = f"python{version.replace('.', '')}"
    is_here = slug in {runtime.slug for runtime in runtimes.discover()}
    return pytest.mark.skipif(not is_here, reason=f"This machine has no Python {version}.")


def needs_language(language: str) -> pytest.MarkDecorator:
    """Leave a test out on a machine that has no interpreter of the language."""
    is_here = language in {runtime.language for runtime in runtimes.offered()}
    return pytest.mark.skipif(
        not is_here, reason=f"This machine has no interpreter for {language}."
    )


def needs_root(what: str) -> pytest.MarkDecorator:
    """Leave a test out where an ordinary user runs the tests."""
    return pytest.mark.skipif(os.getuid() != 0, reason=only_root(what))


def only_root(what: str) -> str:
    return f"Only root can {what}, and the tests run as user {os.getuid()}."
