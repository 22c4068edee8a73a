"""Clone, fetch and push with a real git against the real site."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.git.repository import Checkout, Said, address, clone, git
from tests.journeys.authoring import SETTINGS
from tests.live import Person, Site
from tests.python_client import connected

APPLY = "def apply(input):\n    return {!r}\n"


@pytest.fixture(scope="module")
def author(live: Site) -> Person:
    return live.person(f"gitter{uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def stranger(live: Site) -> Person:
    return live.person(f"stranger{uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def client(live: Site, author: Person) -> Iterator[Any]:
    with connected(live.url, author.key) as client:
        yield client


@pytest.fixture
def path(client: Any, author: Person) -> str:
    """A new algorithm, not built yet."""
    path = f"{author.name}/A{uuid.uuid4().hex[:12]}"
    client.algo(path).create({"label": "Pushed"}, SETTINGS)
    return path


@pytest.fixture
def work(live: Site, author: Person, path: str, tmp_path: Path) -> Checkout:
    return clone(address(live, path, author.name, author.key), tmp_path / "work")


def write(work: Checkout, path: str, answer: str) -> str:
    return work.commit(**{f"src__{path.split('/')[1]}": APPLY.format(answer)})


def test_push_builds_and_waits_and_its_hash_can_be_called(
    client: Any, path: str, work: Checkout
) -> None:
    commit = write(work, path, "pushed")

    said = work.git("push", "origin", "master")

    assert said.is_good, said.err
    assert "remote: Beginning container customization" in said.err
    last = [line for line in said.err.splitlines() if line.startswith("remote: ")][-1].rstrip()
    assert last == f"remote: build successful for algo://{path}/{commit}"
    assert client.algo(f"{path}/{commit}").pipe("x").result == "pushed"


def test_push_of_what_cannot_be_built_tells_the_line(path: str, work: Checkout) -> None:
    name = path.split("/")[1]
    commit = work.commit(**{f"src__{name}": "import json\n\nvalue = 1 / 0\n"})

    said = work.git("push", "origin", "master")

    assert said.is_good, said.err
    [last] = [line for line in said.err.splitlines() if "build failed" in line]
    assert "line 3" in last
    assert work.git("ls-remote", "origin", "refs/heads/master").out.split()[0] == commit


def test_cases_of_the_repository_are_tried_on_each_build(path: str, work: Checkout) -> None:
    cases = [
        {"case_name": "same", "input": "x", "expected_output": "pushed", "type": "EXACT_MATCH"},
        {"case_name": "part", "input": 1, "expected_output": "p", "tree": [0]},
    ]
    (work.folder / "TEST_CASES.json").write_text(json.dumps(cases))
    write(work, path, "pushed")
    said = work.git("push", "origin", "master")
    assert "Test case “part”: as expected" in said.err
    assert "build successful" in said.err

    write(work, path, "other")
    said = work.git("push", "origin", "master")
    assert 'build failed: Test case “same” failed: expected "pushed", got "other".' in said.err


def test_editor_and_push_meet_as_ordinary_git(
    live: Site, author: Person, path: str, work: Checkout
) -> None:
    files = f"{live.url}/algorithms/{path}/files/"
    saved = httpx.post(
        files, headers=author.headers, json={"changes": {"README.md": "Written in the browser"}}
    )
    assert saved.status_code == 200, saved.text
    write(work, path, "beside")

    behind = work.git("push", "origin", "master")
    assert not behind.is_good
    assert "fetch first" in behind.err

    forced = work.git("push", "--force", "origin", "master")
    assert not forced.is_good
    assert "The history of master cannot be rewritten" in forced.err.replace("\nremote: ", " ")
    assert httpx.get(files, headers=author.headers).json()["commit"] == saved.json()["commit"]

    assert work.git("pull", "--quiet", "--rebase", "origin", "master").is_good
    assert (work.folder / "README.md").read_text() == "Written in the browser"
    said = work.git("push", "origin", "master")
    assert "build successful" in said.err
    head = work.git("rev-parse", "HEAD").out.strip()
    assert httpx.get(files, headers=author.headers).json()["commit"] == head


def test_published_history_stays_and_other_branches_are_kept_unbuilt(
    client: Any, path: str, work: Checkout
) -> None:
    write(work, path, "one")
    assert work.git("push", "origin", "master", "HEAD:refs/heads/side", "HEAD:refs/tags/t").is_good
    client.algo(path).publish(version_info={"sample_input": '"x"'})
    (built,) = client.algo(path).get_builds()["results"]

    gone = work.git("push", "origin", ":master")
    assert not gone.is_good
    assert "The branch master cannot be deleted" in gone.err
    odd = work.git("push", "origin", "HEAD:refs/replace/" + "1" * 40)
    assert "Only branches and tags are kept here" in odd.err

    write(work, path, "two")
    said = work.git("push", "origin", "HEAD:refs/heads/side")
    assert said.is_good
    assert "Building" not in said.err
    assert work.git("push", "--force", "origin", "HEAD~1:refs/heads/side").is_good
    assert work.git("push", "origin", ":refs/heads/side", ":refs/tags/t").is_good
    assert [build["build_id"] for build in client.algo(path).get_builds()["results"]] == [
        built["build_id"]
    ]


def test_strangers_read_open_source_and_nothing_else(
    live: Site, author: Person, stranger: Person, client: Any, path: str, work: Checkout,
    tmp_path: Path,
) -> None:  # fmt: skip
    theirs = address(live, path, stranger.name, stranger.key)
    place = f"{live.url}/v1/algorithms/{path}"

    assert "not found" in git("clone", theirs, str(tmp_path / "no")).err
    assert "could not read Username" in git("clone", address(live, path), str(tmp_path / "no")).err

    write(work, path, "open")
    assert work.git("push", "origin", "master").is_good
    published = client.algo(path).publish(
        settings={"algorithm_callability": "public"}, version_info={"sample_input": '"x"'}
    )
    assert published["version_info"]["semantic_version"] == "0.1.0"
    closed = git("clone", theirs, str(tmp_path / "no"))
    assert f"remote: {stranger.name} may not fetch {path}" in closed.err

    opened = httpx.put(
        place, headers=author.headers, json={"settings": {"source_visibility": "open"}}
    )
    assert opened.status_code == 200, opened.text
    page = httpx.get(f"{live.url}/algorithms/{path}/source/", follow_redirects=True)
    assert f"git clone {live.url}/git/{path}.git" in page.text
    copy = clone(address(live, path, stranger.name, stranger.password), tmp_path / "yes")
    write(copy, path, "mine")
    refused = copy.git("push", "origin", "master")
    assert f"remote: {stranger.name} may not edit {path}" in refused.err
    assert work.git("ls-remote", "origin").out == copy.git("ls-remote", "origin").out


def test_wrong_keys_are_refused_and_braked(live: Site, author: Person, path: str) -> None:
    wrong = author.key[:-1] + ("a" if author.key[-1] != "a" else "b")
    place = f"{live.url}/git/{path}.git/info/refs?service=git-upload-pack"

    statuses = [httpx.get(place, auth=("anything", wrong)).status_code for _ in range(7)]

    assert statuses[:5] == [401] * 5
    assert statuses[-1] == 429
    assert httpx.get(place, auth=("anything", author.key)).status_code == 200


def test_what_git_does_not_say_is_refused_in_a_sentence(
    live: Site, author: Person, path: str
) -> None:
    place = f"{live.url}/git/{path}.git"
    who = (author.name, author.key)

    old = httpx.get(f"{place}/info/refs", auth=who)
    assert (old.status_code, old.text) == (
        403, "Your git is too old for this site: it must speak smart HTTP.\n",
    )  # fmt: skip
    nothing = httpx.get(f"{place}/HEAD", auth=who)
    assert nothing.status_code == 404
    garbage = httpx.post(f"{place}/git-receive-pack", auth=who, content=b"zzzz not git")
    assert (garbage.status_code, garbage.text) == (400, "This is not what git sends.\n")
    unpacked = httpx.post(
        f"{place}/git-receive-pack",
        auth=who,
        content=b"not gzip",
        headers={"Content-Encoding": "gzip"},
    )
    assert unpacked.status_code == 400


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_every_protocol_fetches_the_same(work: Checkout, version: str) -> None:
    said = work.git("-c", f"protocol.version={version}", "ls-remote", "origin", "HEAD")

    assert said.out.split()[0] == work.git("rev-parse", "HEAD").out.strip()


def test_large_files_and_broken_objects_are_refused(path: str, work: Checkout) -> None:
    (work.folder / "weights.bin").write_bytes(os.urandom(3 * 1024 * 1024))
    work.commit()
    in_pieces = work.git("push", "origin", "HEAD:refs/heads/weights")
    assert in_pieces.is_good, in_pieces.err

    (work.folder / "model.bin").write_bytes(b"\0" * (51 * 1024 * 1024))
    work.commit()
    large = work.git("push", "origin", "HEAD:refs/heads/large")
    assert not large.is_good
    assert "model.bin has 51 MiB" in large.err

    (work.folder / "tree").write_bytes(b"100644 .git\0" + bytes.fromhex("ab" * 20))
    work.git("update-index", "--add", "--cacheinfo", f"100644,{'ab' * 20},x")
    tree = work.git("hash-object", "-t", "tree", "-w", "--literally", "tree").out.strip()
    broken = work.git("commit-tree", tree, "-m", "Broken").out.strip()
    said = work.git("push", "origin", f"{broken}:refs/heads/broken")
    assert not said.is_good
    assert work.git("ls-remote", "origin", "refs/heads/*").out.count("\n") == 2


def test_of_two_pushes_at_once_one_is_taken(
    live: Site, author: Person, path: str, work: Checkout, tmp_path: Path
) -> None:
    other = clone(address(live, path, author.name, author.password), tmp_path / "other")
    commits = [write(work, path, "first"), write(other, path, "second")]
    said: list[Said] = []
    pushing = [
        threading.Thread(target=lambda one=one: said.append(one.git("push", "origin", "master")))
        for one in (work, other)
    ]

    for one in pushing:
        one.start()
    for one in pushing:
        one.join()

    assert sorted(one.is_good for one in said) == [False, True]
    [good] = [one for one in said if one.is_good]
    assert work.git("ls-remote", "origin", "master").out.split()[0] in commits
    assert "build successful" in good.err
