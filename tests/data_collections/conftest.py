"""A storage of its own for each test, and the algorithms that act for their callers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pytest_django import Settings

from data_collections import collecting, files, uris
from data_collections.models import Collection, DataFile
from data_collections.storage import Reading
from marketplace.accounts.actors import Actor, RunningCall
from marketplace.accounts.models import Owner

Put = Callable[..., DataFile]
Running = Callable[..., Actor]


@pytest.fixture(autouse=True)
def own_storage(settings: Settings, tmp_path: Path) -> Path:
    """Give the folder in which this test's bytes rest."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    location = tmp_path / "blobs"
    backend = {
        **settings.STORAGES["default"],
        "OPTIONS": {"location": location, "allow_overwrite": True},
    }
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    settings.FILE_UPLOAD_TEMP_DIR = str(uploads)
    return location


@pytest.fixture
def put() -> Put:
    """Store bytes under a URI."""

    def _put(uri: str, content: bytes, *, by: Actor) -> DataFile:
        return files.put(uris.parse(uri), BytesIO(content), by=by)

    return _put


@pytest.fixture
def running() -> Running:
    """The actor that an algorithm is while it runs for a caller."""

    def _running(
        caller: Actor, author: Actor, *, path: str = "", root_id: uuid.UUID | None = None
    ) -> Actor:
        assert author.owner_id is not None
        call = RunningCall(
            call_id=uuid.uuid4(),
            root_id=root_id or uuid.uuid4(),
            depth=0,
            algorithm_id=uuid.uuid4(),
            algorithm_owner_id=author.owner_id,
            algorithm_path=path or f"{author.name}/Reader",
            may_call_others=False,
        )
        return replace(caller, running=call)

    return _running


def collection_of(actor: Actor, name: str, access: str = "my_algorithms") -> Collection:
    owner = Owner.objects.get(name=actor.name)
    return collecting.create(owner, by=actor, name=name, read_access=Collection.ReadAccess(access))


def content_of(uri: str, *, by: Actor) -> bytes:
    return b"".join(Reading(files.find(uris.parse(uri), by=by).blob))


def stored_files(location: Path) -> list[Path]:
    return [path for path in location.rglob("*") if path.is_file()]
