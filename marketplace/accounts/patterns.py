"""The algorithms a restricted key may call, as people and the wire write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from marketplace.lib import names
from marketplace.lib.errors import BadInput

MOST_PATTERNS: Final = 100
_SCHEME: Final = "algo://"
_NAME: Final = rf"[a-zA-Z][a-zA-Z0-9_]{{0,{names.MAX_LENGTH - 1}}}"
_SHAPE: Final = re.compile(rf"(?:\*|{_NAME}/\*|{_NAME}/{_NAME}(?:/\*)?)\Z")


def cleaned(patterns: Iterable[str]) -> list[str]:
    """Write each the same way, once; raise BadInput naming the first that means nothing."""
    found = list(dict.fromkeys(_cleaned(pattern) for pattern in patterns))
    if len(found) > MOST_PATTERNS:
        raise BadInput(
            _("A key takes %(most_patterns)s patterns at most; this one has %(count)s.")
            % {"most_patterns": MOST_PATTERNS, "count": len(found)}
        )
    return found


def covered(patterns: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of patterns of which the first adds nothing to the second."""
    known = list(patterns)
    return [
        (narrow, wide)
        for narrow in known
        for wide in known
        if narrow != wide and wide.endswith("*") and _starts(narrow, wide[:-1])
    ]


def _starts(narrow: str, stem: str) -> bool:
    whole_algorithm = f"{narrow.lower()}/"  # algo://owner/name is within algo://owner/name/*
    return narrow.lower().startswith(stem.lower()) or whole_algorithm == stem.lower()


def _cleaned(pattern: str) -> str:
    text = pattern.strip()
    path = text[len(_SCHEME) :] if text.lower().startswith(_SCHEME) else text
    if not _SHAPE.match(path):
        raise BadInput(
            _(
                "%(text)s is no pattern for algorithms. Write algo://*, algo://owner/* or "
                "algo://owner/name."
            )
            % {"text": repr(text[:80])}
        )
    return _SCHEME + path
