"""Wake those who watch something: one message to a Channels group, from any thread.

The in-memory channel layer of the embedded site belongs to the server's event loop; a
message from another thread would lie there unseen, so it is handed over to that loop.
"""

from __future__ import annotations

import asyncio
import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

_serving: asyncio.AbstractEventLoop | None = None


def serve_on(loop: asyncio.AbstractEventLoop | None) -> None:
    """Name the event loop whose consumers are to be woken; None when the server stops."""
    global _serving  # noqa: PLW0603 - one server, one loop
    _serving = loop


def notify(group: str, message: dict[str, object]) -> None:
    """Send a message to a group; never waits for whoever listens.

    A message is a hint that there is something to read, not the thing itself, so one that
    gets lost costs a moment and nothing else: whoever has done the work must not fail because
    the channel layer does not answer.
    """
    layer = get_channel_layer()
    if layer is None:
        return
    loop = _serving
    if loop is not None and loop.is_running():
        asyncio.run_coroutine_threadsafe(layer.group_send(group, message), loop)
        return
    try:
        async_to_sync(layer.group_send)(group, message)
    except Exception as error:  # noqa: BLE001 - each layer and each of its libraries has its own
        logger.warning("Nobody in %s could be woken: %s", group, error)
