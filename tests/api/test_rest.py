"""The plumbing under every REST view, tried through a view that answers who asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.http import Http404
from django.test import Client, override_settings
from django.urls import path
from rest_framework.response import Response

from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from marketplace.api import errors
from marketplace.api.rest import ActorAPIView, APIRequest, either, json_body, json_object
from marketplace.lib.errors import Conflict, TooMany


class Mirror(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        when = datetime(2016, 1, 6, 0, 52, 34, tzinfo=UTC)
        return Response({"name": request.actor.name, "at": when, "id": UUID(int=7)})

    def post(self, request: APIRequest) -> Response:
        return Response({"got": json_body(request)})

    def put(self, request: APIRequest) -> Response:
        return Response({"bytes": len(request.read()), "actor": request.actor.name})

    def delete(self, _request: APIRequest) -> Response:
        return Response(status=204)


class Strict(ActorAPIView):
    def post(self, request: APIRequest) -> Response:
        return Response(json_object(request, required=["name"]))


class Refuse(ActorAPIView):
    def get(self, _request: APIRequest, how: str) -> Response:
        refusals: dict[str, Exception] = {
            "algorithm": errors.no_such_algorithm(),
            "conflict": Conflict("“Taken” by\nsomebody – sorry.", wire_code=3101),
            "busy": TooMany("Too many calls at once.", retry_after=3),
            "nowhere": Http404(),
            "broken": RuntimeError("the secret is hunter2"),
        }
        raise refusals[how]


urlpatterns = [
    *either("mirror", Mirror.as_view()),
    *either("strict", Strict.as_view()),
    path("refuse/<how>", Refuse.as_view()),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def key_of(person: Actor, scopes: KeyScopes = keys.FULL) -> str:
    owner = Owner.objects.get(name=person.name)
    _, secret = keys.create(owner, by=person, label="tests", scopes=scopes)
    return secret


@pytest.fixture
def signed_in(alice: Actor) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Owner.objects.get(name=alice.name).user)  # type: ignore[arg-type]
    return client


@pytest.mark.parametrize("form", ["{}", "Simple {}", "Bearer {}", "simple {}"])
@pytest.mark.parametrize("address", ["/mirror", "/mirror/"])
def test_a_key_is_understood_in_every_form(
    client: Client, alice: Actor, form: str, address: str
) -> None:
    answer = client.get(address, headers={"Authorization": form.format(key_of(alice))})

    assert answer.content == (
        b'{"name":"alice","at":"2016-01-06T00:52:34.000Z",'
        b'"id":"00000000-0000-0000-0000-000000000007"}'
    )


def test_without_a_credential_the_actor_is_nobody(client: Client) -> None:
    assert client.get("/mirror").json()["name"] == "anonymous"


@pytest.mark.parametrize("wrong", ["simAgo", "Simple nonsense", "Bearer run.AAAA", "Basic eDp5"])
def test_a_wrong_key_is_refused_with_the_predecessors_number(client: Client, wrong: str) -> None:
    answer = client.get("/mirror", headers={"Authorization": wrong})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 2002


def test_accept_is_ignored(client: Client) -> None:
    answer = client.get("/mirror", headers={"Accept": "application/octet-stream"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "application/octet-stream",
        "",
        "nonsense",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_json_is_read_whatever_the_content_type_says(client: Client, content_type: str) -> None:
    answer = client.generic("POST", "/mirror", b'{"a":[1]}', content_type=content_type)

    assert answer.json() == {"got": {"a": [1]}}


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "image/png"])
def test_a_raw_body_reaches_the_view_unread(client: Client, content_type: str) -> None:
    answer = client.generic("PUT", "/mirror", b"a=b" * 1000, content_type=content_type)

    assert answer.json()["bytes"] == 3000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 2013),
        (b"{'a': 1}", 2013),
        (b"\xff", 2013),
        (b"[1]", 2015),
        (b"{}", 2015),
        (b'{"name":""}', 2015),
    ],
)
def test_a_bad_body_gets_a_sentence_and_a_number(client: Client, body: bytes, code: int) -> None:
    answer = client.generic("POST", "/strict", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer["X-Error-Message"] == answer.json()["error"]["message"]


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10)
def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    answer = client.generic("POST", "/mirror", b'"' + b"x" * 20 + b'"')

    assert answer.status_code == 413


def test_an_unknown_algorithm_is_said_word_for_word(client: Client) -> None:
    answer = client.get("/refuse/algorithm")

    assert (answer.status_code, answer.content) == (404, b'{"error":"No such algorithm"}')


def test_a_refusal_keeps_its_number_and_its_header_is_one_line_of_ascii(client: Client) -> None:
    answer = client.get("/refuse/conflict")

    assert answer.status_code == 409
    assert answer.json()["error"] == {"code": 3101, "message": "“Taken” by\nsomebody – sorry."}
    assert answer["X-Error-Message"] == '"Taken" by somebody - sorry.'


def test_who_is_too_fast_is_told_when_to_come_back(client: Client) -> None:
    answer = client.get("/refuse/busy")

    assert (answer.status_code, answer["Retry-After"]) == (429, "3")


def test_nothing_at_an_address_is_a_404_in_json(client: Client) -> None:
    answer = client.get("/refuse/nowhere")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is nothing at this address."


def test_an_unexpected_failure_tells_a_number_and_no_secret(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/refuse/broken")

    problem = answer.json()["error"]
    assert answer.status_code == 500
    assert b"hunter2" not in answer.content
    assert problem["id"] in problem["message"]
    assert problem["id"] in caplog.text


def test_a_method_the_address_does_not_know_is_a_405_that_names_the_others(client: Client) -> None:
    answer = client.generic("PATCH", "/mirror")

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, POST, PUT, DELETE, HEAD, OPTIONS"
    assert answer.json()["error"]["message"] == "This address does not know PATCH."


def test_no_content_is_empty(client: Client) -> None:
    answer = client.delete("/mirror")

    assert (answer.status_code, answer.content, answer.reason_phrase) == (204, b"", "No Content")


def test_a_session_reads_as_its_person(signed_in: Client) -> None:
    assert signed_in.get("/mirror").json()["name"] == "alice"


def test_a_session_changes_nothing_without_the_token(signed_in: Client) -> None:
    answer = signed_in.put("/mirror", b"x")

    assert answer.status_code == 403
    assert "X-CSRFToken" in answer.json()["error"]["message"]


def test_a_session_with_the_token_may_send_a_form_that_stays_unread(signed_in: Client) -> None:
    token = "a" * 32
    signed_in.cookies["csrftoken"] = token

    answer = signed_in.post(
        "/mirror",
        b"[1]",
        content_type="application/x-www-form-urlencoded",
        headers={"X-CSRFToken": token},
    )

    assert answer.json() == {"got": [1]}


def test_a_token_in_the_body_does_not_count(signed_in: Client) -> None:
    token = "a" * 32
    signed_in.cookies["csrftoken"] = token

    answer = signed_in.post("/mirror", {"csrfmiddlewaretoken": token})

    assert answer.status_code == 403


def test_a_key_needs_no_token_even_beside_a_session(signed_in: Client, bob: Actor) -> None:
    answer = signed_in.put("/mirror", b"x", headers={"Authorization": key_of(bob)})

    assert answer.json()["actor"] == "bob"


def test_a_suspended_owner_is_nobody_at_once(signed_in: Client, alice: Actor) -> None:
    secret = key_of(alice)
    owner = Owner.objects.get(name=alice.name)
    owner.is_suspended = True
    owner.save()

    with_key = signed_in.get("/mirror", headers={"Authorization": secret})

    assert with_key.status_code == 401
    assert signed_in.get("/mirror").json()["name"] == "anonymous"


WEB = KeyScopes(
    algorithm_access=APIKey.AlgorithmAccess.FULL,
    from_native=False,
    from_web=True,
    web_origin="shop.example.org",
)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://shop.example.org"}, 200),
        ({"Origin": "https://SHOP.example.org:8443"}, 200),
        ({"Referer": "https://shop.example.org/cart?x=1"}, 200),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "https://shop.example.org.evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.test", "Referer": "https://shop.example.org/"}, 403),
        ({"Referer": "https://[broken"}, 403),
        ({}, 403),
    ],
)
def test_a_key_for_web_pages_works_on_its_pages_only(
    client: Client, alice: Actor, headers: dict[str, str], status: int
) -> None:
    secret = key_of(alice, WEB)

    answer = client.get("/mirror", headers={"Authorization": secret, **headers})

    assert answer.status_code == status


def test_a_key_for_programs_is_refused_from_a_page(client: Client, alice: Actor) -> None:
    answer = client.get(
        "/mirror", headers={"Authorization": key_of(alice), "Origin": "https://evil.test"}
    )

    assert answer.status_code == 403
    assert "web pages" in json.loads(answer.content)["error"]["message"]


def test_using_a_key_is_noted_with_the_address(client: Client, alice: Actor) -> None:
    secret = key_of(alice)

    client.get("/mirror", headers={"Authorization": secret}, REMOTE_ADDR="192.0.2.9")

    key = APIKey.objects.get()
    assert key.last_used_at is not None
    assert key.last_used_from == "192.0.2.9"
