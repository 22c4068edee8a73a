from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from data_collections.models import Blob, Collection, DataFile
from data_collections.sweeping import BYTES_GRACE, sweep
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import NotFound
from tests.data_collections.conftest import (
    Put,
    Running,
    collection_of,
    content_of,
    stored_files,
)

NOTHING = {
    "sessions": 0,
    "temporary_files": 0,
    "blobs": 0,
    "uploads": 0,
    "reservations": 0,
    "connectors": 0,
}


def _age(**by: float) -> None:
    """Make everything that is there so much older."""
    then = timezone.now() - timedelta(**by)
    Collection.objects.update(created_at=then)
    DataFile.objects.update(modified_at=then)
    Blob.objects.update(wanted_at=then)


def test_what_is_fresh_or_meant_to_stay_is_left_alone(
    alice: Actor, put: Put, running: Running
) -> None:
    algorithm = running(alice, alice)
    collection_of(alice, "models")
    put(".my/models/a", b"a", by=alice)
    put(".algo/perm/b", b"b", by=algorithm)
    _age(days=400)
    put(".session/c", b"c", by=algorithm)
    put(".algo/temp/d", b"d", by=algorithm)

    assert sweep() == NOTHING

    for uri in (".my/models/a", ".algo/perm/b", ".session/c", ".algo/temp/d"):
        assert content_of(uri, by=algorithm)


def test_session_of_an_ended_call_vanishes(
    alice: Actor, put: Put, running: Running, own_storage: Path
) -> None:
    algorithm = running(alice, alice)
    put(".session/c", b"c", by=algorithm)
    _age(hours=1, minutes=1)

    assert sweep() == {**NOTHING, "sessions": 1}
    _age(seconds=BYTES_GRACE.total_seconds() + 1)
    assert sweep() == {**NOTHING, "blobs": 1}

    assert not Collection.objects.exists()
    assert stored_files(own_storage) == []


def test_temporary_file_vanishes_after_a_day(alice: Actor, put: Put, running: Running) -> None:
    algorithm = running(alice, alice)
    put(".algo/temp/old", b"old", by=algorithm)
    _age(days=1, minutes=1)
    put(".algo/temp/new", b"new", by=algorithm)

    assert sweep() == {**NOTHING, "temporary_files": 1}

    assert content_of(".algo/temp/new", by=algorithm) == b"new"
    with pytest.raises(NotFound):
        content_of(".algo/temp/old", by=algorithm)


def test_a_second_sweep_finds_nothing_left(alice: Actor, put: Put, running: Running) -> None:
    put(".algo/temp/old", b"old", by=running(alice, alice))
    _age(days=1, minutes=1)
    sweep()

    assert sweep() == NOTHING
