"""Nobody pretends to be the stripe package: tests speak to the double, over HTTP."""

from __future__ import annotations

import re

from tests.architecture.tree import modules, name_of

# A letter in brackets keeps this file from holding what it looks for.
_PRETENDING = re.compile(
    r"""([p]atch|[m]onkeypatch\.setattr|[s]etattr)\w*[.\w]*\(\s*f?["']?(stripe|billing\.stripe_client|package)\b"""
    r"""|[M]ock\([^)]*[s]pec\w*=\s*(stripe|StripeGateway|Gateway)\b"""
)


def test_nobody_mocks_stripe() -> None:
    pretending = [
        name_of(path)
        for path in modules("tests", "benchmarks")
        if _PRETENDING.search(path.read_text())
    ]

    assert pretending == []


def test_the_look_for_mocks_finds_them() -> None:
    word, other = "pat" + "ch", "set" + "attr"

    assert _PRETENDING.search(f'mock.{word}("stripe.Transfer.create")')
    assert _PRETENDING.search(f"monkey{word}.{other}(stripe, 'Refund', None)")
    assert not _PRETENDING.search(f'mock.{word}("socket.socket")')
