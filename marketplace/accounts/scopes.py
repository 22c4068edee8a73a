"""Each right a key can carry. A scope never widens rights: whoever holds the key must have them too."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    CALL = "call"  # call algorithms, within the key's patterns
    MANAGE = "manage"  # create, build and publish the owner's algorithms
    DATA_READ = "data:read"
    DATA_WRITE = "data:write"
    ACCOUNT = "account"  # profile, keys, organizations: a signed-in person, never a key
    ADMIN = "admin"  # the predecessor's administration endpoints


PERSON: Final = frozenset(
    {Scope.CALL, Scope.MANAGE, Scope.DATA_READ, Scope.DATA_WRITE, Scope.ACCOUNT}
)
"""What a person signed in with a browser may do with what is theirs."""


def covers(patterns: tuple[str, ...], owner: str, name: str) -> bool:
    """Whether one of a restricted key's patterns reaches the algorithm.

    The wire knows `algo://*`, `algo://owner/*`, `algo://owner/name` and `algo://owner/name/*`.
    """
    reached = {"*", f"{owner}/*", f"{owner}/{name}", f"{owner}/{name}/*"}
    lowered = {pattern.lower() for pattern in reached}
    return any(pattern.lower().removeprefix("algo://") in lowered for pattern in patterns)
