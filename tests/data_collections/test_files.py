from __future__ import annotations

import hashlib
import resource
import threading
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from data_collections import collecting, files, quotas, storage, uris
from data_collections.files import Promise
from data_collections.models import Blob, DataFile
from data_collections.pieces import CHUNK_BYTES
from data_collections.quotas import OverQuota
from marketplace.accounts import actors
from marketplace.accounts.actors import ANONYMOUS, Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import (
    BadInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
    Unavailable,
)
from tests.data_collections.conftest import Put, collection_of, content_of, stored_files
from tests.factories import OwnerFactory


class Broken:
    """A sender that vanishes after its first bytes."""

    def __init__(self) -> None:
        self._first = b"half of a"

    def read(self, _size: int, /) -> bytes:
        first, self._first = self._first, b""
        if first:
            return first
        raise ConnectionError("gone")


class Endless:
    """A sender that never stops; counts what was taken from it."""

    taken = 0

    def read(self, size: int, /) -> bytes:
        self.taken += size
        return bytes(size)


class Unread:
    """A sender whose bytes must not be asked for."""

    def read(self, _size: int, /) -> bytes:
        pytest.fail("A refused upload was read.")


def test_file_that_was_put_is_given_back_with_its_hashes(alice: Actor, put: Put) -> None:
    collection_of(alice, "models")

    file = put("data://.my/models/svm.dat", b"\x00weights", by=alice)

    assert content_of("data://alice/models/svm.dat", by=alice) == b"\x00weights"
    assert str(file) == "data://alice/models/svm.dat"
    assert file.blob.sha256 == hashlib.sha256(b"\x00weights").hexdigest()
    assert file.blob.md5 == hashlib.md5(b"\x00weights").hexdigest()
    assert file.blob.size == 8
    assert file.content_type == "application/octet-stream"


def test_empty_file_is_a_file(alice: Actor, put: Put) -> None:
    collection_of(alice, "models")

    put("data://.my/models/empty", b"", by=alice)

    assert content_of("data://alice/models/empty", by=alice) == b""


def test_put_replaces_silently(alice: Actor, put: Put) -> None:
    collection_of(alice, "models")
    put("data://.my/models/a", b"old", by=alice)

    put("data://.my/models/a", b"new", by=alice)

    assert content_of("data://.my/models/a", by=alice) == b"new"
    assert DataFile.objects.count() == 1


def test_names_differ_by_case_but_collections_do_not(alice: Actor, put: Put) -> None:
    collection_of(alice, "Models")
    put("data://.my/models/A", b"upper", by=alice)
    put("data://ALICE/MODELS/a", b"lower", by=alice)

    assert content_of("data://alice/models/A", by=alice) == b"upper"
    assert content_of("data://alice/models/a", by=alice) == b"lower"


def test_same_content_rests_once(alice: Actor, put: Put, own_storage: Path) -> None:
    collection_of(alice, "models")

    put("data://.my/models/a", b"the same", by=alice)
    put("data://.my/models/b", b"the same", by=alice)

    assert len(stored_files(own_storage)) == 1
    assert Blob.objects.count() == 1
    assert DataFile.objects.count() == 2


def test_upload_that_breaks_off_leaves_the_old_file_and_nothing_else(
    alice: Actor, put: Put, own_storage: Path, settings: Settings
) -> None:
    collection_of(alice, "models")
    put("data://.my/models/a", b"old", by=alice)

    with pytest.raises(ConnectionError):
        files.put(uris.parse("data://.my/models/a"), Broken(), by=alice)

    assert content_of("data://.my/models/a", by=alice) == b"old"
    assert len(stored_files(own_storage)) == 1
    assert stored_files(Path(settings.FILE_UPLOAD_TEMP_DIR)) == []


def test_full_disk_is_our_fault_and_leaves_the_old_file(
    alice: Actor, put: Put, settings: Settings
) -> None:
    collection_of(alice, "models")
    put("data://.my/models/a", b"old", by=alice)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    sent = BytesIO(bytes(9 * CHUNK_BYTES))

    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * CHUNK_BYTES, limits[1]))
    try:
        with pytest.raises(Unavailable, match="could not store the file"):
            files.put(uris.parse("data://.my/models/a"), sent, by=alice)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert content_of("data://.my/models/a", by=alice) == b"old"
    assert stored_files(Path(settings.FILE_UPLOAD_TEMP_DIR)) == []


def test_crash_between_row_and_bytes_is_healed_by_the_next_put(
    alice: Actor, put: Put, own_storage: Path
) -> None:
    collection_of(alice, "models")
    digest = hashlib.sha256(b"weights").hexdigest()
    put("data://.my/models/a", b"weights", by=alice)
    stored_files(own_storage)[0].unlink()

    with pytest.raises(Unavailable, match="could not read its bytes"):
        content_of("data://.my/models/a", by=alice)
    put("data://.my/models/a", b"weights", by=alice)

    assert content_of("data://.my/models/a", by=alice) == b"weights"
    assert Blob.objects.get().pk == digest


def test_half_written_bytes_are_never_shared(alice: Actor, put: Put, own_storage: Path) -> None:
    collection_of(alice, "models")
    put("data://.my/models/a", b"weights", by=alice)
    stored = stored_files(own_storage)[0]
    stored.chmod(0o600)
    stored.write_bytes(b"wei")

    put("data://.my/models/b", b"weights", by=alice)

    assert content_of("data://.my/models/a", by=alice) == b"weights"
    assert [path.name for path in stored_files(own_storage)] == [stored.name]


def test_file_over_the_limit_is_refused_before_it_is_read(alice: Actor, settings: Settings) -> None:
    collection_of(alice, "models")
    settings.MAX_FILE_BYTES = 1000

    with pytest.raises(TooLarge, match="A file may have 1000 bytes at most"):
        files.put(
            uris.parse("data://.my/models/a"), Unread(), by=alice, promise=Promise(length=1001)
        )

    assert not DataFile.objects.exists()


def test_endless_upload_ends_at_the_limit(alice: Actor, settings: Settings) -> None:
    collection_of(alice, "models")
    settings.MAX_FILE_BYTES = 3 * CHUNK_BYTES
    sender = Endless()

    with pytest.raises(TooLarge, match="A file may have"):
        files.put(uris.parse("data://.my/models/a"), sender, by=alice)

    assert sender.taken == 4 * CHUNK_BYTES
    assert stored_files(Path(settings.FILE_UPLOAD_TEMP_DIR)) == []


def test_quota_says_what_is_used_and_allowed(alice: Actor, put: Put, settings: Settings) -> None:
    settings.OWNER_QUOTA_BYTES = 100
    collection_of(alice, "models")
    put("data://.my/models/a", bytes(60), by=alice)

    with pytest.raises(OverQuota) as refusal:
        put("data://.my/models/b", bytes(41), by=alice)

    assert refusal.value.status == 413
    assert refusal.value.message == (
        "alice uses 60 bytes of the 100 bytes that its quota allows, and this file does not fit "
        "into the rest. Nothing was stored; delete files to make room."
    )
    assert DataFile.objects.count() == 1


def test_quota_does_not_count_what_is_replaced(alice: Actor, put: Put, settings: Settings) -> None:
    settings.OWNER_QUOTA_BYTES = 100
    collection_of(alice, "models")
    put("data://.my/models/a", bytes(60), by=alice)

    put("data://.my/models/a", bytes(100), by=alice)

    owner = Owner.objects.get(name="alice")
    assert quotas.usage(owner, by=alice) == quotas.Usage(used=100, limit=100)


def test_quota_counts_shared_bytes_for_each_file(
    alice: Actor, put: Put, settings: Settings
) -> None:
    settings.OWNER_QUOTA_BYTES = 100
    collection_of(alice, "models")
    put("data://.my/models/a", bytes(60), by=alice)

    with pytest.raises(OverQuota):
        put("data://.my/models/b", bytes(60), by=alice)

    assert DataFile.objects.count() == 1


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        (Promise(sha256="0" * 64), "SHA-256"),
        (Promise(md5="0" * 32), "MD5"),
        (Promise(length=4), "length"),
    ],
)
def test_file_that_arrives_damaged_is_refused_and_the_old_one_stays(
    alice: Actor, put: Put, promise: Promise, said: str
) -> None:
    collection_of(alice, "models")
    put("data://.my/models/a", b"old", by=alice)

    with pytest.raises(BadInput, match=f"its {said} should be"):
        files.put(uris.parse("data://.my/models/a"), BytesIO(b"new!!"), by=alice, promise=promise)

    assert content_of("data://.my/models/a", by=alice) == b"old"


def test_file_needs_its_collection(alice: Actor, put: Put) -> None:
    with pytest.raises(NotFound, match="data://alice/nowhere does not exist"):
        put("data://alice/nowhere/a", b"x", by=alice)

    assert not Blob.objects.exists()


def test_folder_is_no_place_for_bytes(alice: Actor, put: Put) -> None:
    collection_of(alice, "models")

    with pytest.raises(BadInput, match="data://alice/models is a folder"):
        put("data://alice/models", b"x", by=alice)

    assert not Blob.objects.exists()


def test_stranger_writes_nowhere(alice: Actor, mallory: Actor, put: Put) -> None:
    collection_of(alice, "private", "private")
    collection_of(alice, "open", "public")

    with pytest.raises(NotFound):
        put("data://alice/private/a", b"x", by=mallory)
    with pytest.raises(NotAllowed, match="mallory may not write to data://alice/open"):
        put("data://alice/open/a", b"x", by=mallory)
    with pytest.raises(NotSignedIn):
        put("data://alice/open/a", b"x", by=ANONYMOUS)

    assert not Blob.objects.exists()


def test_deleted_file_is_gone_and_its_bytes_wait_for_the_sweep(
    alice: Actor, put: Put, own_storage: Path
) -> None:
    collection_of(alice, "models")
    put("data://.my/models/a", b"weights", by=alice)

    files.delete(uris.parse("data://.my/models/a"), by=alice)

    with pytest.raises(NotFound, match="has no file of this name"):
        content_of("data://.my/models/a", by=alice)
    assert len(stored_files(own_storage)) == 1


def test_stranger_deletes_nothing(alice: Actor, mallory: Actor, put: Put) -> None:
    collection_of(alice, "open", "public")
    put("data://.my/open/a", b"x", by=alice)

    with pytest.raises(NotAllowed):
        files.delete(uris.parse("data://alice/open/a"), by=mallory)

    assert content_of("data://alice/open/a", by=mallory) == b"x"


def test_download_in_progress_survives_replacement_and_deletion(alice: Actor, put: Put) -> None:
    collection_of(alice, "models")
    old = bytes(3 * CHUNK_BYTES)
    put("data://.my/models/a", old, by=alice)
    reading = storage.Reading(files.find(uris.parse("data://.my/models/a"), by=alice).blob)
    first = next(reading)

    put("data://.my/models/a", b"new", by=alice)
    files.delete(uris.parse("data://.my/models/a"), by=alice)

    assert first + b"".join(reading) == old


@pytest.mark.django_db(transaction=True)
def test_eight_writers_of_one_file_leave_one_of_their_contents(put: Put) -> None:
    owner: Owner = OwnerFactory.create(name="alice")
    assert owner.user is not None
    alice = actors.of_user(owner.user)
    collection_of(alice, "models")
    contents = [bytes([number]) * 200_000 for number in range(8)]

    _at_once(
        [
            lambda content=content: put("data://.my/models/a", content, by=alice)
            for content in contents
        ]
    )

    assert content_of("data://.my/models/a", by=alice) in contents
    assert DataFile.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_do_not_pass_the_quota_together(put: Put, settings: Settings) -> None:
    settings.OWNER_QUOTA_BYTES = 250
    owner: Owner = OwnerFactory.create(name="alice")
    assert owner.user is not None
    alice = actors.of_user(owner.user)
    collection_of(alice, "models")
    refused: list[OverQuota] = []

    def write(number: int) -> None:
        try:
            put(f"data://.my/models/{number}", bytes([number]) * 100, by=alice)
        except OverQuota as error:
            refused.append(error)

    _at_once([lambda number=number: write(number) for number in range(6)])

    assert len(refused) == 4
    assert quotas.used_by(owner.pk) == 200


def test_file_whose_collection_vanished_on_the_way_is_refused(alice: Actor) -> None:
    collection = collection_of(alice, "models")

    class Deleting(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if not self.tell():
                collecting.delete(collection, by=alice)
            return super().read(size)

    with pytest.raises(NotFound, match="was deleted while the file was on its way"):
        files.put(uris.parse("data://.my/models/a"), Deleting(b"x"), by=alice)

    assert not DataFile.objects.exists()


def _at_once(works: list[object]) -> None:
    failures: list[Exception] = []

    def run(work: object) -> None:
        assert callable(work)
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told to the test below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
