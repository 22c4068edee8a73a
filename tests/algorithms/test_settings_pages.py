"""The publish dialog and the settings of an algorithm, as pages."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from algorithms import authoring, moving, repositories
from algorithms.models import Algorithm, AlgorithmImage, Secret, Version
from algorithms.publishing import publish
from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Owner, User
from marketplace.lib.errors import NotAllowed
from tests.factories import BuildFactory, EnvironmentFactory

BASE = "/algorithms/alice/Hello"
PUBLIC = {"callability": "public", "royalty_microcredits": "", "accepts_terms": "on"}


@pytest.fixture(autouse=True)
def _data_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owner = Owner.objects.get(name="alice")
    environment = EnvironmentFactory.create()
    return authoring.create(owner, by=alice, name="Hello", environment=environment)


@pytest.fixture
def author(alice: Actor) -> Client:
    return signed_in(alice)


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id or 0))
    return client


def build_of(algorithm: Algorithm) -> None:
    BuildFactory.create(algorithm=algorithm, commit=repositories.head(algorithm.pk))


def test_publish_dialog_shows_changes_and_publishes(
    author: Client, algorithm: Algorithm, alice: Actor
) -> None:
    assert b"no successful build" in author.get(f"{BASE}/publish/").content
    build_of(algorithm)
    page = author.get(f"{BASE}/publish/").content.decode()
    assert "Start from the template" in page
    assert "0.1.0, the first version" in page

    form = {
        "callability": "public",
        "pricing": "priced",
        "royalty_microcredits": "2.5",
        "release_notes": "First",
        "accepts_terms": "on",
    }
    response = author.post(f"{BASE}/publish/", form)

    version = Version.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"{BASE}/")
    assert (str(version.number), version.is_public) == ("0.1.0", True)
    assert version.royalty_microcredits == 2_500_000
    authoring.save_files(algorithm, by=alice, changes={"a": b"1"}, message="Add a")
    build_of(algorithm)
    again = author.get(f"{BASE}/publish/").content.decode()
    assert "Add a" in again
    assert "Start from the template" not in again


def test_publish_that_breaks_a_promise_is_explained_and_nothing_is_published(
    author: Client, algorithm: Algorithm
) -> None:
    build_of(algorithm)
    form = {"callability": "public", "royalty_microcredits": "", "accepts_terms": "on"}
    author.post(f"{BASE}/publish/", form)
    build_of(algorithm)

    form |= {"royalty_microcredits": "1", "part": "minor"}
    page = author.post(f"{BASE}/publish/", form)

    assert page.status_code == 400
    assert "major release (1.0.0) at least" in page.content.decode()
    assert "What was free stays free" in page.content.decode()
    assert Version.objects.count() == 1


def test_settings_are_saved_and_explained_when_wrong(author: Client, algorithm: Algorithm) -> None:
    page = author.get(f"{BASE}/settings/").content.decode()
    form = {
        "label": "Hi",
        "tagline": "Says hi",
        "environment": algorithm.environment_id,
        "source_visibility": "open",
        "license": "mit",
        "network_access": "full",
        "may_call_others": "on",
        "sample_input": "[1]",
        "royalty_microcredits": "0.5",
    }
    assert "Write Hello to confirm" in page

    assert author.post(f"{BASE}/settings/", form).status_code == 302
    wrong = author.post(f"{BASE}/settings/", {**form, "source_visibility": "closed"})

    assert wrong.status_code == 400
    assert b"Closed source needs" in wrong.content
    saved = Algorithm.objects.get()
    assert (saved.label, saved.license, saved.network_access) == ("Hi", "mit", "full")
    assert (saved.may_call_others, saved.royalty_microcredits) == (True, 500_000)

    author.post(f"{BASE}/settings/", form | {"tagline": "Says hello"})
    author.post(f"{BASE}/settings/", form | {"tagline": "Says hello"})

    first, *others = AuditEntry.objects.filter(action="changed an algorithm").order_by("pk")
    assert "label" in first.details["changed"]
    assert [one.details["changed"] for one in others] == ["tagline"]


def test_algorithm_is_deleted_by_whoever_writes_its_name(
    author: Client, algorithm: Algorithm
) -> None:
    assert author.post(f"{BASE}/delete/", {"confirmed_name": "hello"}).status_code == 400
    assert Algorithm.objects.exists()

    assert author.post(f"{BASE}/delete/", {"confirmed_name": "Hello"}).status_code == 302
    assert not Algorithm.objects.exists()


def test_publishing_from_a_dialog_leaves_the_message_for_the_page_it_leads_to(
    author: Client, algorithm: Algorithm
) -> None:
    build_of(algorithm)

    answer = author.post(f"{BASE}/publish/", PUBLIC, headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"{BASE}/")
    assert "alice/Hello/0.1.0 is published." in author.get(f"{BASE}/").content.decode()


def test_publishing_asks_for_ones_word_and_for_a_sample_that_is_what_it_looks_like(
    author: Client, algorithm: Algorithm
) -> None:
    build_of(algorithm)
    form = {"callability": "public", "sample_input": '{"a": 1,\n "b" 2}'}

    page = author.post(f"{BASE}/publish/", form)

    assert page.status_code == 400
    assert "line 2, column 6: Expecting" in page.content.decode()
    assert "Publishing needs your word on this." in page.content.decode()
    assert not Version.objects.exists()


def test_plan_tells_what_each_choice_means(author: Client, algorithm: Algorithm) -> None:
    build_of(algorithm)
    author.post(f"{BASE}/publish/", PUBLIC)
    authoring.save_files(algorithm, by=_alice(), changes={"a": b"1"})
    build_of(algorithm)

    same = author.get(f"{BASE}/publish/plan/?callability=public&pricing=free").json()
    priced = author.get(
        f"{BASE}/publish/plan/?callability=public&pricing=priced&royalty_microcredits=2.5"
    ).json()
    broken = author.get(f"{BASE}/publish/plan/?callability=public&royalty_microcredits=much")

    assert (same["smallest"], same["allowed"]) == ("revision", ["revision", "minor", "major"])
    assert same["numbers"] == {"revision": "0.1.1", "minor": "0.2.0", "major": "1.0.0"}
    assert (priced["smallest"], priced["allowed"]) == ("major", ["major"])
    assert (priced["share"], priced["example"]) == ("1.75", "1,750 ($ 0.18)")
    assert priced["reasons"] == ["What was free stays free within a major version."]
    assert broken.status_code == 400
    assert Version.objects.count() == 1


def _alice() -> Actor:
    return actors.of_user(User.objects.get(username="alice"))


def test_metadata_is_kept_and_a_link_that_leads_nowhere_is_refused(
    author: Client, algorithm: Algorithm
) -> None:
    form = {
        "label": "Hi",
        "environment": algorithm.environment_id,
        "source_visibility": "closed",
        "license": "apl",
        "network_access": "isolated",
        "tags": "Image, Face Recognition,image",
        "performance_notes": "| set | F1 |",
        "links": "The paper https://example.org/p\nhttps://example.org/code",
    }

    assert author.post(f"{BASE}/settings/", form).status_code == 302
    evil = author.post(f"{BASE}/settings/", form | {"links": "Click javascript:alert(1)"})
    odd = author.post(f"{BASE}/settings/", form | {"tags": "no/slash"})

    saved = Algorithm.objects.get()
    assert list(saved.tags.values_list("name", flat=True)) == ["face-recognition", "image"]
    assert saved.performance_notes == "| set | F1 |"
    assert saved.links == [
        {"label": "The paper", "url": "https://example.org/p"},
        {"label": "https://example.org/code", "url": "https://example.org/code"},
    ]
    assert b"not an address on the web" in evil.content
    assert b"cannot be a tag" in odd.content


def picture(colour: str, size: tuple[int, int] = (2000, 1000)) -> SimpleUploadedFile:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "PNG")
    return SimpleUploadedFile("p.png", made.getvalue(), "image/png")


def test_pictures_are_drawn_anew_put_in_order_and_served_to_whoever_sees_the_page(
    author: Client, algorithm: Algorithm, mallory: Actor
) -> None:
    for colour in ("red", "blue"):
        author.post(f"{BASE}/images/", {"image": picture(colour), "description": colour})
    script = SimpleUploadedFile("p.png", b"<svg onload=alert(1)>", "image/png")
    refused = author.post(f"{BASE}/images/", {"image": script, "description": "evil"}, follow=True)
    red, blue = algorithm.images.all()

    author.post(f"{BASE}/images/{blue.pk}/change/", {"action": "earlier"})
    served = author.get(f"{BASE}/images/{blue.pk}/?size=small")

    assert "no picture that can be read" in refused.content.decode()
    assert [image.description for image in algorithm.images.all()] == ["blue", "red"]
    assert (served["Content-Type"], served["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert Image.open(io.BytesIO(served.content)).size == (480, 300)
    assert (red.width, red.height) == (1600, 800)
    assert signed_in(mallory).get(f"{BASE}/images/{blue.pk}/").status_code == 404
    author.post(f"{BASE}/images/{blue.pk}/change/", {"action": "remove"})
    assert list(AlgorithmImage.objects.values_list("description", "position")) == [("red", 0)]


def test_secret_is_kept_replaced_and_removed_but_never_shown(
    author: Client, algorithm: Algorithm
) -> None:
    form = {"secret_key": "WEATHER_KEY", "value": "s3cret-one", "short_name": "Weather"}

    author.post(f"{BASE}/secrets/", form)
    author.post(f"{BASE}/secrets/", form | {"value": "s3cret-two"})
    refused = author.post(f"{BASE}/secrets/", form | {"secret_key": "LD_PRELOAD"})

    secret = Secret.objects.get()
    assert secret.unseal() == "s3cret-two"
    assert refused.status_code == 400
    assert b"choose another name" in refused.content
    page = author.get(f"{BASE}/secrets/").content
    assert b"WEATHER_KEY" in page
    assert b"s3cret" not in page + refused.content
    author.post(f"{BASE}/secrets/{secret.pk}/remove/")
    assert not Secret.objects.exists()


def test_private_algorithm_is_renamed_and_a_public_one_keeps_its_address(
    author: Client, algorithm: Algorithm, alice: Actor
) -> None:
    owner = algorithm.owner
    moved = author.post(f"{BASE}/move/", {"owner": owner.pk, "name": "Greeter"})
    renamed = Algorithm.objects.get()
    build_of(renamed)
    publish(renamed, by=alice, callability="public")

    with pytest.raises(NotAllowed, match="keeps its name"):
        moving.move(renamed, by=alice, owner=owner, name="Other")
    renamed.versions.update(yanked_at=timezone.now())
    with pytest.raises(NotAllowed, match="keeps its name"):  # whoever pinned it goes on
        moving.move(renamed, by=alice, owner=owner, name="Other")

    assert moved["Location"] == "/algorithms/alice/Greeter/settings/"
    assert author.get(f"{BASE}/settings/").status_code == 404
    assert Algorithm.objects.get().name == "Greeter"
    page = author.get("/algorithms/alice/Greeter/settings/").content.decode()
    assert "only an administrator can remove it" in page


def test_nobody_takes_an_algorithm_to_an_owner_they_do_not_speak_for(
    author: Client, algorithm: Algorithm, mallory: Actor
) -> None:
    theirs = Owner.objects.get(name="mallory")

    given = author.post(f"{BASE}/move/", {"owner": theirs.pk, "name": "Hello"})
    taken = signed_in(mallory).post(f"{BASE}/move/", {"owner": theirs.pk, "name": "Hello"})

    assert (given.status_code, taken.status_code) == (400, 404)
    assert Algorithm.objects.get().owner.name == "alice"
