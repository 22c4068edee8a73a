"""Threads in which asynchronous code asks what blocks: the database, the cache, a folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A few threads of one kind of request, so that no other kind has to wait for it.

    Each keeps a connection to the database for as long as Django lets connections live, as the
    threads do that answer ordinary requests.
    """

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        """Give what the function gives, or raise what it raises."""

        def work() -> T:
            close_old_connections()
            try:
                return function(*arguments, **more)
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
