"""The host's end of the wire to a guest: frames in, frames out, one answer awaited at a time."""

from __future__ import annotations

import asyncio

from runners.protocol import PREFIX, Frame, FrameType, ProtocolError, decode_header, read_prefix


class GuestGone(Exception):
    """The guest closed the connection, or sent what no guest of ours sends."""


class OutOfTime(Exception):
    """The guest did not answer in time."""


class GuestConnection(asyncio.Protocol):
    """Speaks to one guest. Everything that arrives is untrusted."""

    def __init__(self, *, max_body: int) -> None:
        self._max_body = max_body
        self._buffer = bytearray()
        self._expected: tuple[FrameType, int, int] | None = None
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Frame] | None = None
        self._early: list[Frame] = []
        self.is_lost = False
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.connected: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if not self.connected.done():
            self.connected.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        self._fail(GuestGone("the connection ended"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (frame := self._next()) is not None:
                self._deliver(frame)
        except ProtocolError as error:
            self._fail(GuestGone(str(error)))
            self.close()

    def send(self, frame: bytes) -> None:
        if self.is_lost or self._transport is None:
            raise GuestGone("the connection ended")
        self._transport.write(frame)

    async def answer(self, timeout: float) -> Frame:  # noqa: ASYNC109 - one timer, no task
        """Give the next frame; raise OutOfTime or GuestGone."""
        if self._early:
            return self._early.pop(0)
        if self.is_lost:
            raise GuestGone("the connection ended")
        self._answer = self._loop.create_future()
        timer = self._loop.call_later(timeout, self._fail, OutOfTime())
        try:
            return await self._answer
        finally:
            timer.cancel()
            self._answer = None

    def close(self) -> None:
        self.is_lost = True
        if self._transport is not None:
            self._transport.close()

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

    def _deliver(self, frame: Frame) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(frame)
        elif len(self._early) < 2:  # HELLO may come before it is awaited; nothing else should
            self._early.append(frame)
        else:
            raise ProtocolError("a frame that nobody asked for")

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


class Unwelcome(asyncio.Protocol):
    """Whoever dials in after the guest."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
