"""A crowd that asks the same at once asks once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from marketplace.lib.errors import NotFound
from marketplace.lib.single_flight import SingleFlight


@dataclass
class Library:
    """Answers when the test lets it, and counts how often it was asked."""

    asked: list[str] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def find(self, title: str) -> str:
        self.asked.append(title)
        await self.open.wait()
        if title == "lost":
            raise NotFound("There is no such book.")
        return title.upper()


def test_who_asks_the_same_meanwhile_waits_for_the_same_answer() -> None:
    async def scenario() -> None:
        flights: SingleFlight[str, str] = SingleFlight()
        library = Library()
        titles = ["one", "two"] * 32
        readers = [asyncio.ensure_future(flights.answer(t, library.find(t))) for t in titles]
        await asyncio.sleep(0)
        library.open.set()

        assert await asyncio.gather(*readers) == [title.upper() for title in titles]
        assert library.asked == ["one", "two"]
        assert await flights.answer("one", library.find("one")) == "ONE"
        assert library.asked == ["one", "two", "one"]

    asyncio.run(scenario())


def test_refusal_reaches_everybody_and_a_reader_who_leaves_takes_nothing_from_the_others() -> None:
    async def scenario() -> None:
        flights: SingleFlight[str, str] = SingleFlight()
        library = Library()
        first, second = (
            asyncio.ensure_future(flights.answer("lost", library.find("lost"))) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        library.open.set()

        with pytest.raises(NotFound, match="no such book"):
            await second
        with pytest.raises(asyncio.CancelledError):
            await first
        assert library.asked == ["lost"]

    asyncio.run(scenario())
