"""Files in a form are kept on the disk only for people with an account, where a page wants them.

Django parses a form before any view, and before its own check against forged requests, so
without this anybody could fill the disk by sending a file to any page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Final, TypeVar

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler

View = TypeVar("View", bound=Callable[..., Any])

_MOST: Final = "most_bytes_of_files"


def takes_files(most: Callable[[], int]) -> Callable[[View], View]:
    """Let a view's form bring files, of which `most` bytes are kept in all.

    What comes after them is thrown away and counted: the view sees by the size of a file that it
    is too large, and says so. Under decorators that do not keep a function's attributes it has
    no effect.
    """

    def marked(view: View) -> View:
        setattr(view, _MOST, most)
        return view

    return marked


class UploadsOfPeople(TemporaryFileUploadHandler):
    """Writes files to temporary ones, up to as many bytes as the page that they are sent to takes."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        del input_data, META, content_length, boundary, encoding
        self._left = self._most()
        self._is_wanted = self._left > 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if not self._is_wanted:
            raise StopUpload(connection_reset=True)
        kept = raw_data[: self._left]
        self._left -= len(kept)
        if kept:
            super().receive_data_chunk(kept, start)

    def _most(self) -> int:
        """How much may be kept; 0 for strangers, and for a page that takes no files."""
        user = getattr(self.request, "user", None)
        match = getattr(self.request, "resolver_match", None)
        if user is None or not user.is_authenticated or match is None:
            return 0
        most: Callable[[], int] | None = getattr(match.func, _MOST, None)
        return most() if most is not None else 0
