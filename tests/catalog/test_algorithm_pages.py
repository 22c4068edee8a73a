"""The page of an algorithm and its tabs, through HTTP."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone
from openapi_spec_validator import OpenAPIV31SpecValidator

from algorithms import receipts, visitors
from algorithms.gateway import Answer
from algorithms.models import Algorithm, Call, Run, Version
from algorithms.resolving import of_version_row
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, User
from runners.specs import Outcome
from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory

PAGE = "/algorithms/alice/Hello/"
INPUT = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
BODY = '{"result":"Hello World","metadata":{"stdout":"secret words"}}'


@pytest.fixture
def hello(alice: Actor) -> Version:
    algorithm: Algorithm = AlgorithmFactory.create(
        owner_id=alice.owner_id, name="Hello", label="Say hello", is_public=True
    )
    VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        major=1,
        minor=0,
        callability="public",
        input_schema={"type": "string"},
        schema_source="declared",
    )
    newest: Version = VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        major=2,
        minor=0,
        callability="public",
        royalty_microcredits=20_000_000,
        sample_input='{"name": "World"}',
        input_schema=INPUT,
        schema_source="declared",
    )
    return newest


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(owner=actor.owner_id))
    return client


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def called(version: Version, **fields: Any) -> Call:
    fields = {"result": Call.Result.SUCCEEDED, "started_at": timezone.now()} | fields
    return Call.objects.create(
        root_id=uuid.uuid4(), algorithm=version.algorithm, version=version, **fields
    )


def receipt(version: Version, given: str) -> dict[str, Any]:
    answer = Answer(uuid.uuid4(), of_version_row(version), Outcome(), 250_000)
    signed = receipts.sign(answer, given.encode(), BODY.encode())
    return {"receipt": signed, "input": given, "answer": BODY}


def kept(client: Client, run: dict[str, Any]) -> Any:
    return client.post("/runs/keep/", json.dumps(run), content_type="application/json")


def test_the_form_is_drawn_from_the_schema_of_the_version(client: Client, hello: Version) -> None:
    page = text(client, PAGE)

    assert f'<script id="input-schema" type="application/json">{json.dumps(INPUT)}' in page
    assert "/algorithms/alice/Hello/2.0.0/openapi.json" in page


def test_an_older_version_says_that_there_is_a_newer_one(client: Client, hello: Version) -> None:
    assert "the newest version is 2.0.0" in text(client, f"{PAGE}?version=1.0.0")
    assert "the newest version" not in text(client, PAGE)


def test_a_visitor_sees_how_many_runs_are_left(client: Client, hello: Version) -> None:
    visitors.admit("127.0.0.1")

    left = visitors.left("127.0.0.1")
    page = text(client, f"{PAGE}?version=1.0.0")

    assert f"<strong data-left-count>{left}</strong>" in page
    assert "This algorithm has a price for each call." in text(client, PAGE)


def test_each_version_is_a_valid_openapi_document(client: Client, hello: Version) -> None:
    document = client.get(f"{PAGE}2.0.0/openapi.json").json()

    OpenAPIV31SpecValidator(document).validate()
    assert list(document["paths"]) == ["/v1/algo/alice/Hello/2.0.0"]
    assert document["components"]["schemas"]["Input"] == INPUT
    media = document["paths"]["/v1/algo/alice/Hello/2.0.0"]["post"]["requestBody"]["content"]
    assert media["application/json"]["example"] == {"name": "World"}
    assert client.get(f"{PAGE}9.0.0/openapi.json").status_code == 404


def test_neighbouring_versions_are_compared_in_words(client: Client, hello: Version) -> None:
    page = text(client, f"{PAGE}versions/")

    assert "What callers of 1.0.0 notice" in page
    assert "<strong>Breaking:</strong> The input is no longer a text." in page
    assert "Now it has a royalty of 20 credits per call" in page


def test_the_cost_follows_the_observed_durations(client: Client, hello: Version) -> None:
    for milliseconds in (100, 100, 100, 1000):
        called(hello, run_us=milliseconds * 1000)

    page = text(client, f"{PAGE}cost/?calls=1,000")

    assert "<strong>$2.01</strong>" in page
    assert "it would be $2.10" in page
    assert "nobody knows how long it takes" in text(client, f"{PAGE}cost/?version=1.0.0")


@pytest.mark.parametrize("tab", ["errors", "usage"])
def test_only_the_owner_sees_errors_and_usage(
    tab: str, client: Client, hello: Version, alice: Actor, mallory: Actor
) -> None:
    called(hello, result=Call.Result.FAILED, error_type="ValueError", error_message="No such name")

    assert client.get(f"{PAGE}{tab}/")["Location"] == f"/sign_in/?next={PAGE}{tab}/"
    assert signed_in(mallory).get(f"{PAGE}{tab}/").status_code == 403
    page = text(signed_in(alice), f"{PAGE}{tab}/")
    assert ("No such name" in page) == (tab == "errors")
    assert f"{PAGE}{tab}/" not in text(client, PAGE)


def test_closed_source_is_the_owners_alone(client: Client, hello: Version, mallory: Actor) -> None:
    assert client.get(f"{PAGE}source/")["Location"] == f"/sign_in/?next={PAGE}source/"
    assert signed_in(mallory).get(f"{PAGE}source/").status_code == 403


def test_an_author_may_widen_what_callers_rely_on_but_not_narrow_it(
    hello: Version, alice: Actor, mallory: Actor
) -> None:
    path = f"{PAGE}2.0.0/schema/"
    wider = json.dumps(INPUT | {"required": []})

    refused = signed_in(alice).post(path, {"input_schema": '{"type": "integer"}'})
    assert refused.status_code == 409
    assert "Publish a new major version instead" in refused.content.decode()
    assert signed_in(mallory).post(path, {"input_schema": wider}).status_code == 403
    assert signed_in(alice).post(path, {"input_schema": "{"}).status_code == 400
    hello.refresh_from_db()
    assert hello.input_schema == INPUT

    assert signed_in(alice).post(path, {"input_schema": wider}).status_code == 302
    hello.refresh_from_db()
    assert hello.input_schema == INPUT | {"required": []}


def test_a_run_is_kept_only_as_it_was_and_without_private_words(
    hello: Version, bob: Actor, mallory: Actor, client: Client
) -> None:
    run = receipt(hello, '{"name": "World"}')

    assert kept(client, run).status_code == 401
    forged = kept(signed_in(bob), run | {"answer": '{"result":"Rude words"}'})
    assert forged.status_code == 400
    assert "has been changed" in forged.json()["error"]["message"]
    assert kept(signed_in(bob), run | {"receipt": signing.dumps([1])}).status_code == 400
    assert not Run.objects.exists()

    address = kept(signed_in(bob), run).json()["url"]
    page = text(client, address)
    assert "Hello World" in page
    assert "secret words" not in page
    assert "&quot;name&quot;: &quot;World&quot;" in text(
        client, f"{PAGE}?run={address.split('/')[-2]}"
    )
    assert signed_in(mallory).post(f"{address}delete/").status_code == 403
    assert signed_in(bob).post(f"{address}delete/").status_code == 302
    assert client.get(address).status_code == 404


def test_a_private_run_and_an_expired_one_do_not_exist_for_strangers(
    hello: Version, bob: Actor, client: Client
) -> None:
    run = receipt(hello, "1") | {"visibility": "private"}
    address = kept(signed_in(bob), run).json()["url"]

    assert client.get(address).status_code == 404
    assert signed_in(bob).get(address).status_code == 200
    Run.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert signed_in(bob).get(address).status_code == 404


def test_a_key_made_on_the_page_calls_this_algorithm_only_and_is_shown_once(
    hello: Version, bob: Actor, client: Client
) -> None:
    person = signed_in(bob)

    answer = person.post(f"{PAGE}key/")

    key = APIKey.objects.get(owner=bob.owner_id)
    assert answer["Location"] == f"{PAGE}#use"
    assert key.algorithm_patterns == ["algo://alice/Hello"]
    assert '<span class="snippet__key" data-secret="' in text(person, PAGE)
    assert "data-secret" not in text(person, PAGE)
    assert client.post(f"{PAGE}key/").status_code == 401
    assert APIKey.objects.count() == 1
