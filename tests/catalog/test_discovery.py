"""Explore, shelves, owners, stars, follows and feeds, through the pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from algorithms.models import Algorithm, Call, Version
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Notification, Owner, User
from marketplace.catalog import measuring
from marketplace.catalog.discovery import categories, following
from marketplace.catalog.models import Category, Follow, Star, Tag
from tests.factories import (
    AlgorithmFactory,
    BuildFactory,
    EnvironmentFactory,
    OwnerFactory,
    VersionFactory,
)

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
JSON = {"Accept": "application/json"}


def published(name: str, *, owner: Owner | None = None, **fields: object) -> Algorithm:
    named = {"owner": owner} if owner else {}
    algorithm: Algorithm = AlgorithmFactory.create(name=name, is_public=True, **named, **fields)
    VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        callability="public",
        network_access=algorithm.network_access,
        royalty_microcredits=algorithm.royalty_microcredits,
    )
    algorithm.refresh_from_db()
    return algorithm


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(owner=actor.owner_id))
    return client


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def shown(client: Client, path: str) -> list[str]:
    """The paths of the algorithms in the list, in their order."""
    page = client.get(path).content.decode()
    return re.findall(r'class="listing__title"><a href="/algorithms/\w+/(\w+)/"', page)


def owner_of(actor: Actor) -> Owner:
    return Owner.objects.get(name=actor.name)


@pytest.fixture
def shelves() -> None:
    Category.objects.all().delete()
    categories.put_up()


def test_facets_stand_in_the_address_with_their_numbers_and_can_be_taken_away(
    client: Client, shelves: None
) -> None:
    gpu = EnvironmentFactory.create(slug="python311-gpu", machine_type="GPU")
    published("Digits", label="Read digits", task="vision", environment=gpu)
    published("Faces", label="Find faces", task="vision", network_access="full")
    published("Words", label="Count words", task="text", royalty_microcredits=2_500_000)

    page = text(client, "/explore/?task=vision&internet=isolated")
    assert "1 algorithm Sort by" in page
    assert "Text and language 1 Pictures 1" in page
    assert "Reaches the internet 1 No network 1" in page
    assert shown(client, "/explore/?task=vision&internet=isolated") == ["Digits"]
    assert shown(client, "/explore/?task=vision&task=text&price=tiny") == ["Words"]
    markup = client.get("/explore/?task=vision&internet=isolated").content.decode()
    assert '<a class="chip" href="/explore/?internet=isolated">' in markup
    assert '<a class="chip" href="/explore/?task=vision">' in markup
    assert '<a class="chip chip-clear" href="/explore/">' in markup


def test_several_authors_can_be_chosen_and_each_says_how_many_it_would_give(
    client: Client,
) -> None:
    ada, grace, alan = (OwnerFactory.create(name=name) for name in ("ada", "grace", "alan"))
    for number in range(3):
        published(f"Digits{number}", owner=ada)
    published("Letters", owner=grace)
    published("Costly", owner=grace, royalty_microcredits=2_500_000)
    published("Machine", owner=alan)

    assert "Author ada 3 grace 2 alan 1" in text(client, "/explore/")
    assert "Author ada 3 alan 1 grace 1" in text(client, "/explore/?price=free&owner=Grace")
    found = shown(client, "/explore/?owner=grace&owner=alan")
    assert sorted(found) == ["Costly", "Letters", "Machine"]
    markup = client.get("/explore/?owner=grace&owner=alan").content.decode()
    assert '<a class="chip" href="/explore/?owner=grace">' in markup
    assert 'value="grace" id="owner-grace" checked' in markup


def test_explore_that_finds_nothing_tells_what_to_leave_out_and_what_that_would_find(
    client: Client,
) -> None:
    for number in range(12):
        published(f"Digit{number}", label="Read digits", network_access="full")
    published("Letters", label="Read letters")

    page = text(client, "/explore/?q=digits&internet=isolated")

    assert "Nothing matches “digits”" in page
    assert "Remove “No network” (12 results)" in page
    assert "Remove “digits” (1 result)" in page
    assert shown(client, "/explore/?q=digits") != []


def test_every_number_on_a_card_leads_to_the_rows_behind_it(client: Client, alice: Actor) -> None:
    algorithm = published("Hello", owner=owner_of(alice), label="Say hello", tagline="Greets you")
    now = datetime.now(UTC)
    callers = [OwnerFactory.create() for _ in range(3)]
    for caller, result in zip(callers, ("succeeded", "succeeded", "failed"), strict=True):
        _called(algorithm, caller, result, now - timedelta(hours=3), 250_000)
    _called(algorithm, owner_of(alice), "succeeded", now - timedelta(days=7), 250_000)
    measuring.measure_called()
    measuring.measure_all()

    algorithm.refresh_from_db()
    card = text(client, "/explore/?q=greets")
    assert (algorithm.calls_30d, algorithm.callers_30d) == (4, 3)
    assert algorithm.p50_us == 250_000
    assert algorithm.success_rate == 0.75
    assert 2.9 < algorithm.trending < 3
    assert "ran OK 3 hours ago" in card
    assert "Free typical time 250&nbsp;ms succeeded 75&nbsp;%" in card
    rows = text(client, "/algorithms/alice/Hello/status/")
    assert "3 2 1 0 66 % 66&nbsp;%" in rows
    assert rows.count("250&nbsp;ms") == 4
    assert "Nobody has starred it yet" in text(client, "/algorithms/alice/Hello/stargazers/")
    assert client.get("/algorithms/alice/Hello/versions/").status_code == 200


def test_numbers_of_an_algorithm_are_not_overwritten_by_an_old_copy_of_it(alice: Actor) -> None:
    algorithm = published("Hello", owner=owner_of(alice))
    Algorithm.objects.filter(pk=algorithm.pk).update(stars_count=7, trending=2.5)

    algorithm.tagline = "New"
    algorithm.save()

    algorithm.refresh_from_db()
    assert (algorithm.tagline, algorithm.stars_count, algorithm.trending) == ("New", 7, 2.5)


def test_hidden_algorithms_and_withdrawn_versions_leave_every_list_at_once(
    client: Client, alice: Actor
) -> None:
    algorithm = published("Hello", owner=owner_of(alice))
    version = Version.objects.get(algorithm=algorithm)
    assert shown(client, "/explore/") == ["Hello"]

    version.yanked_at = datetime.now(UTC)
    version.save()
    assert shown(client, "/explore/") == []
    version.yanked_at = None
    version.save()
    algorithm.quarantined_at = datetime.now(UTC)
    algorithm.save()
    assert shown(client, "/explore/") == shown(client, "/u/alice/") == []


def test_a_star_is_given_once_and_taken_back_with_and_without_script(
    alice: Actor, bob: Actor, client: Client
) -> None:
    published("Hello", owner=owner_of(alice), label="Say hello")
    browser = signed_in(bob)
    path = "/algorithms/alice/Hello/star/"

    plain = browser.post(path, {"wanted": "yes", "next": "/explore/?q=hello"})
    again = browser.post(path, {"wanted": "yes"}, headers=JSON)

    assert (plain.status_code, plain.headers["Location"]) == (302, "/explore/?q=hello")
    assert again.json() == {"is_on": True, "number": 1}
    assert Star.objects.count() == 1
    assert 'aria-pressed="true"' in browser.get("/explore/").content.decode()
    assert "bob" in text(client, "/algorithms/alice/Hello/stargazers/")
    assert shown(browser, "/stars/") == ["Hello"]
    assert browser.post(path, {"wanted": "no"}, headers=JSON).json()["number"] == 0
    elsewhere = browser.post(path, {"wanted": "no", "next": "https://example.org/"})
    assert elsewhere.headers["Location"] == "/explore/"
    assert client.post(path).status_code == 401
    assert Star.objects.count() == 0


def test_followers_of_an_owner_or_an_algorithm_hear_once_of_each_new_public_version(
    alice: Actor, bob: Actor, mallory: Actor
) -> None:
    algorithm = published("Hello", owner=owner_of(alice))
    signed_in(bob).post("/u/alice/follow/", {"wanted": "yes"})
    signed_in(bob).post("/algorithms/alice/Hello/follow/", {"wanted": "yes"})
    answer = signed_in(mallory).post("/u/alice/follow/", {"wanted": "yes"}, headers=JSON)
    signed_in(mallory).post("/u/alice/follow/", {"wanted": "no"})
    build = BuildFactory.create(algorithm=algorithm)
    version = VersionFactory.create(build=build, major=2, callability="public")

    told = [following.announce(str(version.pk)) for _ in range(2)]

    assert answer.json() == {"is_on": True, "number": 2}
    assert told == [1, 0]
    news = Notification.objects.get()
    assert news.user_id == bob.user_id
    assert news.title == "alice/Hello 2.1.0 is out"
    assert news.url == "/algorithms/alice/Hello/versions/"
    assert "bob" in text(Client(), "/u/alice/followers/")
    assert "1 follower" in text(Client(), "/u/alice/")
    assert Follow.objects.count() == 2


def test_nobody_hears_of_a_version_that_others_may_not_call(alice: Actor, bob: Actor) -> None:
    algorithm = published("Hello", owner=owner_of(alice))
    signed_in(bob).post("/u/alice/follow/", {"wanted": "yes"})
    private = VersionFactory.create(build=BuildFactory.create(algorithm=algorithm), major=2)
    waiting = VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        major=3,
        callability="public",
        approval="waiting",
    )

    told = [following.announce(str(version.pk)) for version in (private, waiting)]

    assert told == [0, 0]
    assert not Notification.objects.exists()


def test_an_owner_puts_an_algorithm_on_a_shelf_and_tags_it_and_nobody_else_does(
    alice: Actor, mallory: Actor, client: Client, shelves: None
) -> None:
    algorithm = published("Hello", owner=owner_of(alice), label="Say hello")
    path = "/algorithms/alice/Hello/finding/"

    stranger = signed_in(mallory).post(path, {"task": "text", "tags": "mine"})
    unknown = signed_in(alice).post(path, {"task": "nonsense", "tags": ""})
    bad = signed_in(alice).post(path, {"task": "text", "tags": "<b>"})
    many = signed_in(alice).post(path, {"task": "text", "tags": "a b c d e f g h i"})
    assert [one.status_code for one in (stranger, unknown, bad, many)] == [403, 400, 400, 400]
    assert "8 tags at most" in many.content.decode()
    assert not Tag.objects.exists()

    saved = signed_in(alice).post(path, {"task": "text", "tags": "Greeting, time-series greeting"})

    assert saved.status_code == 302
    assert sorted(tag.name for tag in algorithm.tags.all()) == ["greeting", "time-series"]
    assert shown(client, "/tags/time-series/") == ["Hello"]
    assert shown(client, "/categories/text/") == ["Hello"]
    assert shown(client, "/explore/?task=text&tag=greeting") == ["Hello"]
    assert shown(client, "/explore/?tag=other") == []


def test_a_shelf_shows_first_what_the_staff_chose(client: Client, shelves: None) -> None:
    chosen = published("Chosen", label="Chosen one", task="text")
    published("Other", task="text")
    published("Elsewhere", task="vision")
    Category.objects.get(slug="text").algorithms.add(chosen)

    page = text(client, "/categories/text/")

    assert "Chosen by the staff Chosen one" in page
    assert sorted(shown(client, "/categories/text/")) == ["Chosen", "Other"]
    assert "Chosen by the staff" not in text(client, "/categories/text/?sort=newest&price=free")
    assert client.get("/categories/none/").status_code == 404
    assert "Text and language 2 algorithms" in text(client, "/")


def test_feeds_are_atom_and_tell_what_is_new_and_public_only(
    client: Client, alice: Actor, shelves: None
) -> None:
    algorithm = published("Hello", owner=owner_of(alice), label="Say hello", task="text")
    VersionFactory.create(build=BuildFactory.create(algorithm=algorithm), major=9)
    AlgorithmFactory.create(owner=owner_of(alice), name="Draft")

    titles = {
        path: _entries(client, path)
        for path in (
            "/explore/feed/?q=hello&task=text",
            "/explore/feed/?q=zebra",
            "/categories/text/feed/",
            "/u/alice/feed/",
            "/algorithms/alice/Hello/feed/",
        )
    }

    assert titles == {
        "/explore/feed/?q=hello&task=text": ["Say hello (alice/Hello)"],
        "/explore/feed/?q=zebra": [],
        "/categories/text/feed/": ["Say hello (alice/Hello)"],
        "/u/alice/feed/": ["alice/Hello/0.1.0"],
        "/algorithms/alice/Hello/feed/": ["alice/Hello/0.1.0"],
    }
    assert client.get("/algorithms/alice/Draft/feed/").status_code == 404
    assert client.get("/u/nobody/feed/").status_code == 404


def test_feeds_leave_out_what_is_in_quarantine_and_what_xml_cannot_say(
    client: Client, alice: Actor
) -> None:
    published("Hello", owner=owner_of(alice), label="Say\x01 hello", tagline="\x1b[31mRed")
    stopped = published("Stopped", owner=owner_of(alice))
    Algorithm.objects.filter(pk=stopped.pk).update(quarantined_at=datetime.now(UTC))

    assert _entries(client, "/explore/feed/?q=hello") == ["Say hello (alice/Hello)"]
    assert _entries(client, "/explore/feed/?q=%01") == []
    assert _entries(client, "/u/alice/feed/") == ["alice/Hello/0.1.0"]


def test_a_made_up_catalogue_is_the_same_each_time_and_goes_away_without_a_trace(
    client: Client, alice: Actor, shelves: None
) -> None:
    published("Hello", owner=owner_of(alice))
    found = []
    for _ in range(2):
        call_command("seed_catalog", count=60, verbosity=0)
        rows = Algorithm.objects.filter(owner__name__startswith="seeded_").order_by("pk")
        found.append([(row.pk, row.label, row.trending > 0, row.stars_count) for row in rows])
        assert "61 algorithms" in text(client, "/explore/")
        with pytest.raises(CommandError, match="--remove it first"):
            call_command("seed_catalog", count=1)
        call_command("seed_catalog", remove=True, verbosity=0)

    assert len(found[0]) == 60
    assert found[0] == found[1]
    assert any(stars for _pk, _label, _trending, stars in found[0])
    assert shown(client, "/explore/") == ["Hello"]
    assert [User.objects.count(), Tag.objects.count(), Call.objects.count()] == [1, 0, 0]


def _called(algorithm: Algorithm, caller: Owner, result: str, at: datetime, took_us: int) -> None:
    cache.clear()
    Call.objects.create(
        root_id=uuid4(),
        algorithm=algorithm,
        version=algorithm.versions.first(),
        caller=caller,
        result=result,
        total_us=took_us,
        started_at=at,
    )


def _entries(client: Client, path: str) -> list[str | None]:
    response = client.get(path)
    assert response.headers["Content-Type"].startswith("application/atom+xml"), path
    root = ET.fromstring(response.content)
    return [entry.findtext(f"{ATOM}title") for entry in root.iter(f"{ATOM}entry")]
