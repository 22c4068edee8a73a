"""How many may read and write repositories at the same time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from marketplace.compat import git_streams
from marketplace.lib.errors import Unavailable


def test_one_account_leaves_places_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_streams, "PATIENCE_SECONDS", 0.05)

    async def crowd() -> bytes:
        async with AsyncExitStack() as open_ones:
            dawdling = [
                await open_ones.enter_async_context(
                    git_streams.running(["cat"], {}, account="dawdler")
                )
                for _ in range(git_streams.AT_ONCE_FOR_ONE)
            ]
            with pytest.raises(Unavailable, match="at the moment"):
                await open_ones.enter_async_context(
                    git_streams.running(["cat"], {}, account="dawdler")
                )
            async with git_streams.running(["echo", "served"], {}, account="other") as git:
                said = await git.all()
            for one in dawdling:
                one.kill()
        return said

    async def after() -> bytes:
        async with git_streams.running(["echo", "again"], {}, account="dawdler") as git:
            return await git.all()

    async def all_of_it() -> tuple[bytes, bytes]:
        crowded = asyncio.create_task(crowd())
        return await crowded, await after()

    assert asyncio.run(all_of_it()) == (b"served\n", b"again\n")
