"""The author's pages, with and without JavaScript, and who may see them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from algorithms import authoring, build_logs, repositories
from algorithms.models import Algorithm, Build, Version
from algorithms.publishing import publish
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from tests.factories import BuildFactory, EnvironmentFactory

BASE = "/algorithms/alice/Hello"
CODE = "src/Hello.py"


@pytest.fixture(autouse=True)
def _data_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    return authoring.create(
        Owner.objects.get(name="alice"),
        by=alice,
        name="Hello",
        environment=EnvironmentFactory.create(),
    )


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id or 0))
    return client


@pytest.fixture
def author(alice: Actor) -> Client:
    return signed_in(alice)


def post_json(client: Client, path: str, body: object) -> tuple[int, Any]:
    response = client.post(path, json.dumps(body), content_type="application/json")
    return response.status_code, response.json()


def build_of(algorithm: Algorithm, **fields: Any) -> Build:
    commit = repositories.head(algorithm.pk)
    build: Build = BuildFactory.create(algorithm=algorithm, **{"commit": commit, **fields})
    return build


def test_new_algorithm_opens_in_the_editor(author: Client) -> None:
    environment = EnvironmentFactory.create()
    owner = Owner.objects.get(name="alice")
    form = {
        "name": "Greeter",
        "owner": owner.pk,
        "environment": environment.pk,
        "source_visibility": "closed",
        "license": "apl",
        "network_access": "isolated",
    }

    assert b"Python 3.11" in author.get("/algorithms/new/").content
    response = author.post("/algorithms/new/", form)

    assert (response.status_code, response["Location"]) == (302, "/algorithms/alice/Greeter/edit/")
    assert Algorithm.objects.get().label == "Greeter"
    page = author.get(response["Location"])
    assert page.status_code == 200
    assert b"src/Greeter.py" in page.content


def test_new_algorithm_that_cannot_be_is_explained_beside_the_form(
    author: Client, algorithm: Algorithm
) -> None:
    form = {
        "name": "hello",
        "owner": algorithm.owner_id,
        "environment": algorithm.environment_id,
        "source_visibility": "closed",
        "license": "apl",
        "network_access": "isolated",
    }

    taken = author.post("/algorithms/new/", form)
    odd = author.post("/algorithms/new/", {**form, "name": "not-good"})

    assert (taken.status_code, odd.status_code) == (400, 400)
    assert b"already has an algorithm" in taken.content
    assert b"start with a letter" in odd.content
    assert Algorithm.objects.count() == 1


def test_dashboard_lists_mine_with_version_and_build(
    author: Client, algorithm: Algorithm, alice: Actor
) -> None:
    assert b"Start with one that works" in signed_in_elsewhere().get("/dashboard/").content
    build_of(algorithm)
    publish(algorithm, by=alice, callability="public")

    page = author.get("/dashboard/").content

    assert b"alice/Hello" in page
    assert b"0.1.0" in page
    assert b"Succeeded" in page


def signed_in_elsewhere() -> Client:
    client = Client()
    user = User.objects.create(username="newcomer", email="newcomer@example.org")
    Owner.objects.create(name="newcomer", user=user)
    client.force_login(user)
    return client


def test_editor_element_lists_reads_and_saves_files(author: Client, algorithm: Algorithm) -> None:
    listing = author.get(f"{BASE}/files/").json()
    commit = listing["commit"]
    assert {"path": "requirements.txt", "size": 0} | listing["files"][0]
    assert CODE in [file["path"] for file in listing["files"]]
    assert b"def apply" in author.get(f"{BASE}/files/{CODE}").content

    status, saved = post_json(
        author,
        f"{BASE}/files/",
        {"parent": commit, "changes": {"src/grüße.txt": "hé", CODE: None}, "message": "Greet"},
    )

    assert status == 200
    assert repositories.head(algorithm.pk) == saved["commit"]
    assert author.get(f"{BASE}/files/src/grüße.txt").content.decode() == "hé"
    assert author.get(f"{BASE}/files/{CODE}").status_code == 404
    assert b"def apply" in author.get(f"{BASE}/files/{CODE}?commit={commit}").content
    assert repositories.log(algorithm.pk)[0].message == "Greet"


def test_save_on_an_old_commit_is_a_conflict_that_names_the_newest(
    author: Client, algorithm: Algorithm
) -> None:
    first = repositories.head(algorithm.pk)
    _, saved = post_json(author, f"{BASE}/files/", {"parent": first, "changes": {"a": "1"}})

    status, answer = post_json(author, f"{BASE}/files/", {"parent": first, "changes": {"a": "2"}})

    assert (status, answer["commit"]) == (409, saved["commit"])
    assert "newer version" in answer["error"]["message"]
    assert repositories.read(algorithm.pk, saved["commit"], "a") == b"1"


@pytest.mark.parametrize(
    "body",
    [
        {"changes": {"../escape": "x"}},
        {"changes": {".git/hooks/pre-commit": "x"}},
        {"changes": {"a": 1}},
        {"changes": ["a"]},
        {"changes": {}},
        {},
        {"changes": {"nothing-there": None}},
    ],
)
def test_bad_save_is_refused_and_nothing_is_written(
    author: Client, algorithm: Algorithm, body: object
) -> None:
    before = repositories.head(algorithm.pk)

    status, answer = post_json(author, f"{BASE}/files/", body)

    assert status == 400
    assert answer["error"]["message"]
    assert repositories.head(algorithm.pk) == before


def test_pictures_are_downloads_and_never_pages(
    author: Client, algorithm: Algorithm, alice: Actor
) -> None:
    changes = {"x.html": b"<script>alert(1)</script>", "x.png": b"\x89PNG\0\xff"}
    authoring.save_files(algorithm, by=alice, changes=changes)

    page = author.get(f"{BASE}/files/x.html")
    picture = author.get(f"{BASE}/files/x.png")

    assert page["Content-Type"] == "text/plain; charset=utf-8"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert picture["Content-Disposition"] == "attachment"


def test_editor_without_javascript_saves_one_file_and_builds(
    author: Client, algorithm: Algorithm
) -> None:
    form = {
        "path": CODE,
        "text": "def apply(input):\r\n    return 1\r\n",
        "parent": repositories.head(algorithm.pk),
        "action": "build",
    }

    response = author.post(f"{BASE}/edit/", form)

    build = Build.objects.get()
    assert response["Location"] == f"{BASE}/builds/{build.pk}/"
    assert repositories.read(algorithm.pk, build.commit, CODE) == (
        b"def apply(input):\n    return 1\n"
    )


def test_dependencies_are_a_file_that_is_saved_as_a_commit(
    author: Client, algorithm: Algorithm
) -> None:
    page = author.get(f"{BASE}/dependencies/").content.decode()
    parent = repositories.head(algorithm.pk)
    assert parent in page

    saved = author.post(f"{BASE}/dependencies/", {"text": "numpy==2.1.0\r\n", "parent": parent})
    late = author.post(f"{BASE}/dependencies/", {"text": "six\n", "parent": parent})

    assert saved.status_code == 302
    assert late.status_code == 409
    assert b"newer version" in late.content
    assert b"six" in late.content
    head = repositories.head(algorithm.pk)
    assert repositories.read(algorithm.pk, head, "requirements.txt") == b"numpy==2.1.0\n"


def test_build_is_started_and_followed_by_scripts(author: Client, algorithm: Algorithm) -> None:
    status, started = post_json(author, f"{BASE}/builds/", {})

    build = Build.objects.get()
    assert status == 201
    assert started["state"] == "queued"
    assert started["commit"] == repositories.head(algorithm.pk)
    assert started["socket_url"] == f"/ws/builds/{build.pk}/log/"
    assert started["log_url"] == f"{BASE}/builds/{build.pk}/log"
    build_logs.append(build.pk, "one\n")
    build_logs.append(build.pk, "two\n")
    log = author.get(f"{started['log_url']}?after=4")
    assert (log.content, log["X-Log-Offset"], log["X-Build-State"]) == (b"two\n", "8", "queued")
    assert author.get(started["log_url"]).content == b"one\ntwo\n"
    answer = author.get(started["url"], headers={"accept": "application/json"})
    assert answer.json() == started
    assert b"<build-log" in author.get(started["url"]).content


def test_build_page_shows_the_whole_log_of_a_build_that_ended(
    author: Client, algorithm: Algorithm
) -> None:
    build = build_of(algorithm, state=Build.State.FAILED, error="No such package: <b>.")
    build_logs.append(build.pk, "<script>alert(1)</script>\n")

    page = author.get(f"{BASE}/builds/{build.pk}/").content.decode()

    assert "No such package: &lt;b&gt;." in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_build_that_waits_is_cancelled(author: Client, algorithm: Algorithm) -> None:
    post_json(author, f"{BASE}/builds/", {})
    build = Build.objects.get()

    assert author.post(f"{BASE}/builds/{build.pk}/cancel/").status_code == 302

    build.refresh_from_db()
    assert (build.state, build.error) == ("cancelled", "alice cancelled it.")
    assert author.post(f"{BASE}/builds/{build.pk}/cancel/").status_code == 409


PAGES = [
    *("edit/", "dependencies/", "builds/", "publish/", "publish/plan/", "settings/", "secrets/"),
    *("files/", f"files/{CODE}", "search/?q=x", "packages/?name=numpy"),
]


@pytest.mark.parametrize("page", PAGES)
def test_private_pages_do_not_exist_for_strangers(
    algorithm: Algorithm, mallory: Actor, page: str
) -> None:
    assert signed_in(mallory).get(f"{BASE}/{page}").status_code == 404
    visitor = Client().get(f"{BASE}/{page}")
    assert visitor.status_code in (302, 404)
    if visitor.status_code == 302:
        assert visitor["Location"].startswith("/sign_in/?next=")


@pytest.mark.parametrize("page", PAGES)
def test_public_closed_algorithm_keeps_its_workshop_to_itself(
    algorithm: Algorithm, alice: Actor, mallory: Actor, page: str
) -> None:
    build_of(algorithm)
    publish(algorithm, by=alice, callability="public")

    assert signed_in(mallory).get(f"{BASE}/{page}").status_code == 403


def test_open_source_is_read_by_everyone_and_changed_by_nobody_else(
    algorithm: Algorithm, alice: Actor, mallory: Actor
) -> None:
    build_of(algorithm)
    publish(algorithm, by=alice, callability="public", source_visibility="open", license="mit")
    head = repositories.head(algorithm.pk)

    for client in (Client(), signed_in(mallory)):
        assert client.get(f"{BASE}/edit/").status_code == 200
        assert b"def apply" in client.get(f"{BASE}/files/{CODE}").content
    stranger = signed_in(mallory)
    assert post_json(stranger, f"{BASE}/files/", {"changes": {"a": "1"}})[0] == 403
    assert post_json(stranger, f"{BASE}/builds/", {})[0] == 403
    for page in ("edit/", "publish/", "settings/", "delete/"):
        assert stranger.post(f"{BASE}/{page}", {"path": "a", "text": "1"}).status_code == 403

    assert repositories.head(algorithm.pk) == head
    assert Build.objects.count() == Version.objects.count() == 1


def test_session_without_its_token_changes_nothing(algorithm: Algorithm, alice: Actor) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(pk=alice.user_id or 0))
    head = repositories.head(algorithm.pk)

    assert post_json(client, f"{BASE}/files/", {"changes": {"a": "1"}})[0] == 403
    assert client.post(f"{BASE}/builds/").status_code == 403

    token = re.findall(r'token="(\w+)"', client.get(f"{BASE}/edit/").content.decode())[0]
    saved = client.post(
        f"{BASE}/files/",
        json.dumps({"changes": {"a": "1"}}),
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert saved.status_code == 200
    assert repositories.head(algorithm.pk) != head
