"""The people of the journeys, and algorithms that several of them call: built once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.journeys.authoring import build, publish, write
from tests.journeys.calling import ECHO
from tests.live import Person, Site
from tests.python_client import connected

NUMBERED = """
def apply(input):
    if input == "fail":
        raise ValueError("asked to")
    return {number}
"""


@dataclass(frozen=True)
class Numbered:
    """An open-source algorithm with several versions, each of which answers with its number."""

    path: str
    uuid: str
    commits: tuple[str, ...]
    """Of 1: 0.1.0, public; 2: 0.1.1, public; 3: 0.2.0, private; 4: not published."""


@pytest.fixture(scope="session")
def author(live: Site) -> Person:
    return live.person("journey_author")


@pytest.fixture(scope="session")
def caller(live: Site) -> Person:
    return live.person("journey_caller")


@pytest.fixture(scope="session")
def author_client(live: Site, author: Person) -> Iterator[Any]:
    with connected(live.url, author.key) as client:
        yield client


@pytest.fixture(scope="session")
def caller_client(live: Site, caller: Person) -> Iterator[Any]:
    with connected(live.url, caller.key) as client:
        yield client


@pytest.fixture(scope="session")
def echo(live: Site, author: Person, author_client: Any) -> str:
    """The path of a closed-source algorithm that does as it is told, published for everybody."""
    written = write(author_client, live, author, ECHO, name="Echo")
    publish(author_client, written.path, sample='"hello"')
    return written.path


@pytest.fixture(scope="session")
def numbered(live: Site, author: Person, author_client: Any) -> Numbered:
    path, commits = f"{author.name}/Numbered", []
    releases = {1: ("minor", "public"), 2: ("revision", "public"), 3: ("minor", "private"), 4: None}
    for number, release in releases.items():
        code = NUMBERED.format(number=number)
        if number == 1:
            options = {"source_visibility": "open"}
            made = write(author_client, live, author, code, name="Numbered", settings=options)
        else:
            made = build(author_client, live, author, path, {"src/Numbered.py": code})
        commits.append(made.commit)
        if release is not None:
            part, callability = release
            settings = {"algorithm_callability": callability}
            publish(author_client, path, sample="1", part=part, **settings)
    known = httpx.get(f"{live.url}/v1/algorithms/{path}", headers=author.headers).json()
    return Numbered(path, known["id"], tuple(commits))
