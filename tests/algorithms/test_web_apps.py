"""The names of web apps' origins, and what of headers passes between an app and its visitors."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured

from algorithms import gateway, resolving
from algorithms.gateway import Ask
from algorithms.resolving import Target
from algorithms.web_apps import addresses, headers, visits
from algorithms.web_apps.addresses import Place
from algorithms.web_apps.visits import Visit
from billing.pricing import FREE
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import PaymentRequired
from marketplace.web_apps import spending
from runners.relay import CALLER_LEFT
from runners.specs import Kind
from tests.factories import VersionFactory

ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
ORIGIN = "https://alice--adder.apps.example.net"


@pytest.fixture(autouse=True)
def public(settings: LazySettings) -> None:
    settings.SITE_URL = "https://market.example.org"
    settings.WEB_ORIGIN_DOMAIN = "apps.example.net"


@pytest.mark.parametrize(
    ("owner", "name", "version", "label", "place"),
    [
        ("alice", "Adder", "", "alice--adder", Place("alice", "adder", "")),
        ("a_b", "My_Sum2", "1.2.3", "1-2-3--a-b--my-sum2", Place("a_b", "my_sum2", "1.2.3")),
        ("alice", "a__b", "", f"id--{ID.hex}", Place(str(ID), "", "")),
        ("alice_", "b", "0.1.0", f"0-1-0--id--{ID.hex}", Place(str(ID), "", "0.1.0")),
        ("a" * 30, "b" * 30, "1.2.3", f"1-2-3--id--{ID.hex}", Place(str(ID), "", "1.2.3")),
    ],
)
def test_origin_of_an_app_leads_back_to_it(
    owner: str, name: str, version: str, label: str, place: Place
) -> None:
    origin = addresses.origin_of(ID, owner, name, version)

    assert origin == f"https://{label}.apps.example.net"
    assert addresses.place_at(f"{label}.apps.example.net:8443".upper()) == place


def test_hosts_that_are_no_apps_are_none() -> None:
    strange = ["www", "a--b--c", "-a--b", "a.b--c", "1-2--a--b", "id--12", "", "a--b_c"]

    assert [addresses.place_at(f"{label}.apps.example.net") for label in strange] == [None] * 8
    assert not addresses.is_of_an_app("apps.example.net")
    assert not addresses.is_of_an_app("apps.example.net.evil.example")
    assert not addresses.is_of_an_app("xapps.example.net")
    assert addresses.is_of_an_app("a--b.apps.example.net")


@pytest.mark.parametrize(
    "domain", ["market.example.org", "apps.market.example.org", "example.org", "org"]
)
def test_domain_that_shares_cookies_with_the_site_is_refused(
    settings: LazySettings, domain: str
) -> None:
    settings.WEB_ORIGIN_DOMAIN = domain

    with pytest.raises(ImproperlyConfigured, match="shares cookies with this site"):
        addresses.domain()


def test_site_on_its_own_machine_shows_apps_at_localhost_and_others_nowhere(
    settings: LazySettings,
) -> None:
    settings.WEB_ORIGIN_DOMAIN = ""
    elsewhere = addresses.origin_of(ID, "alice", "Adder")
    settings.SITE_URL = "http://127.0.0.1:8123"
    here = addresses.origin_of(ID, "alice", "Adder")

    assert elsewhere == ""
    assert here == "http://alice--adder.localhost:8123"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("/a?b", "/a?b"),
        ("http://127.0.0.1:8080/a", f"{ORIGIN}/a"),
        ("http://alice--adder.apps.example.net/a", f"{ORIGIN}/a"),
        ("https://alice--adder.apps.example.net.evil.example/", None),
        ("http://127.0.0.1.evil.example/", None),
        ("https://elsewhere.example/", None),
    ],
)
def test_app_may_send_its_visitors_on_by_what_it_takes_for_its_address(
    place: str, shown: str | None
) -> None:
    assert headers.own_place(place.encode(), ORIGIN).decode() == (shown or place)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("a=1; Domain=apps.example.net; Path=/", "a=1; Path=/"),
        ("a=1; DOMAIN =x;Secure", "a=1;Secure"),
        ("__Host-agorithm_visit=x; Path=/", ""),
        (" AGORITHM_visit =x", ""),
    ],
)
def test_cookie_of_an_app_is_for_its_host_and_bears_no_name_of_ours(line: str, kept: str) -> None:
    assert headers.own_cookie(line.encode()).decode() == kept


def begun(by: Actor, *, budget: int) -> Visit:
    code = visits.allow("a--b.localhost", by=by, session_key="s", state="known", budget=budget)
    token = visits.begin(code, host="a--b.localhost", state="known")
    visit = visits.find(token, host="a--b.localhost")
    assert visit is not None
    return visit


@pytest.fixture
def target(db: None) -> Target:
    return resolving.of_version_row(VersionFactory.create(royalty_microcredits=600_000_000))


async def test_request_that_its_caller_leaves_takes_no_more_of_the_visit_than_its_time(
    bob: Actor, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = begun(bob, budget=100_000)

    async def is_left(*_: object, **__: object) -> None:
        raise asyncio.CancelledError(CALLER_LEFT)

    monkeypatch.setattr(gateway, "call", is_left)
    with pytest.raises(asyncio.CancelledError):
        await spending.call(target, by=bob, ask=Ask(Kind.VOID, b"", 300), visit=visit)
    await asyncio.gather(*spending._returning)

    assert visits.reserve(visit, FREE, 300, is_shared=True) > 24_000


@pytest.mark.django_db
def test_request_that_costs_nothing_has_its_part_of_the_visit_for_what_it_calls(bob: Actor) -> None:
    visit = begun(bob, budget=100)

    alone = visits.reserve(visit, FREE, 300, is_shared=False)
    parts = [visits.reserve(visit, FREE, 300, is_shared=True) for _ in range(4)]
    visits.give_back(visit, 69)
    more = visits.reserve(visit, FREE, 300, is_shared=True)
    with pytest.raises(PaymentRequired, match="used up"):
        visits.reserve(replace(visit, digest="another"), FREE, 300, is_shared=True)

    assert (alone, parts, more) == (0, [25, 19, 14, 11], 25)
