"""Each kind of store asked the same, through its own library.

S3 is a real server, the file system through which Google and Azure are reached fsspec's own in
memory, Dropbox a stand-in for its API.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import dropbox
import fsspec
import pytest
from pytest_django import Settings

from data_collections.connectors import filesystems, using
from data_collections.connectors.dropbox import SESSION_BYTES, DropboxStore
from data_collections.connectors.filesystems import FileSystemStore
from data_collections.connectors.s3 import S3Store
from data_collections.connectors.stores import Store
from data_collections.models import Connector
from marketplace.lib.errors import BadInput, NotAllowed, NotFound, Unavailable
from tests import elsewhere
from tests.data_collections.dropbox_double import Double

Make = Callable[[], Store]


@pytest.fixture(scope="module")
def s3() -> Iterator[elsewhere.Elsewhere]:
    with elsewhere.s3() as server:
        yield server


@pytest.fixture
def store(
    request: pytest.FixtureRequest, settings: Settings, s3: elsewhere.Elsewhere
) -> Iterator[Store]:
    """A store with an empty bucket, `top`."""
    settings.EGRESS_ALLOWED_HOSTS = [elsewhere.HOST]
    match request.param:
        case "s3":
            s3.client.create_bucket(Bucket="top")
            yield S3Store("s3", endpoint=s3.url, region="", key="key", secret="very secret key")
            for key in s3.keys("top"):
                s3.client.delete_object(Bucket="top", Key=key)
            s3.client.delete_bucket(Bucket="top")
        case "fsspec":
            root = uuid.uuid4().hex
            system = fsspec.filesystem("memory", skip_instance_cache=True)
            system.makedirs(f"{root}/top")
            yield FileSystemStore("gs", system, root=root)
            system.rm(root, recursive=True)
        case _:
            with Double() as double:
                store = DropboxStore("dropbox", dropbox, double.client)
                store.make_folder("top")
                yield store


every = pytest.mark.parametrize("store", ["s3", "fsspec", "dropbox"], indirect=True)


@every
def test_file_comes_back_whole_and_in_part(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * (SESSION_BYTES * 2 // 256) + b"the end"
    (tmp_path / "sent").write_bytes(content)

    store.write("top/inner/sent", tmp_path / "sent", "application/octet-stream")

    file = store.file("top/inner/sent")
    assert file is not None
    assert (file.name, file.size) == ("sent", len(content))
    assert b"".join(store.read(file, 0, file.size)) == content
    assert (
        b"".join(store.read(file, SESSION_BYTES - 3, SESSION_BYTES + 5))
        == (content[SESSION_BYTES - 3 : SESSION_BYTES + 5])
    )
    (tmp_path / "sent").write_bytes(b"again")
    store.write("top/inner/sent", tmp_path / "sent", "text/plain")
    again = store.file("top/inner/sent")
    assert again is not None
    assert b"".join(store.read(again, 0, again.size)) == b"again"


@every
def test_folders_are_told_from_files_and_from_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"x")
    for path in ("top/b", "top/a", "top/inner/c"):
        store.write(path, tmp_path / "sent", "")

    listed = store.entries("top", "")

    assert (listed.folders, [file.path for file in listed.files]) == (
        ("inner",),
        ["top/a", "top/b"],
    )
    assert (listed.marker, store.has_folder("top/inner"), store.has_folder("top/a")) == (
        "",
        True,
        False,
    )
    assert (store.file("top/inner"), store.file("top/none"), store.has_folder("top/none")) == (
        None,
        None,
        False,
    )
    with pytest.raises(NotFound):
        store.entries("nowhere", "")


@every
def test_files_and_folders_are_removed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"x")
    for path in ("top/a", "top/inner/b", "top/inner/c"):
        store.write(path, tmp_path / "sent", "")
    store.make_folder("top/empty")

    store.remove("top/a")
    removed = (store.remove_folder("top/inner"), store.remove_folder("top/empty"))

    assert removed == (2, 0)
    left = store.entries("top", "")
    assert (left.folders, left.files) == ((), ())


@pytest.mark.parametrize("store", ["dropbox"], indirect=True)
def test_long_folder_comes_in_pieces(store: Store, tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"x")
    for number in range(3):
        store.write(f"top/{number}", tmp_path / "sent", "")
    assert isinstance(store, DropboxStore)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data_collections.connectors.dropbox.PAGE", 2)
        first = store.entries("top", "")
        second = store.entries("top", first.marker)

    assert [file.name for file in (*first.files, *second.files)] == ["0", "1", "2"]
    assert second.marker == ""


def test_token_that_dropbox_does_not_know_is_the_owners_to_mend() -> None:
    with Double(token="another") as double:
        store = DropboxStore("dropbox", dropbox, double.client)

        with pytest.raises(NotAllowed, match="refused the connector's credentials"):
            store.entries("", "")


def test_buckets_are_not_made_through_a_file_system(tmp_path: Path) -> None:
    system = fsspec.filesystem("memory", skip_instance_cache=True)
    store = FileSystemStore("gs", system)

    with pytest.raises(BadInput):
        store.make_folder("bucket")
    with pytest.raises(BadInput):
        store.write("bucket", tmp_path / "nothing", "")


def test_store_that_keeps_no_empty_folders_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    system = fsspec.filesystem("memory", skip_instance_cache=True)
    monkeypatch.setattr(system, "makedirs", lambda *_, **__: None)

    with pytest.raises(BadInput, match="This store has no empty folders"):
        FileSystemStore("gs", system).make_folder(f"bucket/{uuid.uuid4().hex}")


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (PermissionError("no"), NotAllowed),
        (RuntimeError("Server failed to authenticate the request"), NotAllowed),
        (ConnectionResetError("gone"), Unavailable),
        (FileNotFoundError("no such bucket"), NotFound),
    ],
)
def test_what_libraries_raise_is_told_in_our_words(
    failure: Exception, told: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = fsspec.filesystem("memory", skip_instance_cache=True)

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(system, "ls", fail)

    with pytest.raises(told):
        FileSystemStore("gs", system).entries("bucket", "")


@pytest.mark.parametrize("protocol", ["gs", "azureblob"])
def test_store_whose_library_is_missing_says_what_the_operator_adds(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> None:
        raise ImportError("Please install it")

    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    monkeypatch.setattr(filesystems, "import_module", missing)
    connector = Connector(protocol=protocol)
    connector.seal(
        '{"email":"a","private_key_id":"b","private_key":"c",'
        '"storage_uri":"https://abc.blob.core.windows.net","sas_token":"t","container_name":"abc"}'
    )

    with pytest.raises(Unavailable, match="The operator adds it with the extra"):
        using.opened(connector)
