"""Many requests on few kept-alive connections, timed one by one.

`wrk` (a Debian package) does it if it is there, because it takes little of the processor that
the server needs; else raw sockets here, on which the server shares its processor with Python.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

EXPECTED: Final = b'"result":'


@dataclass(frozen=True)
class Target:
    """One thing to be asked again and again."""

    port: int
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def request(self) -> bytes:
        lines = [
            f"POST {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Length: {len(self.body)}",
        ]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds."""

    p50: float
    p99: float
    per_second: float
    failures: int


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "Python"


def measure(target: Target, *, connections: int, seconds: float) -> Figures:
    """Ask the target; an answer without a result counts as a failure."""
    if generator() == "wrk":
        return _with_wrk(target, connections, seconds)
    return asyncio.run(_with_sockets(target, connections, seconds))


def _with_wrk(target: Target, connections: int, seconds: float) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "request.lua"
        script.write_text(_script(target))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
        done = subprocess.run(
            [*command, "-s", script, f"http://127.0.0.1:{target.port}{target.path}"],
            check=True,
            capture_output=True,
            text=True,
        )
    return _read_wrk(done.stdout)


def _script(target: Target) -> str:
    headers = "\n".join(
        f'wrk.headers["{name}"] = "{value}"' for name, value in target.headers.items()
    )
    return f"""
wrk.method = "POST"
wrk.body = [==[{target.body.decode()}]==]
{headers}
local failures = 0
function response(status, _, body)
  if status ~= 200 or not string.find(body, '"result":', 1, true) then failures = failures + 1 end
end
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency)
  local failed = 0
  for _, thread in ipairs(threads) do failed = failed + (thread:get("failures") or 0) end
  io.write(string.format("FIGURES %f %f %f %d\\n", latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.requests / summary.duration * 1e6, failed))
end
""".replace("local failures", "failures")


def _read_wrk(output: str) -> Figures:
    found = re.search(r"FIGURES (\S+) (\S+) (\S+) (\d+)", output)
    if found is None:
        raise SystemExit(f"wrk printed no figures:\n{output}")
    return Figures(float(found[1]), float(found[2]), float(found[3]), int(found[4]))


async def _with_sockets(target: Target, connections: int, seconds: float) -> Figures:
    times: list[float] = []
    failures = 0
    began = time.perf_counter()
    end = began + seconds

    async def one() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        while time.perf_counter() < end:
            sent = time.perf_counter()
            writer.write(target.request)
            body = await _read(reader)
            times.append((time.perf_counter() - sent) * 1000)
            failures += EXPECTED not in body
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    elapsed = time.perf_counter() - began
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    return Figures(p50, p99, len(times) / elapsed, failures)


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    length = int(lowered[start : lowered.index(b"\r\n", start)])
    return await reader.readexactly(length)
