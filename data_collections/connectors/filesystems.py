"""Google Cloud Storage and Azure Blob Storage, through fsspec's implementations of them.

These are the operator's to install (the extras `google` and `azure`); without them such a
connector says so. Instances and listings are never kept: one account's are not another's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import fsspec
from django.utils.translation import gettext as _

from data_collections.connectors import stores
from data_collections.connectors.stores import PAGE, Bytes, File, Folder
from data_collections.models import Connector
from data_collections.pieces import CHUNK_BYTES, Pieces
from marketplace.lib.errors import BadInput, MarketplaceError, Unavailable

EXTRAS: Final = {"gs": "google", "abfs": "azure", "dropbox": "dropbox"}
_TOKENS: Final = "https://oauth2.googleapis.com/token"
_REFUSED_WORDS: Final = ("authenticat", "authoriz", "forbidden", "invalid_grant", "permission")


class FileSystemStore:
    """A connector's view of one of fsspec's file systems, below a folder of it."""

    def __init__(
        self, reference: str, system: fsspec.AbstractFileSystem, *, root: str = ""
    ) -> None:
        self._reference = reference
        self._system = system
        self._root = root

    def file(self, path: str) -> File | None:
        with self._asking():
            try:
                found = self._system.info(self._there(path))
            except (FileNotFoundError, NotADirectoryError):
                return None
        return self._file(found) if found["type"] == "file" else None

    def has_folder(self, path: str) -> bool:
        with self._asking():
            try:
                return not path or bool(self._system.isdir(self._there(path)))
            except FileNotFoundError:
                return False

    def entries(self, folder: str, marker: str) -> Folder:
        with self._asking():
            try:
                rows = self._system.ls(self._there(folder), detail=True)
            except FileNotFoundError:
                raise stores.nothing_at(folder) from None
        named = {_name(row): row for row in rows if self._here(row["name"]) != folder}
        names = sorted(name for name in named if name > marker)
        page = names[:PAGE]
        is_folder = {name: named[name]["type"] == "directory" for name in page}
        return Folder(
            folders=tuple(name for name in page if is_folder[name]),
            files=tuple(self._file(named[name]) for name in page if not is_folder[name]),
            marker=page[-1] if len(names) > PAGE else "",
        )

    def read(self, file: File, start: int, end: int) -> Bytes:
        with self._asking():
            return _Reading(self, self._system, self._there(file.path), start, end)

    def write(self, path: str, content: Path, content_type: str) -> None:
        self._require_below_root(path)
        with self._asking():
            self._system.put_file(str(content), self._there(path), **self._typed(content_type))

    def make_folder(self, path: str) -> None:
        self._require_below_root(path)
        with self._asking():
            self._system.makedirs(self._there(path), exist_ok=True)
            is_there = self._system.isdir(self._there(path))
        if not is_there:
            raise BadInput(
                _("This store has no empty folders: put a file there, and the folder is there too.")
            )

    def remove(self, path: str) -> None:
        with self._asking():
            self._system.rm_file(self._there(path))

    def remove_folder(self, path: str) -> int:
        self._require_below_root(path)
        with self._asking():
            found = self._system.find(self._there(path))
            for name in found:
                self._system.rm_file(name)
            if self._system.isdir(self._there(path)):
                self._system.rmdir(self._there(path))
        return len(found)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Put whatever a library raises in our words; what it is called differs from each to each."""
        try:
            yield
        except MarketplaceError:
            raise
        except FileNotFoundError as error:
            raise stores.nothing_at(self._reference) from error
        except PermissionError as error:
            raise stores.refused(self._reference) from error
        except Exception as error:  # each library has its own, and none of them need be installed
            words = f"{type(error).__name__} {error}".lower()
            if any(word in words for word in _REFUSED_WORDS):
                raise stores.refused(self._reference) from error
            raise stores.silent(self._reference) from error

    def _there(self, path: str) -> str:
        return "/".join(part for part in (self._root, path) if part)

    def _here(self, name: str) -> str:
        bare = name.strip("/")
        if not self._root:
            return bare
        return bare.removeprefix(self._root).removeprefix("/")

    def _file(self, row: Mapping[str, Any]) -> File:
        changed = next((row[key] for key in _TIMES if row.get(key)), None)
        return File(
            self._here(row["name"]),
            int(row["size"] or 0),
            _moment(changed),
            str(row.get("etag") or row.get("md5Hash") or "").strip('"'),
            str(row.get("contentType") or ""),
        )

    def _typed(self, content_type: str) -> dict[str, str]:
        is_google = "gs" in self._system.protocol
        return {"content_type": content_type} if is_google and content_type else {}

    def _require_below_root(self, path: str) -> None:
        """Buckets and containers are made where they are paid for."""
        if not path or (not self._root and "/" not in path):
            raise BadInput(_("Buckets are made and removed where they are kept."))


class _Reading(Pieces):
    """A download through a file that is never read further than asked."""

    def __init__(
        self,
        store: FileSystemStore,
        system: fsspec.AbstractFileSystem,
        path: str,
        start: int,
        end: int,
    ) -> None:
        self._store = store
        file = system.open(path, "rb", block_size=CHUNK_BYTES, cache_type="readahead")
        file.seek(start)
        super().__init__(file, end - start)

    def _read(self, size: int) -> bytes:
        with self._store._asking():  # noqa: SLF001 - of the same module
            return super()._read(size)


def google(connector: Connector, credentials: Mapping[str, str]) -> FileSystemStore:
    """Buckets of Google Cloud Storage, as a service account sees them."""
    account = {
        "type": "service_account",
        "client_email": credentials["email"],
        "private_key_id": credentials["private_key_id"],
        "private_key": credentials["private_key"],
        "token_uri": _TOKENS,  # never one that somebody names
    }
    return FileSystemStore(connector.reference, _opened("gs", token=account))


def azure(connector: Connector, credentials: Mapping[str, str]) -> FileSystemStore:
    """One container of an Azure storage account, as a shared access signature opens it."""
    host = urlsplit(credentials["storage_uri"]).netloc
    system = _opened(
        "abfs",
        account_name=host.partition(".")[0],
        account_host=host,
        sas_token=credentials["sas_token"],
        anon=False,
    )
    if system.connection_string or system.account_key:
        raise Unavailable(
            _(
                "This site's processes have credentials for Azure of their own, which connectors "
                "must not use. Tell the operator (AZURE_STORAGE_… variables)."
            )
        )
    return FileSystemStore(connector.reference, system, root=credentials["container_name"])


def _opened(protocol: str, **options: object) -> fsspec.AbstractFileSystem:
    """Google's plain file system: fsspec would take one that asks for each bucket's kind first."""
    try:
        is_google = protocol == "gs"
        kind = (
            import_module("gcsfs.core").GCSFileSystem
            if is_google
            else fsspec.get_filesystem_class(protocol)
        )
    except ImportError:
        raise not_installed(protocol) from None
    return kind(**options, skip_instance_cache=True, use_listings_cache=False)


def not_installed(protocol: str) -> Unavailable:
    return Unavailable(
        _(
            "This site has not installed what speaks to this kind of store. The operator adds it "
            "with the extra “%(extra)s”."
        )
        % {"extra": EXTRAS[protocol]}
    )


def _name(row: Mapping[str, Any]) -> str:
    return str(row["name"]).rstrip("/").rpartition("/")[2]


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, (int, float)):
        value = datetime.fromtimestamp(value, UTC)
    if not isinstance(value, datetime):
        return datetime(1970, 1, 1, tzinfo=UTC)
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


_TIMES: Final = ("updated", "last_modified", "mtime", "created", "timeCreated")
