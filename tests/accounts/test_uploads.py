"""Whose files in a form reach the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory

from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return tmp_path


def form_with_a_file(size: int, *, user: Any) -> HttpRequest:
    file = SimpleUploadedFile("model.bin", b"x" * size)
    request = RequestFactory().post("/sign_in/", {"login": "alice", "file": file})
    request.user = user
    return request


def test_file_of_nobody_is_left_out_and_the_form_is_read(folder: Path) -> None:
    request = form_with_a_file(3_000_000, user=AnonymousUser())

    assert request.POST["login"] == "alice"
    assert not request.FILES
    assert list(folder.iterdir()) == []


def test_file_of_a_person_is_kept_whole() -> None:
    request = form_with_a_file(3_000_000, user=UserFactory.build())

    file: Any = request.FILES["file"]

    assert (file.name, file.size) == ("model.bin", 3_000_000)
    request.close()


def test_person_sends_no_more_than_one_file_may_have(folder: Path, settings: Any) -> None:
    settings.MAX_FILE_BYTES = 1_000_000
    request = form_with_a_file(3_000_000, user=UserFactory.build())

    assert not request.FILES
    assert list(folder.iterdir()) == []
