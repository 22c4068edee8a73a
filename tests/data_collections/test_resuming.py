"""Uploads in pieces, through the REST API: resumed, checked, bounded by the quota, swept."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from data_collections import files, quotas, resuming, uris
from data_collections.models import DataFile, Upload
from data_collections.sweeping import sweep
from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.keys import KeyScopes
from marketplace.accounts.models import APIKey, Owner
from tests.data_collections.conftest import collection_of, content_of, stored_files

pytestmark = pytest.mark.django_db

CONTENT = bytes(range(256)) * 40


class Sender:
    """A program that uploads with a key."""

    def __init__(self, actor: Actor) -> None:
        owner = Owner.objects.get(name=actor.name)
        scopes = KeyScopes(data_access=APIKey.DataAccess.READ_WRITE)
        _key, secret = keys.create(owner, by=actor, label="sender", scopes=scopes)
        self.client = Client(headers={"Authorization": f"Simple {secret}"})

    def begin(self, path: str, size: int = len(CONTENT), **said: Any) -> Any:
        body = {"path": path, "size": size} | said
        return self.client.post("/api/uploads", body, content_type="application/json")

    def send(self, upload: Any, offset: int, piece: bytes, **headers: str) -> Any:
        said = {"Upload-Offset": str(offset)} | headers
        return self.client.generic("PATCH", f"/api/uploads/{upload['id']}", piece, headers=said)


@pytest.fixture
def sender(alice: Actor) -> Sender:
    collection_of(alice, "models")
    return Sender(alice)


def pieces_left() -> list[Path]:
    return list(Path(site_settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def test_file_arrives_in_pieces_after_a_lost_one_and_is_whole(
    alice: Actor, sender: Sender, own_storage: Path
) -> None:
    upload = sender.begin(
        "data://alice/models/m.bin", sha256=hashlib.sha256(CONTENT).hexdigest()
    ).json()
    place = resuming.path_of(Upload.objects.get().pk)
    place.mkdir()  # as if the disk took nothing more
    full = sender.send(upload, 0, CONTENT[:4000])
    place.rmdir()
    sender.send(upload, 0, CONTENT[:4000])
    lost = sender.send(upload, 8000, CONTENT[8000:])
    torn = sender.send(
        upload, 4000, CONTENT[4000:7000], **{"Upload-Checksum": "sha256 " + "0" * 64}
    )

    known = sender.client.get(f"/api/uploads/{upload['id']}").json()
    before = DataFile.objects.exists()
    done = sender.send(upload, known["offset"], CONTENT[known["offset"] :])

    assert full.status_code == 503
    assert "its storage is full" in full.json()["error"]["message"]
    assert (lost.status_code, lost["Upload-Offset"]) == (409, "4000")
    assert "The next byte that is missing is 4000" in lost.json()["error"]["message"]
    assert (torn.status_code, known["offset"], known["state"]) == (400, 4000, "arriving")
    assert before is False
    assert done.json()["state"] == "stored"
    assert content_of("data://alice/models/m.bin", by=alice) == CONTENT
    assert pieces_left() == []
    assert len(stored_files(own_storage)) == 1


def test_file_that_is_not_what_was_promised_is_refused_and_replaces_nothing(
    alice: Actor, sender: Sender
) -> None:
    files.put(uris.parse("data://alice/models/m.bin"), BytesIO(b"old"), by=alice)
    upload = sender.begin("data://alice/models/m.bin", sha256="0" * 64).json()

    refused = sender.send(upload, 0, CONTENT)

    assert refused.status_code == 400
    assert "did not arrive as it was sent" in refused.json()["error"]["message"]
    assert content_of("data://alice/models/m.bin", by=alice) == b"old"
    assert sender.client.get(f"/api/uploads/{upload['id']}").json()["state"] == "failed"
    assert pieces_left() == []
    assert quotas.arriving_for(alice.owner_id or Owner().pk) == 0


def test_files_on_their_way_count_so_that_together_they_stay_below_the_quota(
    alice: Actor, sender: Sender, settings: Settings
) -> None:
    settings.OWNER_QUOTA_BYTES = 25_000

    first = sender.begin("data://alice/models/a")
    second = sender.begin("data://alice/models/b")
    third = sender.begin("data://alice/models/c")
    with pytest.raises(quotas.OverQuota):
        files.put(uris.parse("data://alice/models/d"), BytesIO(bytes(6000)), by=alice)
    sender.client.delete(f"/api/uploads/{second.json()['id']}")
    fourth = sender.begin("data://alice/models/c")

    assert [answer.status_code for answer in (first, second, third, fourth)] == [201, 201, 413, 201]
    assert "are on their way" in third.json()["error"]["message"]
    assert not DataFile.objects.exists()


def test_room_of_a_plain_upload_is_taken_while_it_arrives_and_given_back(
    alice: Actor, sender: Sender, settings: Settings
) -> None:
    settings.OWNER_QUOTA_BYTES = 1000
    answers: list[int] = []

    class Slow(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            answers.append(sender.begin("data://alice/models/b", size=500).status_code)
            return super().read(size)

    promise = files.Promise(length=600)
    path = uris.parse("data://alice/models/a")
    with pytest.raises(RuntimeError):
        files.put(path, Broken(), by=alice, promise=promise)
    files.put(path, Slow(bytes(600)), by=alice, promise=promise)

    assert answers == [413, 413]
    assert not Upload.objects.exists()
    assert sender.begin("data://alice/models/b", size=400).status_code == 201


class Broken(BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        del size
        raise RuntimeError("The connection was lost.")


def test_strangers_and_members_go_on_with_nothing_that_is_not_theirs(
    sender: Sender, mallory: Actor
) -> None:
    upload = sender.begin("data://alice/models/m.bin").json()
    stranger = Sender(mallory)

    answers = [
        stranger.begin("data://alice/models/x"),
        stranger.client.get(f"/api/uploads/{upload['id']}"),
        stranger.send(upload, 0, CONTENT),
        stranger.client.delete(f"/api/uploads/{upload['id']}"),
        stranger.client.get("/api/uploads?collection=data://alice/models"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 404]
    assert Upload.objects.get().offset == 0


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"size": "many"}, "how many bytes"),
        ({"size": -1}, "zero bytes or more"),
        ({"sha256": "abc"}, "64 digits"),
        ({"path": "data://alice/models"}, "is a folder"),
        ({"path": "data://alice/nothing/x"}, "does not exist"),
    ],
)
def test_beginning_that_makes_no_sense_is_refused_in_a_sentence(
    sender: Sender, said: dict[str, Any], sentence: str
) -> None:
    body = {"path": "data://alice/models/x", "size": 5} | said

    answer = sender.client.post("/api/uploads", body, content_type="application/json")

    assert answer.status_code in (400, 404)
    assert sentence in answer.json()["error"]["message"]
    assert not Upload.objects.exists()


def test_empty_file_is_there_at_once_and_a_piece_too_long_is_refused(
    alice: Actor, sender: Sender
) -> None:
    empty = sender.begin("data://alice/models/empty", size=0)
    upload = sender.begin("data://alice/models/m.bin", size=5).json()

    beyond = sender.send(upload, 0, b"123456")

    assert empty.json()["state"] == "stored"
    assert content_of("data://alice/models/empty", by=alice) == b""
    assert beyond.status_code == 400
    assert "beyond its end" in beyond.json()["error"]["message"]


def test_what_nobody_goes_on_with_is_swept_and_gives_its_room_back(
    alice: Actor, sender: Sender
) -> None:
    left = sender.begin("data://alice/models/m.bin").json()
    sender.send(left, 0, CONTENT[:10])
    Upload.objects.update(touched_at=timezone.now() - resuming.LIFETIME - timedelta(minutes=1))
    sender.begin("data://alice/models/other")

    swept = sweep()

    assert swept["reservations"] == 1
    assert Upload.objects.get().name == "other"
    assert pieces_left() == []


def test_check_that_died_is_taken_up_by_who_asks_next(alice: Actor, sender: Sender) -> None:
    upload = sender.begin("data://alice/models/m.bin").json()
    resuming.path_of(upload["id"]).write_bytes(CONTENT)
    Upload.objects.update(offset=len(CONTENT), state="checking")
    busy = sender.client.get(f"/api/uploads/{upload['id']}").json()["state"]

    Upload.objects.update(
        touched_at=timezone.now() - resuming.CHECK_PATIENCE - timedelta(minutes=1)
    )
    taken = sender.client.get(f"/api/uploads/{upload['id']}").json()["state"]

    assert (busy, taken) == ("checking", "stored")
    assert content_of("data://alice/models/m.bin", by=alice) == CONTENT


def test_uploads_that_have_ended_leave_room_for_others_and_unfinished_ones_do_not(
    sender: Sender, own_storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "MOST_AT_ONCE", 2)

    empty = [sender.begin(f"data://alice/models/{name}", size=0) for name in "abc"]
    begun = [sender.begin(f"data://alice/models/{name}").status_code for name in "def"]

    assert [answer.json()["state"] for answer in empty] == ["stored"] * 3
    assert begun == [201, 201, 409]
