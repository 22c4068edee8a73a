"""How many calls each account has running: here, and about how many in the other processes.

Admission asks memory only. Where there are several processes, a thread tells Redis once a
moment what runs here and reads what runs elsewhere, so that an account's limit holds for all of
them together, give or take what begins within that moment.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import Counter
from typing import Any, Final

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

TELL_SECONDS: Final = 0.5
STALE_SECONDS: Final = 5.0
"""What a process said longer ago no longer counts: it has ended."""

_KEY: Final = "agorithm:open-calls"


class OpenCalls:
    """Counts by payer."""

    def __init__(self) -> None:
        self._here: Counter[str] = Counter()
        self._elsewhere: dict[str, int] = {}
        self._sharing: _Sharing | None = None

    def total(self) -> int:
        return self._here.total()

    def of(self, payer: str) -> int:
        return self._here[payer] + self._elsewhere.get(payer, 0)

    def begin(self, payer: str) -> None:
        self._here[payer] += 1

    def end(self, payer: str) -> None:
        self._here[payer] -= 1
        if not self._here[payer]:
            del self._here[payer]

    def share(self) -> None:
        """Begin to exchange counts with the other processes, if there are any."""
        if self._sharing is None and not settings.IS_EMBEDDED:
            self._sharing = _Sharing(self, redis.Redis.from_url(settings.CELERY_BROKER_URL))
            self._sharing.start()

    def stop_sharing(self) -> None:
        if self._sharing is not None:
            self._sharing.stop()
            self._sharing = None
            self._elsewhere = {}

    def counts(self) -> dict[str, int]:
        return dict(self._here)

    def learn(self, elsewhere: dict[str, int]) -> None:
        self._elsewhere = elsewhere


class _Sharing(threading.Thread):
    def __init__(self, calls: OpenCalls, server: redis.Redis) -> None:
        super().__init__(name="open-calls", daemon=True)
        self._calls = calls
        self._server = server
        self._me = uuid.uuid4().hex
        self._is_stopping = threading.Event()
        self._is_failing = False

    def run(self) -> None:
        while not self._is_stopping.wait(TELL_SECONDS):
            try:
                self._exchange()
                self._is_failing = False
            except redis.RedisError:
                if not self._is_failing:
                    logger.warning("Redis does not answer; the limit of calls holds per process.")
                self._is_failing = True
                self._calls.learn({})

    def stop(self) -> None:
        self._is_stopping.set()
        self.join()
        try:
            self._server.hdel(_KEY, self._me)
        except redis.RedisError:
            logger.info("What ran here stays in Redis until it is stale.")
        self._server.close()

    def _exchange(self) -> None:
        now = time.time()
        mine = json.dumps({"at": now, "calls": self._calls.counts()})
        pipe = self._server.pipeline()
        pipe.hset(_KEY, self._me, mine)
        pipe.hgetall(_KEY)
        told: dict[bytes, bytes] = pipe.execute()[1]
        elsewhere: Counter[str] = Counter()
        for process, text in told.items():
            if process.decode() == self._me:
                continue
            said: dict[str, Any] = json.loads(text)
            if abs(now - said["at"]) > STALE_SECONDS:
                self._server.hdel(_KEY, process)
            else:
                elsewhere.update(said["calls"])
        self._calls.learn(dict(elsewhere))
