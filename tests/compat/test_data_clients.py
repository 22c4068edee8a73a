"""The predecessor's published clients, unmodified, against the running site."""

from __future__ import annotations

import base64
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests import node_client
from tests.live import Person, Site
from tests.python_client import DataApiError, ReadAcl, connected

BINARY: Final = bytes(range(256)) * 40

Node = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def writer(live: Site) -> Person:
    return live.person("data_writer")


@pytest.fixture(scope="module")
def reader(live: Site) -> Person:
    return live.person("data_reader")


@pytest.fixture
def client(live: Site, writer: Person) -> Iterator[Any]:
    with connected(live.url, writer.key) as client:
        yield client


@pytest.fixture
def stranger(live: Site, reader: Person) -> Iterator[Any]:
    with connected(live.url, reader.key) as client:
        yield client


@pytest.fixture
def folder(client: Any) -> Iterator[Any]:
    """A collection for one test."""
    directory = client.dir(f"data://.my/test_{uuid.uuid4().hex[:12]}")
    directory.create()
    yield directory
    if directory.exists():
        directory.delete(force=True)


@pytest.fixture
def node(live: Site, writer: Person) -> Node:
    """Give what the Node client gives its callback."""

    def _node(operation: str, uri: str, content: str = "") -> list[Any]:
        return node_client.run("data.js", live.url, writer.key, operation, uri, content)

    return _node


def test_python_learns_its_own_name(client: Any, writer: Person) -> None:
    assert client.username() == writer.name
    assert [entry.path for entry in client.dir("data://").list()] == [writer.name]


def test_python_makes_and_removes_a_directory(client: Any) -> None:
    directory = client.dir("data://.my/made_by_python")
    before = directory.exists()

    directory.create()
    with pytest.raises(Exception, match="409"):  # all that this client says of a failed POST
        directory.create()
    after = directory.exists()
    directory.delete()

    assert (before, after, directory.exists()) == (False, True, False)


def test_python_puts_and_gets_every_kind_of_content(folder: Any, tmp_path: Path) -> None:
    (tmp_path / "model.dat").write_bytes(BINARY)

    folder.file("text").put("größe 🙂")
    folder.file("bytes").put(BINARY)
    folder.file("json").putJson({"a": [1, "ü"]})
    folder.file("number").put("123")
    folder.file("model.dat").putFile(str(tmp_path / "model.dat"))

    assert folder.file("text").getString() == "größe 🙂"
    assert folder.file("bytes").getBytes() == BINARY
    assert folder.file("json").getJson() == {"a": [1, "ü"]}
    assert folder.file("number").getString() == "123"
    assert Path(folder.file("model.dat").getFile(as_path=True)).read_bytes() == BINARY


def test_python_puts_an_empty_file_in_chunks_without_a_length(folder: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    folder.file("empty").putFile(str(tmp_path / "empty"))

    assert folder.file("empty").getBytes() == b""
    assert folder.file("empty").exists()


def test_python_zips_and_unzips(folder: Any, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "two").write_text("2")

    folder.file("both.zip").putAsZip(str(tmp_path))
    unpacked = Path(folder.file("both.zip").getAsZip())

    assert (unpacked / "two").read_text() == "2"


def test_python_lists_files_with_size_and_date(folder: Any) -> None:
    folder.file("a").put("hello")
    folder.file("b c").put("hi")

    listed = {entry.getName(): entry for entry in folder.files()}

    assert sorted(listed) == ["a", "b c"]
    assert (listed["a"].size, listed["b c"].size) == (5, 2)
    assert listed["a"].last_modified.year >= 2025


def test_python_follows_markers_past_a_thousand_entries(folder: Any, live: Site) -> None:
    folder.file("n0000").put("x")
    live.manage(
        "shell",
        "--command",
        "from data_collections.models import DataFile\n"
        f"first = DataFile.objects.get(collection__name={folder.getName()!r})\n"
        "copy = dict(collection=first.collection, blob=first.blob, size=1, modified_at=first.modified_at)\n"
        "names = [f'n{number:04d}' for number in range(1, 1050)]\n"
        "DataFile.objects.bulk_create(DataFile(name=name, **copy) for name in names)",
    )

    listed = [entry.getName() for entry in folder.files()]

    assert listed == [f"n{number:04d}" for number in range(1050)]


def test_python_downloads_a_directory(folder: Any) -> None:
    folder.file("a").put("hello")

    downloaded = Path(folder.getDir())

    assert (downloaded / "a").read_text() == "hello"


def test_python_deletes_files_and_full_directories(folder: Any) -> None:
    folder.file("a").put("hello")
    folder.file("b").put("hello")

    assert folder.file("a").delete() is True
    with pytest.raises(DataApiError, match="is not empty: it holds 1 file"):
        folder.delete()
    assert folder.delete(force=True) is True

    assert not folder.exists()


def test_python_is_told_why_there_is_no_file(folder: Any) -> None:
    missing = folder.file("missing")

    with pytest.raises(DataApiError, match=r"unable to get file .* has no file of this name"):
        missing.getFile()
    assert missing.exists() is False


def test_python_reads_and_changes_permissions(folder: Any, stranger: Any) -> None:
    folder.file("a").put("hello")
    seen = stranger.file(f"data://{folder.client.username()}/{folder.getName()}/a")

    first = folder.get_permissions().read_acl.pseudonym
    before = seen.exists()
    assert folder.update_permissions(ReadAcl.public)
    after = seen.getString()
    assert folder.update_permissions(ReadAcl.private)

    assert (first, before, after) == ("my_algos", False, "hello")
    assert folder.get_permissions().read_acl.pseudonym == "private"
    assert seen.exists() is False


def test_python_makes_a_public_directory(client: Any) -> None:
    directory = client.dir("data://.my/public_by_python")
    directory.create(ReadAcl.public)

    pseudonym = directory.get_permissions().read_acl.pseudonym
    directory.delete(force=True)

    assert pseudonym == "public"


def test_python_with_a_wrong_key_is_refused(live: Site) -> None:
    with connected(live.url, "simWrongKey0000000000000000") as stranger:
        with pytest.raises(DataApiError, match="API key is not known"):
            stranger.file("data://.my/x/y").getString()
        with pytest.raises(Exception, match="401"):  # all that it says of a failed PUT
            stranger.file("data://.my/x/y").put("x")


def test_python_is_told_that_connectors_are_not_configured(client: Any) -> None:
    with pytest.raises(DataApiError, match=r"No connector s3\+label"):
        client.file("s3+label://bucket/file").getString()


def test_eight_parallel_puts_of_one_file_leave_one_of_them(folder: Any) -> None:
    contents = [bytes([number]) * 300_000 for number in range(8)]
    threads = [
        threading.Thread(target=folder.file("same").put, args=(content,)) for content in contents
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert folder.file("same").getBytes() in contents
    assert len(list(folder.files())) == 1


def test_node_puts_and_gets_every_kind_of_content(folder: Any, node: Node, tmp_path: Path) -> None:
    home = f"data://{folder.path}"
    (tmp_path / "model.dat").write_bytes(BINARY)

    stored = node("putString", f"{home}/text", "größe 🙂")
    node("putJson", f"{home}/json", '{"a":[1,"ü"]}')
    node("put", f"{home}/bytes", base64.b64encode(BINARY).decode())
    node("putFile", home, str(tmp_path / "model.dat"))

    owner = folder.client.username()
    assert stored == [{"result": f"data://{owner}/{folder.getName()}/text"}, 200]
    assert node("getString", f"{home}/text") == ["größe 🙂", 200]
    assert node("getJson", f"{home}/json") == [{"a": [1, "ü"]}, 200]
    assert node("get", f"{home}/bytes") == [None, {"base64": base64.b64encode(BINARY).decode()}]
    assert folder.file("model.dat").getBytes() == BINARY


def test_node_gets_what_python_put(folder: Any, node: Node) -> None:
    folder.file("text").put("from python")
    folder.file("json").putJson([1, 2])

    assert node("getString", f"data://{folder.path}/text") == ["from python", 200]
    assert node("getJson", f"data://{folder.path}/json") == [[1, 2], 200]


def test_node_walks_directories(client: Any, node: Node, writer: Person) -> None:
    created = node("create", "data://.my/made_by_node")
    node("putString", "data://.my/made_by_node/a", "x")

    exists = node("dirExists", "data://.my/made_by_node")
    listed = node("list", "data://.my/made_by_node")
    refused = node("dirDelete", "data://.my/made_by_node")
    deleted = node("dirForce", "data://.my/made_by_node")

    assert created == [{"result": f"data://{writer.name}/made_by_node"}, 200]
    assert exists == [True]
    assert listed == [[".my/made_by_node/a"]]
    assert refused[1] == 409
    assert "is not empty: it holds 1 file" in refused[0]["error"]["message"]
    assert deleted == [{"result": {"deleted": 1}}, 200]
    assert not client.dir("data://.my/made_by_node").exists()


def test_node_is_told_why_there_is_no_file(folder: Any, node: Node) -> None:
    answer = node("exists", f"data://{folder.path}/missing")

    assert answer[:2] == [False, 404]
    assert "has no file of this name" in answer[2]["error"]["message"]
    assert node("delete", f"data://{folder.path}/missing")[1] == 404


def test_node_deletes_a_file(folder: Any, node: Node) -> None:
    folder.file("a").put("x")

    assert node("delete", f"data://{folder.path}/a") == [{"result": {"deleted": 1}}, 200]
    assert not folder.file("a").exists()
