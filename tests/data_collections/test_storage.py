from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import boto3
import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.db import connections
from django.utils import timezone
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from data_collections import files, storage, uris
from data_collections.models import Blob
from data_collections.pieces import CHUNK_BYTES
from data_collections.storage import Reading, Received
from marketplace.accounts import actors
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import Unavailable
from tests.data_collections.conftest import Put, collection_of, content_of, stored_files
from tests.factories import OwnerFactory

LONG = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end"


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_address: str, settings: Settings) -> Iterator[str]:
    """Make S3 the storage; give the bucket's name."""
    options = {
        "bucket_name": "blobs",
        "endpoint_url": s3_address,
        "region_name": "us-east-1",
        "access_key": "key",
        "secret_key": "secret",
        "file_overwrite": True,
        "default_acl": None,
    }
    client = boto3.client(
        "s3",
        endpoint_url=s3_address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="blobs")
    backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    yield "blobs"
    for entry in client.list_objects_v2(Bucket="blobs").get("Contents", []):
        client.delete_object(Bucket="blobs", Key=entry["Key"])
    client.delete_bucket(Bucket="blobs")
    client.close()


def test_range_is_read_from_disk(alice: Actor, put: Put) -> None:
    collection_of(alice, "models")
    blob = put(".my/models/long", LONG, by=alice).blob

    assert b"".join(Reading(blob)) == LONG
    assert (
        b"".join(Reading(blob, start=CHUNK_BYTES - 3, end=2 * CHUNK_BYTES + 5))
        == (LONG[CHUNK_BYTES - 3 : 2 * CHUNK_BYTES + 5])
    )
    assert b"".join(Reading(blob, start=blob.size)) == b""
    assert max(map(len, Reading(blob))) == CHUNK_BYTES


def test_s3_keeps_and_gives_back_ranges(alice: Actor, put: Put, s3: str) -> None:
    collection_of(alice, "models")
    blob = put(".my/models/long", LONG, by=alice).blob

    assert content_of(".my/models/long", by=alice) == LONG
    assert b"".join(Reading(blob, start=5, end=CHUNK_BYTES + 9)) == LONG[5 : CHUNK_BYTES + 9]
    assert storages["default"].size(f"{blob.pk[:2]}/{blob.pk[2:4]}/{blob.pk}") == len(LONG)


def test_s3_shares_the_same_content(alice: Actor, put: Put, s3: str) -> None:
    collection_of(alice, "models")

    put(".my/models/a", b"same", by=alice)
    put(".my/models/b", b"same", by=alice)

    assert Blob.objects.count() == 1
    assert content_of(".my/models/b", by=alice) == b"same"


def test_s3_loses_what_is_swept(alice: Actor, put: Put, s3: str) -> None:
    collection_of(alice, "models")
    blob = put(".my/models/a", b"gone", by=alice).blob
    files.delete(uris.parse(".my/models/a"), by=alice)

    removed = storage.remove_unreferenced(not_wanted_since=timezone.now())

    assert removed == 1
    with pytest.raises(Unavailable, match="could not read its bytes"):
        Reading(blob)


def test_s3_that_does_not_answer_is_our_fault(
    alice: Actor, put: Put, settings: Settings, s3: str
) -> None:
    collection_of(alice, "models")
    backend = settings.STORAGES["default"]
    options = {**backend["OPTIONS"], "bucket_name": "no-such-bucket"}
    settings.STORAGES = {**settings.STORAGES, "default": {**backend, "OPTIONS": options}}

    with pytest.raises(Unavailable, match="could not store the file"):
        put(".my/models/a", b"x", by=alice)


def test_bytes_still_in_use_or_lately_sent_are_not_swept(
    alice: Actor, put: Put, own_storage: Path
) -> None:
    collection_of(alice, "models")
    put(".my/models/used", b"used", by=alice)
    put(".my/models/late", b"late", by=alice)
    files.delete(uris.parse(".my/models/late"), by=alice)
    an_hour_ago = timezone.now() - timedelta(hours=1)

    assert storage.remove_unreferenced(not_wanted_since=an_hour_ago) == 0

    assert len(stored_files(own_storage)) == 2


def test_bytes_that_nobody_needs_are_swept(alice: Actor, put: Put, own_storage: Path) -> None:
    collection_of(alice, "models")
    put(".my/models/used", b"used", by=alice)
    put(".my/models/late", b"late", by=alice)
    files.delete(uris.parse(".my/models/late"), by=alice)

    assert storage.remove_unreferenced(not_wanted_since=timezone.now()) == 1

    assert [path.read_bytes() for path in stored_files(own_storage)] == [b"used"]
    assert content_of(".my/models/used", by=alice) == b"used"


def test_row_without_bytes_is_swept_too(alice: Actor) -> None:
    Blob.objects.create(pk="0" * 64, md5="0" * 32, size=1, wanted_at=timezone.now())

    assert storage.remove_unreferenced(not_wanted_since=timezone.now()) == 1

    assert not Blob.objects.exists()


def test_bytes_wanted_again_since_they_were_chosen_stay(
    alice: Actor, put: Put, own_storage: Path
) -> None:
    """The sweep has listed the blob, then somebody sends the same content before it is locked."""
    collection_of(alice, "models")
    put(".my/models/a", b"content", by=alice)
    files.delete(uris.parse(".my/models/a"), by=alice)
    chosen, since = Blob.objects.get().pk, timezone.now()

    with Received(BytesIO(b"content"), check_size=lambda _size: None) as received:
        storage.keep(received)

    assert storage._remove(chosen, since) is False
    assert len(stored_files(own_storage)) == 1


@pytest.mark.django_db(transaction=True)
def test_put_during_a_sweep_of_the_same_content_keeps_its_bytes(
    put: Put, own_storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The put meets the sweep in the moment between the loss of the bytes and of their row."""
    owner: Owner = OwnerFactory.create(name="alice")
    assert owner.user is not None
    alice = actors.of_user(owner.user)
    collection_of(alice, "models")
    put(".my/models/a", b"content", by=alice)
    files.delete(uris.parse(".my/models/a"), by=alice)
    delete, started = FileSystemStorage.delete, threading.Event()

    def put_again() -> None:
        started.wait(10)
        put(".my/models/b", b"content", by=alice)
        connections.close_all()

    def slowly(self: FileSystemStorage, name: str) -> None:
        delete(self, name)
        started.set()
        writer.join(0.3)

    monkeypatch.setattr(FileSystemStorage, "delete", slowly)
    writer = threading.Thread(target=put_again)
    writer.start()
    storage.remove_unreferenced(not_wanted_since=timezone.now())
    writer.join()

    assert content_of(".my/models/b", by=alice) == b"content"


def test_uploads_of_a_dead_process_are_removed_after_a_while(settings: Settings) -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    (folder / "put-abandoned").write_bytes(b"x")
    (folder / "something-else").write_bytes(b"x")

    now = timezone.now()
    assert storage.remove_abandoned_uploads(older_than=now - timedelta(hours=1)) == 0
    assert storage.remove_abandoned_uploads(older_than=now + timedelta(hours=1)) == 1

    assert [path.name for path in folder.iterdir()] == ["something-else"]
