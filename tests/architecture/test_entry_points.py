"""Who may use each address: what those get who have no business there, in `entry_points.json`.

Alice has one of each private thing. At every address of the URL map, a visitor, a stranger and
(where programs ask) a key of alice's own that allows nothing try every method. An address without
a row fails here; fill it in with `WRITE_ENTRY_POINTS=1 pytest tests/architecture/test_entry_points.py`
and look at the difference before you commit it: whatever is below 400 is for everybody.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import LazySettings
from django.contrib import messages
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from algorithms import authoring, build_logs
from algorithms.models import Algorithm
from data_collections import collecting, files, uris
from data_collections.models import Collection
from marketplace.accounts import keys, notifications, organizations
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import Notification, Owner, User
from marketplace.accounts.organizations import Details
from projects import arranging
from projects.arranging import Wanted
from tests.factories import BuildFactory, EnvironmentFactory, VersionFactory

Row = dict[str, str]
TABLE: Final = Path(__file__).with_name("entry_points.json")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
OF_PAGES: Final = ("GET", "POST")
NOTHING: Final = "key for nothing"
PARAMETER: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
NOBODY: Final = "00000000-0000-4000-8000-000000000000"
SAMPLES: Final = {"uuid": NOBODY, "int": "999999", "slug": "nothing", "path": "nothing", None: "no"}
BY_PATTERN: Final = ("v1/data/alice/models/net.dat", "v1/data/alice/models", "v1/data/alice")
"""Addresses of patterns that are no list of parameters."""

ELSEWHERE: Final = ("admin/", "test-stripe/", "healthz", "readyz")
"""Django's own, the stand-in's, and what is for everybody."""


@pytest.fixture
def hers(alice: Actor, settings: LazySettings, tmp_path: Path) -> dict[str, str]:
    """What the parameters of addresses are, so that they lead to things of alice."""
    settings.DATA_DIR = tmp_path
    owner = Owner.objects.get(pk=alice.owner_id or "")
    algorithm: Algorithm = authoring.create(
        owner, by=alice, name="Secret", environment=EnvironmentFactory.create()
    )
    build = BuildFactory.create(algorithm=algorithm)
    VersionFactory.create(build=build, callability="private")
    build_logs.close(build.pk, "Built\n")
    models = collecting.create(
        owner, by=alice, name="models", read_access=Collection.ReadAccess.PRIVATE
    )
    files.put(uris.parse("data://alice/models/net.dat"), BytesIO(b"weights"), by=alice)
    project = arranging.create(owner, by=alice, name="lab")
    arranging.add_service(project, by=alice, wanted=Wanted(name="reader", algorithm=algorithm))
    organizations.create("team", by=alice, details=Details(label="Team", website=""))
    notifications.tell([alice.user_id or 0], kind="security", title="Yours", body="")
    return {
        "owner": "alice",
        "username": "alice",
        "reference": "alice",
        "user_id": str(alice.user_id),
        "name": "Secret",
        "algorithm_id": str(algorithm.pk),
        "build_id": str(build.pk),
        "version": "0.1.0",
        "file": "net.dat",
        "collection_id": str(models.pk),
        "key_id": str(keys.create(owner, by=alice, label="hers")[0].pk),
        "notification_id": str(Notification.objects.get().pk),
        "month": "2020-01",
        "project": "lab",
        "service": "reader",
        "subject": "algorithm",
        "language": "python3",
        "scm_id": "internal",
    }


@pytest.fixture
def askers(alice: Actor, bob: Actor, hers: dict[str, str]) -> dict[str, Client]:
    """By who they are; `key` and `stranger` by programs send a key, strangers to pages a session."""
    person = Client()
    person.force_login(User.objects.get(pk=bob.user_id or 0))
    return {
        "visitor": Client(),
        "stranger": person,
        "stranger's key": _with_key(bob, keys.FULL),
        NOTHING: _with_key(alice, KeyScopes()),
    }


def _with_key(actor: Actor, scopes: KeyScopes) -> Client:
    owner = Owner.objects.get(pk=actor.owner_id or "")
    secret = keys.create(owner, by=actor, label="program", scopes=scopes)[1]
    return Client(headers={"Authorization": f"Simple {secret}"})


def addresses(resolver: URLResolver, above: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        pattern = above + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, pattern)
        elif isinstance(entry, URLPattern) and not pattern.startswith(("^", *ELSEWHERE)):
            yield pattern


def filled(pattern: str, hers: dict[str, str]) -> str:
    """An address that leads to what alice has, where she has such a thing."""
    named = dict(hers)
    if pattern.startswith(("organizations/", "api/organizations/", "v1/organizations/")):
        named["name"] = "team"
    elif pattern.startswith(("collections/", "api/collections/")):
        named["name"] = "models"
    elif pattern.startswith("staff/money/"):
        named["name"] = "alice"
    return PARAMETER.sub(lambda found: named.get(found[2], SAMPLES.get(found[1], "no")), pattern)


def tried(client: Client, path: str, methods: Sequence[str]) -> str:
    """What each method is answered, those that do not exist left out; nothing stays of it."""
    said = []
    session = deepcopy(client.cookies)
    for method in methods:
        client.cookies = deepcopy(session)
        with transaction.atomic():
            answer = client.generic(method, f"/{path}", "{}", content_type="application/json")
            transaction.set_rollback(True)
        client.cookies = session
        if answer.status_code != 405:
            said.append(f"{method} {_word(answer)}")
    return ", ".join(said)


def _word(answer: Any) -> str:
    if answer.status_code in (301, 302, 303):
        said = get_messages(answer.wsgi_request)
        is_refused = any(message.level >= messages.ERROR for message in said)
        return f"{'refused and ' * is_refused}to {answer['Location'].partition('?')[0]}"
    return str(answer.status_code)


@pytest.mark.django_db
def test_outsiders_get_at_each_address_what_the_table_says(
    hers: dict[str, str], askers: dict[str, Client]
) -> None:
    known: dict[str, Row] = json.loads(TABLE.read_text())
    every = dict.fromkeys(addresses(get_resolver()))
    without_twins = [one for one in every if not one.endswith("/") or one[:-1] not in every]

    found: dict[str, Row] = {}
    for pattern in (*without_twins, *BY_PATTERN):
        is_for_programs = pattern.startswith(("v1/", "api/"))
        methods: Sequence[str] = METHODS if is_for_programs else OF_PAGES
        who = ["visitor", "stranger's key", NOTHING] if is_for_programs else ["visitor", "stranger"]
        path = filled(pattern, hers)
        found[pattern] = {one: tried(askers[one], path, methods) for one in who}
        if not is_for_programs:
            found[pattern][NOTHING] = tried(askers[NOTHING], path, ("GET",))

    if os.environ.get("WRITE_ENTRY_POINTS"):
        TABLE.write_text(json.dumps(found, indent=1) + "\n")
        return
    assert {one: found.get(one) for one in found | known if found.get(one) != known.get(one)} == {}
