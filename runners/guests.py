"""The host's end of the wire to a guest: frames in, frames out, one answer awaited at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runners.protocol import (
    EVENT_BODY,
    EVENT_BYTES,
    EVENT_SECONDS,
    PREFIX,
    Frame,
    FrameType,
    ProtocolError,
    decode_header,
    read_prefix,
)


class GuestGone(Exception):
    """The guest closed the connection, or sent what no guest of ours sends."""


class OutOfTime(Exception):
    """The guest did not answer in time."""


class _Reader(asyncio.Protocol):
    """Takes a stream apart into frames. Everything that arrives is untrusted.

    Events are read no faster than the pace of runners/protocol.py, whatever is sent.
    """

    def __init__(self, *, max_body: int) -> None:
        self.hear: Callable[[Frame], None] | None = None
        """Hears the events of the call in progress, if somebody listens to it."""

        self._max_body = max_body
        self._buffer = bytearray()
        self._expected: tuple[FrameType, int, int] | None = None
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._free_at = 0.0
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._read()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _read(self) -> None:
        try:
            while not self._is_paused and (frame := self._next()) is not None:
                if frame.type is FrameType.EVENT:
                    self._heard(frame)
                else:
                    self._deliver(frame)
        except ProtocolError as error:
            self._refuse(error)

    def _next(self) -> Frame | None:
        buffer = self._buffer
        if self._expected is None:
            if len(buffer) < PREFIX.size:
                return None
            self._expected = read_prefix(bytes(buffer[: PREFIX.size]), max_body=self._max_body)
        frame_type, header_length, body_length = self._expected
        header_end = PREFIX.size + header_length
        end = header_end + body_length
        if len(buffer) < end:
            return None
        header = decode_header(bytes(buffer[PREFIX.size : header_end]))
        body = bytes(buffer[header_end:end])
        del buffer[:end]
        self._expected = None
        return Frame(frame_type, header, body)

    def _heard(self, frame: Frame) -> None:
        if len(frame.body) > EVENT_BODY:
            raise ProtocolError(f"an event of {len(frame.body)} bytes")
        if self.hear is not None:
            self.hear(frame)
        now = self._loop.time()
        takes = EVENT_SECONDS + len(frame.body) / EVENT_BYTES
        self._free_at = max(self._free_at, now - 1.0) + takes
        if self._free_at > now and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()
            self._loop.call_later(self._free_at - now, self._go_on)

    def _go_on(self) -> None:
        self._is_paused = False
        self._read()
        transport = self._transport
        if not self._is_paused and transport is not None and not transport.is_closing():
            transport.resume_reading()

    def _deliver(self, frame: Frame) -> None:
        raise ProtocolError(f"a {frame.type.name} that nobody asked for")

    def _refuse(self, error: ProtocolError) -> None:
        del error
        self.close()


class EventConnection(_Reader):
    """What a guest's supervisor says of the call in progress."""

    def __init__(self) -> None:
        super().__init__(max_body=EVENT_BODY)


class GuestConnection(_Reader):
    """Speaks to one guest."""

    def __init__(self, *, max_body: int) -> None:
        super().__init__(max_body=max_body)
        self._answer: asyncio.Future[Frame] | None = None
        self._early: list[Frame] = []
        self.is_lost = False
        self.connected: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self.connected.done():
            self.connected.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        self._fail(GuestGone("the connection ended"))

    def send(self, frame: bytes) -> None:
        if self.is_lost or self._transport is None:
            raise GuestGone("the connection ended")
        self._transport.write(frame)

    async def answer(self, timeout: float) -> Frame:  # noqa: ASYNC109 - one timer, no task
        """Give the next frame that is no event; raise OutOfTime or GuestGone.

        A frame that arrives at the moment of a cancel is kept for who asks next.
        """
        if self._early:
            return self._early.pop(0)
        if self.is_lost:
            raise GuestGone("the connection ended")
        self._answer = self._loop.create_future()
        timer = self._loop.call_later(timeout, self._fail, OutOfTime())
        try:
            return await self._answer
        except asyncio.CancelledError:
            waited = self._answer
            if waited.done() and not waited.cancelled() and waited.exception() is None:
                self._early.append(waited.result())
            raise
        finally:
            timer.cancel()
            self._answer = None

    def close(self) -> None:
        self.is_lost = True
        super().close()

    def _deliver(self, frame: Frame) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(frame)
        elif len(self._early) < 2:  # HELLO may come before it is awaited; nothing else should
            self._early.append(frame)
        else:
            raise ProtocolError("a frame that nobody asked for")

    def _refuse(self, error: ProtocolError) -> None:
        self._fail(GuestGone(str(error)))
        self.close()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class Unwelcome(asyncio.Protocol):
    """Whoever dials in after the guest."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
