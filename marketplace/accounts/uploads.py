"""Files in a form are kept on the disk for people with an account only.

Django parses a form before any view, and before its own check against forged requests, so
without this anybody could fill the disk by sending a file to any page.
"""

from __future__ import annotations

from typing import IO

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler


class UploadsOfPeople(TemporaryFileUploadHandler):
    """Writes files to temporary ones, up to as many bytes as one file may have."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        del input_data, META, content_length, boundary, encoding
        user = getattr(self.request, "user", None)
        is_known = user is not None and user.is_authenticated
        self._left = settings.MAX_FILE_BYTES if is_known else 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._left -= len(raw_data)
        if self._left < 0:
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)
