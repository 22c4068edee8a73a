from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from runners.forwarding import Forwarder
from runners.relay import MOST_OTHERS, Message, Receive, Relay, Scope, Send, http_server


class Platform:
    """Remembers what reaches it, and answers slowly where it is asked to."""

    def __init__(self) -> None:
        self.seen: list[Scope] = []
        self.bodies: list[bytes] = []
        self.release = asyncio.Event()
        self.release.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append(scope)
        body = b""
        while True:
            message: Message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        await self.release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def relay(platform: Platform) -> Relay:
    return Relay(platform, host="market.example", parallel_calls=2)


@pytest.fixture
async def client(relay: Relay, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    path = tmp_path / "relay.sock"
    server = await asyncio.get_running_loop().create_unix_server(http_server(relay), path)
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9000") as client:
        yield client
    server.close()


async def test_a_request_reaches_the_platform_as_the_caller_of_the_call(
    client: httpx.AsyncClient, relay: Relay, platform: Platform
) -> None:
    relay.token = lambda: "run.abc"

    answer = await client.put("/v1/data/.my/x/y", content=b"bytes")

    headers = dict(platform.seen[0]["headers"])
    assert answer.text == "hello"
    assert headers[b"authorization"] == b"Bearer run.abc"
    assert headers[b"host"] == b"market.example"
    assert platform.bodies == [b"bytes"]


async def test_what_the_algorithm_says_about_itself_is_not_believed(
    client: httpx.AsyncClient, relay: Relay, platform: Platform
) -> None:
    relay.token = lambda: "run.abc"
    forged = {
        "Authorization": "Simple simAgoStolen",
        "Cookie": "sessionid=1",
        "X-Forwarded-For": "1.1.1.1",
        "Origin": "http://market.example",
        "Host": "evil.example",
    }

    await client.get("/v1/data/", headers=forged)

    values = [value for name, value in platform.seen[0]["headers"]]
    assert not [value for value in values if b"Stolen" in value or b"sessionid" in value]
    assert b"1.1.1.1" not in values
    assert b"evil.example" not in values
    assert platform.seen[0]["client"] is None


async def test_between_calls_nobody_is_asking(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    answer = await client.get("/v1/data/.my/x")

    assert answer.status_code == 403
    assert "No call is in progress" in answer.json()["error"]["message"]
    assert not platform.seen


@pytest.mark.parametrize("path", ["/admin/", "/", "/sign_in/", "/api/keys", "/v1/../admin/"])
async def test_only_the_platforms_api_can_be_reached(
    client: httpx.AsyncClient, relay: Relay, platform: Platform, path: str
) -> None:
    relay.token = lambda: "run.abc"

    answer = await client.get(path)

    assert answer.status_code == 404
    assert not platform.seen


async def test_more_calls_of_others_at_once_than_the_limit_are_refused(
    client: httpx.AsyncClient, relay: Relay, platform: Platform
) -> None:
    relay.token = lambda: "run.abc"
    platform.release.clear()
    paths = ("/v1/algo/a/b", "/v1/services/a/project/service/command")
    calls = [asyncio.create_task(client.post(path, content=b"1")) for path in paths]
    while len(platform.seen) < 2:
        await asyncio.sleep(0.01)

    refused = await client.post("/v1/algo/a/b", content=b"1")
    raw = await client.post("/v1/algo/a/b?output=raw", content=b"1")
    platform.release.set()
    answers = await asyncio.gather(*calls)
    afterwards = await client.post("/v1/algo/a/b", content=b"1")

    assert (refused.status_code, raw.status_code) == (200, 429)
    for answer in (refused, raw):
        assert answer.json()["error"]["message"] == (
            "An algorithm may have 2 calls of other algorithms open at once; wait for one to end."
        )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert afterwards.status_code == 200


async def test_one_sandbox_does_not_take_up_the_platform_with_requests_for_data(
    client: httpx.AsyncClient, relay: Relay, platform: Platform
) -> None:
    relay.token = lambda: "run.abc"
    platform.release.clear()
    reads = [asyncio.create_task(client.get("/v1/data/.my/x/y")) for _ in range(MOST_OTHERS)]
    while len(platform.seen) < MOST_OTHERS:
        await asyncio.sleep(0.01)

    refused = await client.get("/v1/data/.my/x/y")
    call = asyncio.create_task(client.post("/v1/algo/a/b", content=b"1"))
    while len(platform.seen) < MOST_OTHERS + 1:
        await asyncio.sleep(0.01)
    platform.release.set()
    answers = await asyncio.gather(*reads, call)
    afterwards = await client.get("/v1/data/.my/x/y")

    assert refused.status_code == 429
    assert {answer.status_code for answer in answers} == {200}
    assert afterwards.status_code == 200


async def test_body_that_breaks_off_does_not_pass_for_a_whole_one_elsewhere() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def platform(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read(-1))
        writer.close()

    server = await asyncio.start_server(platform, "127.0.0.1", 0)
    forwarder = Forwarder(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    said = iter(({"type": "http.request", "body": b"half", "more_body": True},))
    answers: list[Message] = []

    async def receive() -> Message:
        return next(said, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        answers.append(message)

    headers = [(b"host", b"market.example"), (b"transfer-encoding", b"chunked")]
    scope = {"method": "PUT", "path": "/v1/data/.my/x/y", "headers": headers}
    await forwarder(scope, receive, send)
    body = await asyncio.wait_for(heard, 10)
    await forwarder.close()
    server.close()

    assert b"half" in body
    assert not body.endswith(b"0\r\n\r\n")
    assert answers[0]["status"] == 502
