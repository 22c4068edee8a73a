"""One question at a time: who asks the same meanwhile waits for the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[Key, T]):
    """Keeps a crowd from asking the database what one of them is asking it already.

    The name is that of Go's package for the same purpose.
    """

    def __init__(self) -> None:
        self._flying: dict[tuple[asyncio.AbstractEventLoop, Key], asyncio.Task[T]] = {}

    async def answer(self, key: Key, ask: Coroutine[Any, Any, T]) -> T:
        """What `ask` gives or raises, for everybody who comes before it has ended.

        It goes on when who came first goes away.
        """
        place = (asyncio.get_running_loop(), key)
        task = self._flying.get(place)
        if task is None:
            task = self._flying[place] = asyncio.ensure_future(ask)

            def landed(task: asyncio.Task[T]) -> None:
                del self._flying[place]
                if not task.cancelled():
                    task.exception()  # all who asked may have gone

            task.add_done_callback(landed)
        else:
            ask.close()
        return await asyncio.shield(task)
