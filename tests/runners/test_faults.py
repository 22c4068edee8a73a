"""What callers hear when something of ours fails, and what a hostile guest may not slip in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from runners.backends.base import Backend
from runners.bodies import reads_as
from runners.errors import PlatformFault
from runners.groups import PoolLimits
from runners.instance import Surroundings
from runners.pool import Pool
from runners.relay import Receive, Scope, Send
from runners.specs import Invocation, Kind, RunSpec


class Broken:
    """A backend that cannot even make a folder, and says too much about it."""

    def sockets_folder(self, name: str) -> Any:
        raise OSError(f"/srv/secret/{name} is read-only")

    def discard_sockets(self, *_: object) -> None:
        """There is nothing to give back."""


async def _nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """No platform is asked here."""


async def test_caller_hears_of_no_path_of_the_host() -> None:
    around = Surroundings(
        backend=cast("Backend", Broken()),
        platform=_nobody,
        platform_host="market.example",
        executor=ThreadPoolExecutor(1),
        parallel_calls=1,
    )
    pool = Pool(around, PoolLimits())
    invocation = Invocation(call_id="1", payer="bob", kind=Kind.JSON, body=b"1", timeout=1)

    with pytest.raises(PlatformFault) as failed:
        await pool.run(RunSpec("alice/Hello", "src.Hello"), invocation)
    await pool.stop()

    assert str(failed.value) == "A sandbox could not be started."


@pytest.mark.parametrize(
    ("body", "is_json"),
    [
        (b'{"a": 1}', True),
        (b"[" * 2000 + b"]" * 2000, False),
        (b"1" * 400, True),
        ('"x"'.encode("utf-16"), False),
        ('"x"'.encode("utf-32-le"), False),
        (b'"\xed\xa0\x80"', False),
        (b'"\xff"', False),
        (b"NaN", False),
    ],
)
def test_only_json_in_utf8_is_taken_for_json(body: bytes, is_json: bool) -> None:
    assert reads_as(Kind.JSON, body) is is_json
