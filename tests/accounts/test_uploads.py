"""What is kept of a file in a form, by who sends it and to which page."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from marketplace.accounts import avatars
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import User
from marketplace.accounts.uploads import UploadsOfPeople

kept: list[int] = []


class Measured(UploadsOfPeople):
    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
        finally:
            kept[:] = [self.file.tell()]


@pytest.fixture(autouse=True)
def _measured(settings: Settings) -> None:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Measured"]
    kept.clear()


@pytest.mark.parametrize(
    ("page", "signed_in", "most"),
    [
        ("/profile/picture/", True, avatars.MOST_BYTES + 1),
        ("/profile/", True, 0),
        ("/sign_in/", False, 0),
    ],
)
def test_only_so_much_of_a_file_is_kept_as_its_page_takes_from_people(
    client: Client, alice: Actor, page: str, signed_in: bool, most: int
) -> None:
    if signed_in:
        client.force_login(User.objects.get(username=alice.name))
    large = SimpleUploadedFile("a.png", bytes(avatars.MOST_BYTES + 2_000_000))

    answer = client.post(page, {"picture": large})

    assert kept == [most]
    assert answer.status_code < 500
    if most:
        assert "A picture may have 5 MB at most" in answer.content.decode()
