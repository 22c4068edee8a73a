from __future__ import annotations

import re

from marketplace.lib import tokens


def test_a_key_has_the_shape_the_published_command_line_accepts() -> None:
    key = tokens.new_api_key()

    assert len(key) == 28
    assert re.fullmatch(r"simAgo[0-9a-zA-Z]{22}", key)
    assert tokens.is_well_formed(key)


def test_a_mistyped_key_is_told_by_its_checksum() -> None:
    key = tokens.new_api_key()
    last = "a" if key[10] != "a" else "b"

    assert not tokens.is_well_formed(key[:10] + last + key[11:])
    assert not tokens.is_well_formed(key[:-1])
    assert not tokens.is_well_formed("")
