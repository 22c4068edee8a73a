"""The management API as the predecessor's clients call it: create, find, change, delete."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.conf import LazySettings

from algorithms import repositories
from algorithms.models import Algorithm, Version
from algorithms.publishing import publish
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey
from tests.compat.management_api import CREATE, Api, api_of, built
from tests.factories import AlgorithmFactory, EnvironmentFactory


def test_created_algorithm_has_a_repository_with_the_filled_template(api: Api) -> None:
    status, answer = api.post("/v1/algorithms/alice", CREATE)

    algorithm = Algorithm.objects.get()
    assert status == 201
    assert answer["id"] == str(algorithm.pk)
    assert answer["name"] == "Hello"
    assert answer["details"] == CREATE["details"]
    assert answer["settings"] == {
        "algorithm_callability": "private",
        "source_visibility": "open",
        "license": "mit",
        "network_access": "full",
        "pipeline_enabled": True,
        "insights_enabled": False,
        "royalty_microcredits": 0,
        "algorithm_environment": str(algorithm.environment_id),
        "environment": "cpu",
        "language": "python3-1",
    }
    assert answer["version_info"] == {"sample_input": '"you"'}
    assert answer["resource_type"] == "algorithm"
    assert "build" not in answer
    head = repositories.head(algorithm.pk)
    assert b"def apply" in repositories.read(algorithm.pk, head, "src/Hello.py")
    conf = json.loads(repositories.read(algorithm.pk, head, "algorithmia.conf"))
    assert (conf["username"], conf["algoname"]) == ("alice", "Hello")


@pytest.mark.parametrize(
    "runtime",
    [
        {"language": "python3-1", "environment": "cpu"},
        {"package_set": "python37"},
        {"package_set": "tensorflow-2.3"},
        {},
    ],
)
def test_runtime_may_be_named_in_each_of_the_old_ways(api: Api, runtime: dict[str, str]) -> None:
    settings = {**CREATE["settings"], **runtime}
    del settings["algorithm_environment"]

    assert api.post("/v1/algorithms/alice", {**CREATE, "settings": settings})[0] == 201
    assert Algorithm.objects.get().environment.slug == "python311"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"name": "not-good"}, 400, 2015),
        ({"name": ""}, 400, 2015),
        ({"name": 7}, 400, 2015),
        ({"details": {}}, 400, 2015),
        ({"details": "text"}, 400, 2015),
        ({"settings": {"license": "mit"}}, 400, 2015),
        ({"settings": {**CREATE["settings"], "license": "wtfpl"}}, 400, 2015),
        ({"settings": {**CREATE["settings"], "source_visibility": "closed"}}, 400, 2015),
        ({"settings": {**CREATE["settings"], "pipeline_enabled": "yes"}}, 400, 2015),
        ({"settings": {**CREATE["settings"], "algorithm_environment": "x"}}, 400, 2015),
        (
            {"settings": {**CREATE["settings"], "algorithm_environment": str(uuid.uuid4())}},
            400,
            2015,
        ),
        ({"source": {"scm": "github"}}, 404, 4009),
    ],
)
def test_creation_that_cannot_be_is_refused_and_nothing_is_created(
    api: Api, settings: LazySettings, change: dict[str, Any], status: int, code: int
) -> None:
    answered, body = api.post("/v1/algorithms/alice", {**CREATE, **change})

    assert (answered, body["error"]["code"]) == (status, code)
    assert not Algorithm.objects.exists()
    assert not (settings.DATA_DIR / "repositories").exists()


def test_unknown_language_and_machine_have_their_codes(api: Api) -> None:
    for runtime, code in (
        ({"language": "cobol"}, 4001),
        ({"language": "python3-1", "environment": "gpu"}, 4004),
    ):
        settings = {**CREATE["settings"], **runtime}
        del settings["algorithm_environment"]
        status, body = api.post("/v1/algorithms/alice", {**CREATE, "settings": settings})
        assert (status, body["error"]["code"]) == (400, code)


def test_name_taken_in_any_letter_case_is_a_conflict(api: Api, hello: Algorithm) -> None:
    status, body = api.post("/v1/algorithms/alice", {**CREATE, "name": "HELLO"})

    assert (status, body["error"]["code"]) == (409, 1002)
    assert Algorithm.objects.count() == 1


def test_nobody_creates_for_another_and_unknown_owners_are_said_to_be(
    api: Api, mallory: Actor
) -> None:
    assert api_of(mallory).post("/v1/algorithms/alice", CREATE)[0] == 403
    assert Api("").post("/v1/algorithms/alice", CREATE)[0] == 401
    status, body = api.post("/v1/algorithms/nobody_here", CREATE)

    assert (status, body["error"]["code"]) == (404, 3000)
    assert not Algorithm.objects.exists()


def test_algorithm_is_found_by_name_and_by_id_with_and_without_slash(
    api: Api, hello: Algorithm
) -> None:
    for path in ("alice/Hello", "Alice/hello", str(hello.pk)):
        for slash in ("", "/"):
            status, body = api.get(f"/v1/algorithms/{path}{slash}")
            assert (status, body["id"]) == (200, str(hello.pk))


def test_unknown_and_hidden_algorithms_are_refused_word_for_word(
    api: Api, hello: Algorithm, mallory: Actor
) -> None:
    stranger = api_of(mallory)
    for client, path in (
        (api, "alice/Nothing"),
        (api, str(uuid.uuid4())),
        (api, "hello/errors"),
        (stranger, "alice/Hello"),
        (stranger, str(hello.pk)),
        (Api(""), "alice/Hello"),
    ):
        assert client.get(f"/v1/algorithms/{path}")[0] == 404
        assert client.raw == b'{"error":"No such algorithm"}'


MANAGEMENT = [
    ("PUT", "", {"details": {"label": "Mine"}}),
    ("DELETE", "", None),
    ("POST", "/versions", {}),
    ("POST", "/version", {}),
    ("GET", "/scm/status", None),
    ("GET", "/errors", None),
]


def test_stranger_may_look_at_a_public_algorithm_and_no_more(
    api: Api, hello: Algorithm, alice: Actor, mallory: Actor
) -> None:
    Algorithm.objects.update(sample_input="")
    built(hello)
    publish(Algorithm.objects.get(), by=alice, callability="public")
    before = Algorithm.objects.values().get()

    for client, refusal in ((api_of(mallory), 403), (Api(""), 401)):
        assert client.get("/v1/algorithms/alice/Hello")[0] == 200
        for method, rest, body in MANAGEMENT:
            status, _ = client.send(method, f"/v1/algorithms/alice/Hello{rest}", body)
            assert (method, rest, status) == (method, rest, refusal)

    assert Algorithm.objects.values().get() == before
    assert Version.objects.count() == 1


def test_key_without_management_changes_nothing(api: Api, hello: Algorithm, alice: Actor) -> None:
    caller = api_of(alice, KeyScopes(algorithm_access=APIKey.AlgorithmAccess.FULL))

    for method, rest, body in MANAGEMENT:
        status, answer = caller.send(method, f"/v1/algorithms/alice/Hello{rest}", body)
        assert (status, answer["error"]["code"]) == (403, 2001)
    assert caller.post("/v1/algorithms/alice", {**CREATE, "name": "Other"})[0] == 403
    assert Algorithm.objects.get().label == "Hello label"


def test_key_without_management_reads_open_source_only(
    api: Api, hello: Algorithm, alice: Actor
) -> None:
    caller = api_of(alice, KeyScopes(algorithm_access=APIKey.AlgorithmAccess.FULL))
    places = (
        "/algorithms/alice/Hello/files/",
        "/algorithms/alice/Hello/files/src/Hello.py",
        "/v1/algorithms/alice/Hello/log",
    )

    assert [caller.client.get(place).status_code for place in places] == [200, 200, 200]
    Algorithm.objects.update(source_visibility="closed", license="apl")

    assert [caller.client.get(place).status_code for place in places] == [403, 403, 403]
    assert [api.client.get(place).status_code for place in places] == [200, 200, 200]


def test_update_changes_what_it_names(api: Api, hello: Algorithm) -> None:
    change = {
        "details": {"label": "New", "summary": "text"},
        "settings": {"network_access": "isolated", "royalty_microcredits": 5},
        "version_info": {"sample_input": "[1]"},
    }

    status, body = api.send("PUT", "/v1/algorithms/alice/Hello", change)

    assert status == 200
    assert body["details"] == {"label": "New", "summary": "text", "tagline": "Says hello"}
    assert body["settings"]["network_access"] == "isolated"
    assert body["settings"]["license"] == "mit"
    assert body["settings"]["royalty_microcredits"] == 5
    assert body["version_info"]["sample_input"] == "[1]"


def test_update_moves_to_another_environment_of_the_language(api: Api, hello: Algorithm) -> None:
    newer = EnvironmentFactory.create(slug="python313", sort_key="003.013")
    other = EnvironmentFactory.create(slug="r36", language="r36")

    assert put_environment(api, other.pk) == 400
    assert put_environment(api, newer.pk) == 200
    assert Algorithm.objects.get().environment == newer


def put_environment(api: Api, pk: uuid.UUID) -> int:
    body = {"settings": {"algorithm_environment": str(pk)}}
    return api.send("PUT", "/v1/algorithms/alice/Hello", body)[0]


def test_form_that_the_python_client_puts_changes_nothing_and_succeeds(
    api: Api, hello: Algorithm
) -> None:
    before = Algorithm.objects.values().get()
    status, body = api.send(
        "PUT",
        "/v1/algorithms/alice/Hello",
        data="details=summary&details=label&settings=license",
        content_type="application/x-www-form-urlencoded",
    )

    assert (status, body["id"]) == (200, str(hello.pk))
    assert Algorithm.objects.values().get() == before


def test_private_algorithm_is_deleted_with_all_that_is_its(
    api: Api, hello: Algorithm, alice: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    Algorithm.objects.update(sample_input="")
    built(hello)
    publish(Algorithm.objects.get(), by=alice)

    with django_capture_on_commit_callbacks(execute=True):
        status, body = api.send("DELETE", "/v1/algorithms/alice/Hello")

    assert (status, body) == (204, None)
    assert not Algorithm.objects.exists()
    assert not repositories.path_of(hello.pk).exists()


def test_algorithm_that_others_may_call_is_not_deleted(
    api: Api, hello: Algorithm, alice: Actor
) -> None:
    Algorithm.objects.update(sample_input="")
    built(hello)
    publish(Algorithm.objects.get(), by=alice, callability="public")

    status, body = api.send("DELETE", "/v1/algorithms/alice/Hello")

    assert status == 403
    assert "others may depend on it" in body["error"]["message"]
    assert Algorithm.objects.exists()


def test_log_lists_commits_for_those_who_see_the_source(
    api: Api, hello: Algorithm, alice: Actor, mallory: Actor
) -> None:
    first = repositories.head(hello.pk)

    status, body = api.get(f"/v1/algorithms/alice/Hello/log?since={first}")

    assert status == 200
    assert body["commits"] == [
        {
            "id": first,
            "short_message": "Start from the template",
            "message": "Start from the template",
            "author": "alice",
        }
    ]
    Algorithm.objects.update(source_visibility="closed", license="apl", sample_input="")
    built(hello)
    publish(Algorithm.objects.get(), by=alice, callability="public")
    assert api_of(mallory).get("/v1/algorithms/alice/Hello/log")[0] == 403


def test_owners_list_shows_private_algorithms_to_their_owner_only(
    api: Api, hello: Algorithm, mallory: Actor
) -> None:
    public = AlgorithmFactory.create(owner=hello.owner, name="Open", is_public=True)
    items = [
        {"id": str(one.pk), "algoname": one.name, "username": "alice"} for one in (hello, public)
    ]

    assert api.get("/v1/users/alice/algorithms") == (200, items)
    assert api_of(mallory).get("/v1/users/alice/algorithms/") == (200, items[1:])
    assert api.get("/v1/users/nobody_here/algorithms")[0] == 404
