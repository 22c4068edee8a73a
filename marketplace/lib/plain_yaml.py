"""YAML that a stranger has written: plain values only."""

from __future__ import annotations

from typing import Any

import yaml


class Unreadable(ValueError):
    """Why a text is no YAML, or none that is taken here."""


def load(text: bytes | str) -> Any:  # noqa: ANN401 - a stranger's document
    """The value of a document; raise Unreadable if it has none that can be kept as it is written."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader without aliases
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)[:200]) from None


class _Loader(yaml.SafeLoader):
    """Refuses aliases, with which a few lines can mean gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed here")
        return super().compose_node(parent, index)
