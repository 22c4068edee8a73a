"""How many queries each page asks, pinned in `queries.json` for both databases.

A page whose number rises with what it shows is caught here: each list holds two rows first and
then eight. To add pages, make what they show in `furnish`, add their lines to both lists (NAME stands
for an algorithm of alice) and fill in the numbers with
`WRITE_QUERIES=1 pytest tests/architecture/test_queries.py`, here and under
`python -m tests.servers`; look at the difference before you commit it.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from algorithms.models import Algorithm
from billing import receipts, settlement
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from marketplace.catalog.discovery import categories
from marketplace.catalog.models import Category, Follow, Star, Tag
from projects import arranging
from projects.arranging import Wanted
from projects.models import Launch, Project
from tests import ledgers
from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory

Numbers = dict[str, dict[str, int]]
PINNED: Final = Path(__file__).with_name("queries.json")


def furnish(alice: Actor, count: int) -> None:
    """Public algorithms of alice with everything that a page may list."""
    person = User.objects.get(owner=alice.owner_id)
    for _ in range(count):
        algorithm: Algorithm = AlgorithmFactory.create(
            owner_id=alice.owner_id, is_public=True, task="text", tagline="Greets you"
        )
        VersionFactory.create(
            build=BuildFactory.create(algorithm=algorithm),
            callability="public",
            sample_input='"World"',
            sample_output='"Hello World"',
        )
        Tag.objects.get_or_create(name="greeting")[0].algorithms.add(algorithm)
        Category.objects.get(slug="text").algorithms.add(algorithm)
        Star.objects.create(user=person, algorithm=algorithm)
        Follow.objects.create(user=person, algorithm=algorithm)
    assert alice.owner_id is not None
    owner = Owner.objects.get(pk=alice.owner_id)
    project = Project.objects.filter(name="lab").first() or arranging.create(
        owner, by=alice, name="lab"
    )
    for algorithm in owner.algorithms.all()[:count]:
        name = f"s{project.services.count()}"
        wanted = Wanted(name=name, algorithm=algorithm, group=f"g{project.services.count()}")
        service = arranging.add_service(project, by=alice, wanted=wanted)
        build = algorithm.builds.all()[0]
        service.launches.create(number=1, state=Launch.State.FAILED, build=build, port=1)
        arranging.create(owner, by=alice, name=f"more{project.services.count()}")
    ledgers.give(alice.owner_id, 1_000_000, f"furnish {count}")
    for _ in range(count):
        ledgers.use(alice.owner_id, alice.owner_id, compute=10, royalty=5)
    settlement.settle()
    receipts.make(patience=timedelta(0))


def asked(client: Client, path: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    assert response.status_code == 200, path
    return len(queries)


def numbers(pages: dict[str, list[str]], clients: dict[str, Client]) -> Numbers:
    name = Algorithm.objects.order_by("created_at", "pk").values_list("name", flat=True)[0]
    return {
        who: {path: asked(clients[who], path.replace("NAME", name)) for path in paths}
        for who, paths in pages.items()
    }


@pytest.mark.django_db
def test_each_page_asks_as_many_queries_as_are_pinned_however_much_it_shows(alice: Actor) -> None:
    pinned: dict[str, Numbers] = json.loads(PINNED.read_text())
    pages = {who: list(paths) for who, paths in pinned[connection.vendor].items()}
    Category.objects.all().delete()
    categories.put_up()
    clients = {"visitor": Client(), "alice": Client()}
    clients["alice"].force_login(User.objects.get(owner=alice.owner_id))

    furnish(alice, 2)
    for client in clients.values():
        client.get("/explore/?q=zebra")  # what a process and a session ask once
        client.get("/billing/")  # and what is given once a month
    few = numbers(pages, clients)
    furnish(alice, 6)
    many = numbers(pages, clients)

    if os.environ.get("WRITE_QUERIES"):
        pinned[connection.vendor] = many
        PINNED.write_text(json.dumps(pinned, indent=2) + "\n")
    assert _changed(few, many) == {}
    assert _changed(pinned[connection.vendor], many) == {}


def _changed(before: Numbers, after: Numbers) -> dict[str, tuple[int, int]]:
    """The pages that ask another number than before, and both numbers."""
    return {
        f"{path} as {who}": (number, after[who][path])
        for who, paths in before.items()
        for path, number in paths.items()
        if number != after[who][path]
    }
