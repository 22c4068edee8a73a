"""A load generator over raw sockets: many requests on few kept-alive connections, timed one by one.

Small on purpose, so that it measures the server and not itself: it reads a response by its
Content-Length and decodes nothing.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds."""

    p50: float
    p99: float
    per_second: float
    failures: int


async def measure(
    host: str, port: int, request: bytes, *, connections: int, seconds: float, expected: bytes
) -> Figures:
    """Send the same request again and again; an answer without `expected` counts as a failure."""
    times: list[float] = []
    failures = 0
    end = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection(host, port)
        while time.perf_counter() < end:
            began = time.perf_counter()
            writer.write(request)
            body = await _read(reader)
            times.append(time.perf_counter() - began)
            failures += expected not in body
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    elapsed = time.perf_counter() - began
    times.sort()
    return Figures(
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        per_second=len(times) / elapsed,
        failures=failures,
    )


def post(host: str, path: str, body: bytes, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    length = int(lowered[start : lowered.index(b"\r\n", start)])
    return await reader.readexactly(length)
