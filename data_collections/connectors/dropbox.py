"""Dropbox, through its own library (the extra `dropbox`); a path begins at the account's root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import requests
from django.utils.translation import gettext as _

from data_collections.connectors import filesystems, stores
from data_collections.connectors.stores import PAGE, Bytes, File, Folder
from data_collections.models import Connector
from data_collections.pieces import CHUNK_BYTES
from marketplace.lib.errors import BadInput, NotFound

SESSION_BYTES: Final = 8 * CHUNK_BYTES
"""Longer files go up in pieces of this size; a multiple of 4 MiB, as Dropbox asks."""


class DropboxStore:
    """One connector's view of a Dropbox. `library` is Dropbox's own, `client` one of its clients."""

    def __init__(self, reference: str, library: Any, client: Any) -> None:  # noqa: ANN401 - optional
        self._reference = reference
        self._library = library
        self._client = client

    def file(self, path: str) -> File | None:
        found = self._metadata(path)
        is_file = isinstance(found, self._library.files.FileMetadata)
        return self._file(path, found) if is_file else None

    def has_folder(self, path: str) -> bool:
        if not path:
            return True
        return isinstance(self._metadata(path), self._library.files.FolderMetadata)

    def entries(self, folder: str, marker: str) -> Folder:
        with self._asking():
            if marker:
                found = self._client.files_list_folder_continue(marker)
            else:
                found = self._client.files_list_folder(_there(folder), limit=PAGE)
        files, folders = [], []
        for entry in found.entries:
            if isinstance(entry, self._library.files.FolderMetadata):
                folders.append(entry.name)
            elif isinstance(entry, self._library.files.FileMetadata):
                files.append(self._file(f"{folder}/{entry.name}".strip("/"), entry))
        return Folder(tuple(folders), tuple(files), found.cursor if found.has_more else "")

    def read(self, file: File, start: int, end: int) -> Bytes:
        """Ask for the whole file and pass over what comes before `start`: Dropbox knows no ranges."""
        with self._asking():
            _about, answer = self._client.files_download(_there(file.path))
        return _Reading(answer, start, end)

    def write(self, path: str, content: Path, content_type: str) -> None:
        del content_type  # Dropbox goes by the name
        files = self._library.files
        commit = files.CommitInfo(_there(path), mode=files.WriteMode.overwrite)
        with self._asking(), content.open("rb") as source:
            piece = source.read(SESSION_BYTES)
            if len(piece) < SESSION_BYTES:
                self._client.files_upload(piece, commit.path, mode=commit.mode)
                return
            session = self._client.files_upload_session_start(piece).session_id
            while True:
                offset = source.tell()
                piece = source.read(SESSION_BYTES)
                cursor = files.UploadSessionCursor(session, offset)
                if len(piece) < SESSION_BYTES:
                    self._client.files_upload_session_finish(piece, cursor, commit)
                    return
                self._client.files_upload_session_append_v2(piece, cursor)

    def make_folder(self, path: str) -> None:
        with self._asking():
            self._client.files_create_folder_v2(_there(path))

    def remove(self, path: str) -> None:
        with self._asking():
            self._client.files_delete_v2(_there(path))

    def remove_folder(self, path: str) -> int:
        """Dropbox removes a folder at once; the number is of what lay right in it."""
        count = len(self.entries(path, "").files)
        self.remove(path)
        return count

    def _metadata(self, path: str) -> Any:  # noqa: ANN401 - one of Dropbox's
        try:
            with self._asking():
                return self._client.files_get_metadata(_there(path)) if path else None
        except _Missing:
            return None

    def _file(self, path: str, found: Any) -> File:  # noqa: ANN401 - Dropbox's FileMetadata
        return File(path, found.size, found.server_modified.replace(tzinfo=UTC), found.rev)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        errors = self._library.exceptions
        try:
            yield
        except (errors.AuthError, errors.BadInputError) as error:
            raise stores.refused(self._reference) from error
        except errors.ApiError as error:
            if "not_found" in str(error.error):
                raise _missing() from error
            if "conflict" in str(error.error):
                raise BadInput(_("Something of that name is there already.")) from error
            raise stores.silent(self._reference) from error
        except (errors.DropboxException, requests.RequestException, OSError) as error:
            raise stores.silent(self._reference) from error


class _Missing(NotFound):
    """Dropbox has nothing at the path."""


class _Reading:
    def __init__(self, answer: requests.Response, start: int, end: int) -> None:
        self._answer = answer
        self._skip = start
        self._left = end - start
        self._pieces = answer.iter_content(CHUNK_BYTES)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while self._left > 0:
            piece: bytes = next(self._pieces, b"")
            if not piece:
                self.close()
                raise OSError("The connected store ended the file too early.")
            wanted = piece[self._skip :][: self._left]
            self._skip = max(0, self._skip - len(piece))
            self._left -= len(wanted)
            if wanted:
                return wanted
        self.close()
        raise StopIteration

    def close(self) -> None:
        self._answer.close()


def opened(connector: Connector, credentials: Mapping[str, str]) -> DropboxStore:
    try:
        library = import_module("dropbox")
    except ImportError:
        raise filesystems.not_installed("dropbox") from None
    keys = {name: credentials.get(name) for name in ("app_key", "app_secret")}
    may_renew = "refresh_token" in credentials and "app_key" in credentials
    client = library.Dropbox(
        credentials["access_token"],
        oauth2_refresh_token=credentials["refresh_token"] if may_renew else None,
        max_retries_on_error=1,
        max_retries_on_rate_limit=1,
        timeout=60,
        **(keys if may_renew else {}),
    )
    return DropboxStore(connector.reference, library, client)


def _there(path: str) -> str:
    return f"/{path}" if path else ""


def _missing() -> _Missing:
    return _Missing(_("There is nothing at this path in the connected store."))
