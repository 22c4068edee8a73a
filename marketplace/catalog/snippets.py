"""Code that calls an algorithm, complete enough to be pasted and run unchanged.

Key and input stand in parts of their own, so that static/js/code-snippets.js can put the
visitor's there; `quoting` says how each language writes the input (quoting.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marketplace.catalog.quoting import written
from marketplace.catalog.snippet_texts import LANGUAGES

KEY: Final = "YOUR_API_KEY"


@dataclass(frozen=True)
class Piece:
    """Part of a snippet: plain text, or where the key or the input goes."""

    text: str
    kind: str = ""  # "", "key" or "input"


@dataclass(frozen=True)
class Snippet:
    slug: str
    language: str
    install: str
    quoting: str
    pieces: Sequence[Piece]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def of(path: str, sample_input: str, site_url: str) -> list[Snippet]:
    """The call of `owner/name/version` in each language."""
    names = {"PATH": path, "SITE": site_url, "ADDRESS": f"{site_url}/v1/algo/{path}"}
    return [
        Snippet(
            slug=one.slug,
            language=one.name,
            install=one.install,
            quoting=one.quoting,
            pieces=_pieces(one.text, names, written(sample_input, one.quoting)),
        )
        for one in LANGUAGES
    ]


def _pieces(template: str, names: dict[str, str], argument: str) -> list[Piece]:
    """Fill all in at once, so that an algorithm called `SITE` is not taken for one of ours."""
    pieces = []
    for part in re.split(r"\b(KEY|INPUT)\b", template):
        if part == "KEY":
            pieces.append(Piece(KEY, "key"))
        elif part == "INPUT":
            pieces.append(Piece(argument, "input"))
        else:
            filled = re.sub(r"\b(?:PATH|SITE|ADDRESS)\b", lambda found: names[found[0]], part)
            pieces.append(Piece(filled))
    return pieces
