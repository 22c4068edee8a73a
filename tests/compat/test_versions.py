"""Publish over the predecessor's API, and the lists of versions."""

from __future__ import annotations

import pytest

from algorithms.models import Algorithm, Build, Version
from algorithms.publishing import publish
from marketplace.accounts.actors import Actor
from tests.compat.management_api import Api, api_of, built


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
