"""How much one commit of a repository may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _

from marketplace.lib.errors import TooLarge

MAX_FILES: Final = 5000
MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_TREE_BYTES: Final = 200 * 1024 * 1024


def check(sizes: Mapping[str, int]) -> None:
    """Raise TooLarge if these are too many files, or too large: bytes by path."""
    advice = _advice()
    if len(sizes) > MAX_FILES:
        raise too_many()
    for path, size in sizes.items():
        if size > MAX_FILE_BYTES:
            raise TooLarge(
                _("%(path)s is larger than %(most)s MiB. %(advice)s")
                % {"path": repr(path), "most": MAX_FILE_BYTES // 1024**2, "advice": advice}
            )
    if sum(sizes.values()) > MAX_TREE_BYTES:
        raise TooLarge(
            _("Its files have more than %(max_tree_bytes)s MiB. %(advice)s")
            % {"max_tree_bytes": MAX_TREE_BYTES // 1024**2, "advice": advice}
        )


def too_many() -> TooLarge:
    return TooLarge(
        _("A repository holds %(max_files)s files at most. %(advice)s")
        % {"max_files": MAX_FILES, "advice": _advice()}
    )


def _advice() -> str:
    return _("Keep models and data in a data collection.")
