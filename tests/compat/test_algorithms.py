"""The management API as the predecessor's clients call it: paths, bodies, objects, refusals."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from algorithms import repositories
from algorithms.models import Algorithm, Build, Version
from algorithms.publishing import publish
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from tests.factories import AlgorithmFactory, BuildFactory, EnvironmentFactory

CREATE: dict[str, Any] = {
    "name": "Hello",
    "details": {"label": "Hello label", "tagline": "Says hello", "summary": "# Hello"},
    "settings": {
        "source_visibility": "open",
        "license": "mit",
        "network_access": "full",
        "pipeline_enabled": True,
        "algorithm_environment": "python311",
    },
    "version_info": {"sample_input": '"you"'},
}


class Api:
    """A client that sends a key, as the Python client does: without a prefix."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"Authorization": key} if key else {})

    def send(self, method: str, path: str, body: object = None, **kwargs: Any) -> tuple[int, Any]:
        data = "" if body is None else json.dumps(body)
        sent = {"data": data, "content_type": "application/json", **kwargs}
        response = self.client.generic(method, path, **sent)
        self.raw = response.content
        return response.status_code, json.loads(response.content) if response.content else None

    def get(self, path: str) -> tuple[int, Any]:
        return self.send("GET", path)

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        return self.send("POST", path, body)


def api_of(actor: Actor, scopes: KeyScopes = keys.FULL) -> Api:
    owner = Owner.objects.get(name=actor.name)
    return Api(keys.create(owner, by=actor, label="test", scopes=scopes)[1])


@pytest.fixture(autouse=True)
def _data_folder(settings: LazySettings, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def api(alice: Actor) -> Api:
    EnvironmentFactory.create()
    return api_of(alice)


@pytest.fixture
def hello(api: Api) -> Algorithm:
    assert api.post("/v1/algorithms/alice", CREATE)[0] == 201
    return Algorithm.objects.get()


def built(algorithm: Algorithm, **fields: Any) -> Build:
    commit = repositories.head(algorithm.pk)
    build: Build = BuildFactory.create(algorithm=algorithm, **{"commit": commit, **fields})
    return build


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


def test_publish_answers_with_the_version(api: Api, hello: Algorithm) -> None:
    Algorithm.objects.update(sample_input="")
    build = built(hello)

    status, body = api.post(
        "/v1/algorithms/alice/Hello/versions",
        {
            "settings": {"algorithm_callability": "public", "royalty_microcredits": 3},
            "version_info": {"version_type": "revision", "release_notes": "First"},
        },
    )

    version = Version.objects.get()
    assert status == 200
    assert body["version_info"] == {
        "semantic_version": "0.1.0",
        "git_hash": build.commit,
        "release_notes": "First",
        "version_uuid": str(version.pk),
    }
    assert body["settings"]["algorithm_callability"] == "public"
    assert body["settings"]["royalty_microcredits"] == 3
    assert body["build"]["build_id"] == str(build.pk)
    assert body["build"]["version_info"] == {"semantic_version": "0.1.0"}
    assert body["self_link"].endswith(f"/v1/algorithms/alice/Hello/versions/{build.commit}")


def test_empty_publish_of_the_python_client_is_a_private_minor_release(
    api: Api, hello: Algorithm
) -> None:
    Algorithm.objects.update(sample_input="")
    empty: dict[str, object] = {
        "details": {},
        "settings": {},
        "version_info": {},
        "source": {},
        "scmsCredentials": {},
    }
    numbers = []
    for path in ("alice/Hello/version", f"{hello.pk}/versions/", "alice/Hello/versions"):
        built(hello)
        status, body = api.post(f"/v1/algorithms/{path}", empty)
        assert (status, body["settings"]["algorithm_callability"]) == (200, "private")
        numbers.append(body["version_info"]["semantic_version"])

    assert numbers == ["0.1.0", "0.2.0", "0.3.0"]


def test_publish_without_a_new_build_has_the_known_words_and_code(
    api: Api, hello: Algorithm
) -> None:
    Algorithm.objects.update(sample_input="")
    built(hello)
    api.post("/v1/algorithms/alice/Hello/versions", {})

    status, body = api.post("/v1/algorithms/alice/Hello/versions", {})

    message = "Version already published. Please compile your algorithm."
    assert (status, body) == (400, {"error": {"code": 1007, "message": message}})


def test_publish_may_name_the_number_and_the_commit(api: Api, hello: Algorithm) -> None:
    Algorithm.objects.update(sample_input="")
    build = built(hello)
    path = "/v1/algorithms/alice/Hello/versions"

    assert api.post(path, {"version_info": {"git_hash": "0" * 40}})[0] == 400
    assert api.post(path, {"version_info": {"semantic_version": "3.0.0"}})[0] == 400
    assert not Version.objects.exists()
    first = {"semantic_version": "0.1.0", "git_hash": build.commit, "type": "default"}
    assert api.post(path, {"version_info": first})[0] == 200
    built(hello)
    second = {"semantic_version": "1.0.0", "git_hash": ""}
    status, body = api.post(path, {"version_info": second})
    assert (status, body["version_info"]["semantic_version"]) == (200, "1.0.0")


@pytest.fixture
def history(api: Api, hello: Algorithm, alice: Actor) -> list[Build]:
    """0.1.0 private, 0.2.0 public, one build unpublished, one failed."""
    Algorithm.objects.update(sample_input="")
    builds = []
    for number, callability in enumerate(["private", "public", None]):
        build = built(hello, commit=f"{number:040x}")
        builds.append(build)
        if callability:
            publish(Algorithm.objects.get(), by=alice, callability=callability)
    builds.append(built(hello, commit="f" * 40, state=Build.State.FAILED))
    return builds


@pytest.mark.parametrize(
    ("query", "commits"),
    [
        ("", [2, 1, 0]),
        ("?published=true", [1, 0]),
        ("?published=false", [2]),
        ("?callable=true", [1]),
        ("?published=true&callable=false", [0]),
        ("?published=True&callable=True&limit=50", [1]),
    ],
)
def test_versions_are_listed_newest_first_and_filtered(
    api: Api, history: list[Build], query: str, commits: list[int]
) -> None:
    status, body = api.get(f"/v1/algorithms/alice/Hello/versions{query}")

    assert status == 200
    found = [int(item["version_info"]["git_hash"], 16) for item in body["results"]]
    assert found == commits
    assert body["marker"] is None


def test_versions_come_in_pages(api: Api, history: list[Build]) -> None:
    path = "/v1/algorithms/alice/Hello/versions"
    seen, marker = [], ""
    while True:
        _, body = api.get(f"{path}?limit=1&marker={marker}")
        seen += [item["build"]["build_id"] for item in body["results"]]
        marker = body["marker"]
        if not marker:
            break

    assert seen == [str(build.pk) for build in reversed(history[:3])]
    assert api.get(f"{path}?limit=0")[1]["error"]["code"] == 5003
    assert api.get(f"{path}?marker=nonsense")[1]["error"]["code"] == 5002


def test_strangers_see_public_versions_only(history: list[Build], mallory: Actor) -> None:
    stranger = api_of(mallory)

    _, body = stranger.get("/v1/algorithms/alice/Hello/versions")
    assert [item["version_info"]["semantic_version"] for item in body["results"]] == ["0.2.0"]
    for build, status in zip(history, (404, 200, 404, 404), strict=True):
        assert stranger.get(f"/v1/algorithms/alice/Hello/versions/{build.commit}")[0] == status
    _, body = stranger.get("/v1/algorithms/alice/Hello")
    assert body["version_info"]["semantic_version"] == "0.2.0"


def test_version_is_found_by_commit_and_by_number(api: Api, history: list[Build]) -> None:
    path = "/v1/algorithms/alice/Hello/versions"

    assert api.get(f"{path}/{history[0].commit}")[1]["version_info"]["semantic_version"] == "0.1.0"
    assert api.get(f"{path}/0.2.0")[1]["version_info"]["git_hash"] == history[1].commit
    assert "semantic_version" not in api.get(f"{path}/{history[2].commit}")[1]["version_info"]
    assert api.get(f"{path}/{history[3].commit}")[1]["error"]["code"] == 1001
    assert api.get(f"{path}/9.9.9")[0] == 404


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


def test_languages_and_environments_are_told(api: Api) -> None:
    status, languages = api.get("/v1/algorithm-environments/edge/languages")
    assert status == 200
    assert [language["name"] for language in languages] == ["python3"]
    assert json.loads(languages[0]["configuration"])["req_files"] == ["requirements.txt"]

    _, body = api.get("/v1/algorithm-environments/edge/languages/python3/environments")
    (environment,) = body["environments"]
    assert environment["machine_type"] == "CPU"
    assert environment["language"] == languages[0]
    assert environment["created_at"].endswith("Z")
    assert "." in environment["created_at"]
    assert api.get("/v1/algorithm-environments/edge/languages/cobol/environments")[0] == 404


def test_template_is_a_tar_archive_with_placeholders(api: Api) -> None:
    _, body = api.get("/v1/algorithm-environments/edge/languages/python3/environments")
    specification = body["environments"][0]["environment_specification_id"]
    path = "/v1/algorithm-environments/edge/environment-specifications"

    response = Client().get(f"{path}/{specification}/template")

    with tarfile.open(fileobj=io.BytesIO(response.content), mode="r:gz") as archive:
        assert "src/__ALGO__.py" in archive.getnames()
    assert Client().get(f"{path}/{uuid.uuid4()}/template").status_code == 404


def test_internal_repository_host_is_the_only_one(api: Api) -> None:
    assert [scm["id"] for scm in api.get("/v1/scms")[1]["results"]] == ["internal"]
    assert api.get("/v1/scms/internal")[1]["provider"] == "internal"
    assert api.get("/v1/scms/internal/oauth/status") == (
        200,
        {"authorization_status": "unauthorized"},
    )
    status, body = api.get("/v1/scms/github")
    assert (status, body["error"]["code"]) == (404, 4009)


def test_all_environments_are_for_administrators(api: Api) -> None:
    assert api.get("/v1/algorithm-environments/edge/environments/available")[0] == 403
