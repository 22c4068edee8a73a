"""The end of a push: the builds it has started, told line by line to whoever pushed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from algorithms import build_logs, pushing
from algorithms.models import Algorithm, Build
from marketplace.accounts.actors import Actor
from marketplace.compat.git_streams import Body, Departed, threads, write
from marketplace.lib import pkt_lines
from runners.relay import Send

LOOK_EVERY: Final = 2.0
_STILL_HERE: Final = b"0005\x01"
"""What git itself sends to keep a connection open: nothing, on the first band."""

Wait = Callable[[], Awaitable[bool]]


async def follow(  # noqa: PLR0913 - each is part of a push
    algorithm: Algorithm, commit: str, build: Build | str, *, pusher: Actor, body: Body, send: Send
) -> None:
    """Send a build's log as it grows, and how it ended; going away leaves the build alone.

    A good build that its gate publishes by itself is published meanwhile.
    """
    if isinstance(build, str):
        await _say(send, f"\n{build}\n")
        return
    await _say(send, f"\nBuilding {commit[:8]}, also at {pushing.address(algorithm, build)}\n")
    departure = asyncio.create_task(body.departed())
    try:
        async with asyncio.timeout(settings.BUILD_TIMEOUT_SECONDS), _news(build) as news:
            ended = await _follow(build, send, news, departure)
        if ended.is_good:
            await _publish(algorithm, pusher, send)
        await _say(send, _last_words(algorithm, commit, ended))
    except TimeoutError:
        await _say(send, "\nThis takes long; the build goes on at the address above.\n")
    finally:
        departure.cancel()


async def _publish(algorithm: Algorithm, pusher: Actor, send: Send) -> None:
    """Wait in a thread of its own: a gate may take minutes."""
    publish = database_sync_to_async(pushing.published, thread_sensitive=False)
    work = asyncio.ensure_future(publish(algorithm, by=pusher))
    while not (await asyncio.wait([work], timeout=LOOK_EVERY))[0]:
        await write(send, _STILL_HERE)
    if said := work.result():
        await _say(send, f"\n{said}\n")


async def _follow(
    build: Build, send: Send, news: Wait, departure: asyncio.Task[None]
) -> pushing.Look:
    offset = 0
    while True:
        look = await threads.run(pushing.look, build.pk, offset)
        offset = look.offset
        if look.has_ended:
            return look
        if departure.done():
            raise Departed
        if look.text:
            await _say(send, look.text)
        elif not await news():
            await write(send, _STILL_HERE)


@contextlib.asynccontextmanager
async def _news(build: Build) -> AsyncIterator[Wait]:
    """Give something to wait with; it tells whether there was news, and does not wait for long."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    group = build_logs.group(build.pk)

    async def wait() -> bool:
        try:
            await asyncio.wait_for(layer.receive(channel), LOOK_EVERY)
        except TimeoutError:
            return False
        return True

    await layer.group_add(group, channel)
    try:
        yield wait
    finally:
        await layer.group_discard(group, channel)


def _last_words(algorithm: Algorithm, commit: str, ended: pushing.Look) -> str:
    if ended.is_good:
        return f"\nbuild successful for algo://{algorithm}/{commit}\n"
    return f"\nbuild failed: {ended.error}\n"


async def _say(send: Send, text: str) -> None:
    await write(send, pkt_lines.progress(text))
