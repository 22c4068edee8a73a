"""What somebody is told whose key does not reach."""

from __future__ import annotations

import pytest

from marketplace.accounts.actors import Actor
from marketplace.accounts.scopes import Scope
from marketplace.lib.errors import NotAllowed

ONE, TWO, THREE, FOUR = (f"algo://bob/{name}" for name in ("One", "Two", "Three", "Four"))


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        (None, "call"),
        ((), "call no algorithm"),
        ((ONE,), f"call {ONE} only"),
        ((ONE, TWO, THREE, FOUR), f"call {ONE}, {TWO}, {THREE}, and others only"),
    ],
)
def test_refused_key_is_told_which_algorithms_it_reaches(
    alice: Actor, patterns: tuple[str, ...] | None, said: str
) -> None:
    key = Actor(
        owner_id=alice.owner_id,
        name="alice",
        scopes=frozenset({Scope.CALL, Scope.DATA_READ}),
        patterns=patterns,
        key_id=alice.owner_id,
        key_label="small",
    )

    with pytest.raises(NotAllowed) as refusal:
        key.require(lambda _actor, _subject: False, "bob/Five")

    assert refusal.value.message.endswith(
        f" bob/Five with the key “small”, which allows: {said}, data:read."
    )
