"""YAML that a stranger has written: plain values only."""

from __future__ import annotations

from typing import Any

import yaml


class Unreadable(ValueError):
    """Why a text is no YAML, or none that is taken here."""


def load(text: bytes | str, *, most_aliases: int = 0) -> Any:  # noqa: ANN401 - a stranger's document
    """The value of a document; raise Unreadable if it has none that can be kept as it is written."""
    try:
        return _Loader(text, most_aliases).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)[:200]) from None


class _Loader(yaml.SafeLoader):
    """Bounds the aliases, with which a few lines can mean gigabytes."""

    def __init__(self, text: bytes | str, most_aliases: int) -> None:
        super().__init__(text)
        self._most_aliases = self._left = most_aliases

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            if not self._left:
                most = f"more than {self._most_aliases} " if self._most_aliases else ""
                raise yaml.YAMLError(f"{most}aliases are not allowed here")
            self._left -= 1
        return super().compose_node(parent, index)
