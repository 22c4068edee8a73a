"""Large and odd transfers against the running site: what no client library would show."""

from __future__ import annotations

import hashlib
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.live import Person, Site

MEGABYTE: Final = 1024 * 1024
LARGE: Final = 300
MOST_GROWTH_KB: Final = 60 * 1024


@pytest.fixture(scope="module")
def streamer(live: Site) -> Person:
    return live.person("streamer")


@pytest.fixture
def folder(live: Site, streamer: Person) -> Iterator[str]:
    """The address of a collection for one test."""
    name = f"s{uuid.uuid4().hex[:12]}"
    home = f"{live.url}/v1/data/.my"
    assert httpx.post(home, json={"name": name}, headers=streamer.headers).status_code == 200
    yield f"{home}/{name}"
    httpx.delete(f"{home}/{name}?force=true", headers=streamer.headers)


def test_300_megabytes_pass_through_little_memory(
    live: Site, streamer: Person, folder: str
) -> None:
    server = live.processes["server"].pid
    httpx.put(f"{folder}/warm", content=_pieces(20), headers=streamer.headers)
    before = _peak_memory_kb(server)

    stored = httpx.put(
        f"{folder}/large", content=_pieces(LARGE), headers=streamer.headers, timeout=300
    )
    received, digest = 0, hashlib.sha256()
    with httpx.stream("GET", f"{folder}/large", headers=streamer.headers, timeout=300) as download:
        for piece in download.iter_bytes(MEGABYTE):
            received += len(piece)
            digest.update(piece)

    assert stored.status_code == 200
    assert received == LARGE * MEGABYTE
    assert digest.hexdigest() == download.headers["X-Content-SHA256"]
    assert _peak_memory_kb(server) - before < MOST_GROWTH_KB


@pytest.mark.parametrize("authorization", ["", "Simple simAgoUnknown"])
def test_upload_of_nobody_is_refused_before_its_body_arrives(
    live: Site, authorization: str
) -> None:
    head = _request_head("/v1/data/streamer/any/file", authorization, "Content-Length: 9000000000")

    with _connected(live) as connection:
        connection.sendall(head)
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_file_too_large_is_refused_before_its_body_arrives(
    live: Site, streamer: Person, folder: str
) -> None:
    path = httpx.URL(folder).path + "/file"
    authorization = streamer.headers["Authorization"]
    head = _request_head(path, authorization, f"Content-Length: {10**12}")

    with _connected(live) as connection:
        connection.sendall(head)
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"A file may have" in answer


def test_upload_cut_off_in_the_middle_leaves_nothing(
    live: Site, streamer: Person, folder: str
) -> None:
    httpx.put(f"{folder}/file", content=b"old", headers=streamer.headers)
    path = httpx.URL(folder).path + "/file"
    authorization = streamer.headers["Authorization"]

    with _connected(live) as connection:
        connection.sendall(_request_head(path, authorization, "Content-Length: 5000000"))
        connection.sendall(bytes(3_000_000))
        _until(lambda: len(_uploads(live)) == 1)

    _until(lambda: not _uploads(live))
    assert httpx.get(f"{folder}/file", headers=streamer.headers).content == b"old"


def test_chunks_that_come_slowly_are_put_together(
    live: Site, streamer: Person, folder: str
) -> None:
    path = httpx.URL(folder).path + "/file"
    authorization = streamer.headers["Authorization"]

    with _connected(live) as connection:
        connection.sendall(_request_head(path, authorization, "Transfer-Encoding: chunked"))
        for piece in (b"one ", b"two ", b"three"):
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(0.1)
        connection.sendall(b"0\r\n\r\n")
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert httpx.get(f"{folder}/file", headers=streamer.headers).content == b"one two three"


def test_connection_goes_on_after_a_refused_upload(
    live: Site, streamer: Person, folder: str
) -> None:
    with httpx.Client(headers=streamer.headers) as client:
        refused = client.put(f"{live.url}/v1/data/.my/nowhere/file", content=bytes(3 * MEGABYTE))
        after = client.put(f"{folder}/file", content=b"x")

    assert refused.status_code == 404
    assert after.status_code == 200


def test_download_left_in_the_middle_harms_nobody(
    live: Site, streamer: Person, folder: str
) -> None:
    httpx.put(f"{folder}/large", content=_pieces(20), headers=streamer.headers)
    log = live.processes["server"].log
    before = len(log.read_text())

    with httpx.stream("GET", f"{folder}/large", headers=streamer.headers) as download:
        next(download.iter_bytes(1024))

    assert httpx.get(f"{folder}/large", headers=streamer.headers).headers["Content-Length"] == str(
        20 * MEGABYTE
    )
    assert "Traceback" not in log.read_text()[before:]


def _pieces(megabytes: int) -> Iterator[bytes]:
    for number in range(megabytes):
        yield number.to_bytes(4, "big") * (MEGABYTE // 4)


def _peak_memory_kb(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


def _uploads(site: Site) -> list[Path]:
    return list((site.data_dir / "uploads").glob("put-*"))


def _until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _connected(site: Site) -> socket.socket:
    url = httpx.URL(site.url)
    return socket.create_connection((url.host, url.port or 80), timeout=60)


def _request_head(path: str, authorization: str, *headers: str) -> bytes:
    lines = [f"PUT {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {authorization}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()
