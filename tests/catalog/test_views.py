from __future__ import annotations

import pytest
from django.test import Client

from algorithms.models import Algorithm, Version
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from tests.factories import AlgorithmFactory, BuildFactory, OwnerFactory, VersionFactory


@pytest.fixture
def hello(alice: Actor) -> Version:
    algorithm: Algorithm = AlgorithmFactory.create(
        owner_id=alice.owner_id,
        name="Hello",
        label="Say hello",
        tagline="Greets whoever you name",
        readme="# Usage\n\nSend a **name**.",
        is_public=True,
    )
    version: Version = VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        major=1,
        minor=0,
        callability="public",
        sample_input='"World"',
        sample_output='"Hello World"',
        release_notes="First one",
    )
    return version


@pytest.fixture
def draft(alice: Actor) -> Algorithm:
    algorithm: Algorithm = AlgorithmFactory.create(
        owner_id=alice.owner_id, name="Draft", label="Secret draft"
    )
    VersionFactory.create(build=BuildFactory.create(algorithm=algorithm), release_notes="Hidden")
    return algorithm


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(owner=actor.owner_id))
    return client


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


@pytest.mark.django_db
def test_home_without_algorithms_says_how_to_begin(client: Client) -> None:
    page = text(client, "/")

    assert "Nobody has published here yet" in page
    assert "With a key, a call also pays for computing: $0.0001 a second." in page


def test_home_offers_what_can_be_run_at_once(client: Client, hello: Version) -> None:
    page = text(client, "/")

    assert 'action="/v1/web/algo/alice/Hello/1.0.0"' in page
    assert "&quot;World&quot;" in page


@pytest.mark.django_db
def test_what_was_searched_for_cannot_become_markup(client: Client) -> None:
    page = text(client, "/explore/?q=%3Cscript%3Ealert(1)%3C/script%3E")

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_shows_the_recorded_sample_before_anything_is_run(
    client: Client, hello: Version
) -> None:
    page = text(client, "/algorithms/alice/Hello/")

    assert "<h1>Say hello</h1>" in page
    assert "&quot;World&quot;</textarea>" in page
    assert "<pre data-recorded>&quot;Hello World&quot;</pre>" in page
    assert "Recorded when 1.0.0 was published" in page


def test_letter_case_and_the_last_slash_do_not_matter(client: Client, hello: Version) -> None:
    assert "Say hello" in text(client, "/algorithms/ALICE/hello")


@pytest.mark.parametrize("tab", ["", "docs/", "api/", "versions/"])
def test_a_private_algorithm_does_not_exist_for_strangers(
    tab: str, client: Client, draft: Algorithm, alice: Actor, mallory: Actor
) -> None:
    path = f"/algorithms/alice/Draft/{tab}"

    assert client.get(path).status_code == 404
    assert signed_in(mallory).get(path).status_code == 404
    assert "Secret draft" not in client.get(path).content.decode()
    assert "Secret draft" in text(signed_in(alice), path)


def test_a_private_algorithm_is_on_no_list_of_strangers(
    client: Client, hello: Version, draft: Algorithm, alice: Actor, mallory: Actor
) -> None:
    for path in ("/", "/explore/", "/explore/?q=secret", "/u/alice/"):
        assert "Secret draft" not in text(client, path)
        assert "Secret draft" not in text(signed_in(mallory), path)
    assert "Secret draft" in text(signed_in(alice), "/u/alice/")


def test_private_versions_of_a_public_algorithm_are_their_owners_alone(
    client: Client, hello: Version, alice: Actor
) -> None:
    build = BuildFactory.create(algorithm=hello.algorithm)
    VersionFactory.create(build=build, major=2, minor=0, release_notes="Not yet for you")

    assert "Not yet for you" not in text(client, "/algorithms/alice/Hello/versions/")
    assert client.get("/algorithms/alice/Hello/?version=2.0.0").status_code == 404
    assert "Not yet for you" in text(signed_in(alice), "/algorithms/alice/Hello/versions/")
    assert signed_in(alice).get("/algorithms/alice/Hello/?version=2.0.0").status_code == 200


def test_a_version_that_is_none_is_not_found(client: Client, hello: Version) -> None:
    assert client.get("/algorithms/alice/Hello/?version=9.9.9").status_code == 404
    assert client.get("/algorithms/alice/Hello/?version=latest").status_code == 404


def test_docs_are_the_rendered_readme(client: Client, hello: Version) -> None:
    page = text(client, "/algorithms/alice/Hello/docs/")

    assert "<h2>Usage</h2>" in page
    assert "<strong>name</strong>" in page


def test_snippets_carry_the_address_the_version_and_the_sample(
    client: Client, hello: Version
) -> None:
    page = text(client, "/algorithms/alice/Hello/api/")

    assert "/v1/algo/alice/Hello/1.0.0" in page
    assert "YOUR_API_KEY" in page
    assert "pip install algorithmia" in page


def test_only_those_who_may_edit_are_offered_the_editor(
    client: Client, hello: Version, alice: Actor, mallory: Actor
) -> None:
    path = "/algorithms/alice/Hello/"

    assert "/algorithms/alice/Hello/edit/" in text(signed_in(alice), path)
    assert "/algorithms/alice/Hello/edit/" not in text(signed_in(mallory), path)
    assert "/algorithms/alice/Hello/edit/" not in text(client, path)


@pytest.mark.django_db
def test_an_owner_that_does_not_exist_or_is_suspended_is_not_found(client: Client) -> None:
    OwnerFactory.create(name="gone", is_suspended=True)

    assert client.get("/u/nobody/").status_code == 404
    assert client.get("/u/gone/").status_code == 404


def test_pages_carry_no_inline_script_or_style(client: Client, hello: Version) -> None:
    for path in ("/", "/explore/", "/algorithms/alice/Hello/", "/docs/"):
        page = text(client, path)
        assert " style=" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count("<script type=")
        assert page.count('<script type="importmap" nonce=') == 1


def test_the_chosen_colours_are_those_of_the_first_paint(client: Client, hello: Version) -> None:
    client.cookies["theme"] = "dark"
    assert '<html lang="en" dir="ltr" class="no-js" data-theme="dark">' in text(client, "/")

    client.cookies["theme"] = '"><script>'
    assert '<html lang="en" dir="ltr" class="no-js">' in text(client, "/")


@pytest.mark.django_db
def test_form_of_an_old_page_is_refused_in_words_of_our_own() -> None:
    response = Client(enforce_csrf_checks=True).post("/sign_out/")

    assert response.status_code == 403
    assert "load the page again" in response.content.decode()
