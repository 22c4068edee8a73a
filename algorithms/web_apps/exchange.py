"""One request of a browser or a program, told to an author's app over HTTP/1.1, and its answer.

Both bodies stream: whoever reads slowly is waited for. What goes by is counted and hashed for the
record and the receipt of the call. The app's answer is what it is, whatever its status; if it says
that it has failed (5xx), or says nothing, the call has failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import h11

from algorithms.web_apps import headers as mapping
from algorithms.web_apps.headers import Headers
from runners.relay import Receive, Send
from runners.specs import Failure
from runners.tunnels import Stream

MIB: Final = 1024 * 1024
MOST_SENT: Final = 100 * MIB
MOST_ANSWERED: Final = 1024 * MIB
_LONGEST_HEAD: Final = 64 * 1024
_FIRST_FAULT: Final = 500


class _NoAnswer(Exception):
    """The app did not answer as HTTP has it; the sentence says how."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it came, apart from its body."""

    method: str
    target: bytes  # path and query, as the caller wrote them
    headers: Headers  # as the app is to get them
    length: int | None  # None: in pieces, or none at all
    has_body: bool
    origin: str


class Exchange:
    """Talks to the app over a stream; to be used once."""

    def __init__(
        self, sent: Sent, receive: Receive, send: Send, left: Callable[[], object]
    ) -> None:
        """`left` hears when nobody is there any more to take the answer."""
        self.has_begun = False
        """Whether the caller has got the head of an answer: nothing else can be said then."""
        self.length = sent.length or 0
        self.answered_bytes = 0
        self._is_over = False
        self._sent = sent
        self._receive = receive
        self._send = send
        self._left = left
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._given, self._answered = hashlib.sha256(), hashlib.sha256()

    def prints(self) -> tuple[str, str]:
        """SHA-256 of both bodies, as far as they went."""
        return self._given.hexdigest(), self._answered.hexdigest()

    async def __call__(self, stream: Stream) -> Failure | None:
        try:
            await stream.write(self._said(self._request()))
        except (_TooMuch, h11.LocalProtocolError) as error:
            return Failure(f"The request cannot be passed on: {error}.", "InputError")
        giving = asyncio.ensure_future(self._give(stream))
        taking = asyncio.ensure_future(self._take(stream))
        try:
            await asyncio.wait([giving, taking], return_when=asyncio.FIRST_COMPLETED)
            if giving.done() and not taking.done():
                giving.result()  # raises the refusal of what was sent
            return await taking
        except _NoAnswer as error:
            return Failure(str(error), "SystemError")
        except _TooMuch as error:
            return Failure(str(error), "InputError")
        finally:
            for task in (giving, taking):
                task.cancel()
            await asyncio.gather(giving, taking, return_exceptions=True)

    def _request(self) -> h11.Request:
        sent = self._sent
        framing: Headers = []
        if sent.length is not None:
            framing = [(b"content-length", str(sent.length).encode())]
        elif sent.has_body:
            framing = [(b"transfer-encoding", b"chunked")]
        return h11.Request(
            method=sent.method, target=sent.target, headers=[*sent.headers, *framing]
        )

    async def _give(self, stream: Stream) -> None:
        """Pass the body on; from then on only wait for the caller to leave."""
        count, more = 0, True
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                if not self._is_over:  # a server also says so when all has been answered
                    self._left()
                return
            body: bytes = message.get("body", b"")
            count += len(body)
            if count > MOST_SENT:
                raise _TooMuch(f"A request may have {MOST_SENT // MIB} MiB at most.")
            if body:
                self._given.update(body)
                await stream.write(self._said(h11.Data(data=body)))
            if more and not message.get("more_body"):
                more = False
                await stream.write(self._said(h11.EndOfMessage()))

    def _said(self, event: Any) -> bytes:  # noqa: ANN401 - h11's own unions
        try:
            return self._talk.send(event) or b""
        except h11.LocalProtocolError as error:
            raise _TooMuch(f"The request is not what HTTP allows: {error}.") from None

    async def _take(self, stream: Stream) -> Failure | None:
        status = 0
        while True:
            event = await self._next(stream)
            if isinstance(event, h11.Response):
                status = event.status_code
                await self._begin(event)
            elif isinstance(event, h11.Data):
                await self._pass_on(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._is_over = True
                await self._say({"type": "http.response.body", "body": b""})
                break
        if status >= _FIRST_FAULT:
            return Failure(f"The app answered {status}.")
        return None

    async def _next(self, stream: Stream) -> Any:  # noqa: ANN401 - h11's own unions
        has_ended = False
        try:
            while (event := self._talk.next_event()) is h11.NEED_DATA:
                data = await stream.read()
                has_ended = not data
                self._talk.receive_data(data)
        except h11.RemoteProtocolError as error:
            if self.has_begun:
                raise _NoAnswer(f"The app broke off its answer: {error}.") from None
            if has_ended:
                raise _NoAnswer("The app closed the connection without an answer.") from None
            raise _NoAnswer(f"The app gave no answer that is HTTP: {error}.") from None
        if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            raise _NoAnswer("The app closed the connection without an answer.")
        return event

    async def _begin(self, response: h11.Response) -> None:
        self.has_begun = True
        headers = mapping.for_browser(list(response.headers), origin=self._sent.origin)
        request_id = next(value for name, value in self._sent.headers if name == b"x-request-id")
        start = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [*headers, (b"x-request-id", request_id)],
        }
        await self._say(start)

    async def _pass_on(self, body: bytes) -> None:
        self.answered_bytes += len(body)
        if self.answered_bytes > MOST_ANSWERED:
            raise _NoAnswer(f"The answer has more than {MOST_ANSWERED // MIB} MiB.")
        self._answered.update(body)
        await self._say({"type": "http.response.body", "body": body, "more_body": True})

    async def _say(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the other task hears that the caller has left
            await self._send(message)


class _TooMuch(Exception):
    """What was sent cannot be passed on; the sentence says why."""
