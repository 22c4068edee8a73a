"""Where bytes rest: under their SHA-256 in Django's default storage, a disk or S3.

Receiving writes a temporary file beside the storage and hashes on the way, in one pass and
with one chunk in memory. Keeping moves that file to its place, unless its content is there
already. The row of a blob is written first and locked by whoever removes bytes, so that the
sweep cannot take away what is being put at the same moment.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from storages.backends.s3 import S3Storage

from data_collections.content_types import Sniffer
from data_collections.models import Blob
from data_collections.pieces import CHUNK_BYTES, Pieces
from marketplace.lib.errors import Unavailable

UPLOAD_PREFIX: Final = "put-"


class Source(Protocol):
    """Whatever bytes can be read from, a piece at a time."""

    def read(self, size: int, /) -> bytes: ...


class Received:
    """Bytes that have arrived, in a temporary file. A context manager: leaving it removes the file."""

    def __init__(self, source: Source, *, check_size: Callable[[int], None]) -> None:
        """Read the source to its end. `check_size` gets the size so far and raises to refuse."""
        self.size = 0
        self.sniffer = Sniffer()
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        with needing_the_disk():
            handle, name = tempfile.mkstemp(prefix=UPLOAD_PREFIX, dir=settings.FILE_UPLOAD_TEMP_DIR)
        self.path = Path(name)
        try:
            with os.fdopen(handle, "wb", buffering=0) as file:
                self._fill(file, source, check_size)
        except BaseException:
            self.discard()
            raise

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def _look_at(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self.sniffer.update(chunk)

    def _fill(self, file: IO[bytes], source: Source, check_size: Callable[[int], None]) -> None:
        while chunk := source.read(CHUNK_BYTES):
            check_size(self.size + len(chunk))
            self._look_at(chunk)
            with needing_the_disk():
                _write_all(file, chunk)
        with needing_the_disk():
            os.fsync(file.fileno())


def keep(received: Received) -> Blob:
    """Give received bytes their lasting place; what is there already is shared."""
    blob = _want(received)
    name = _name(blob.sha256)
    with needing_the_disk():
        if not _is_complete(name, received.size):
            with _Movable(received.path) as movable:
                _storage().save(name, movable)
    return blob


class Assembled(Received):
    """Bytes that arrived in pieces and lie in a file already; read once, to know what they are."""

    def __init__(self, path: Path, *, progressed: Callable[[int], None]) -> None:
        with needing_the_disk():
            super().__init__(io.BytesIO(), check_size=progressed)
        self.discard()
        self.path = path
        with needing_the_disk(), path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                self._look_at(chunk)
                progressed(self.size)


class Reading(Pieces):
    """The bytes of a blob on their way out; open until they are exhausted or closed."""

    def __init__(self, blob: Blob, *, start: int = 0, end: int | None = None) -> None:
        """Open the bytes from `start` up to, not including, `end`."""
        length = (blob.size if end is None else end) - start
        try:
            super().__init__(_open(blob, start, length), length)
        except (OSError, BotoCoreError, ClientError) as error:
            raise _lost() from error


def remove_unreferenced(*, not_wanted_since: datetime, limit: int = 1000) -> int:
    """Remove bytes that no file points at and nobody has sent lately; give how many blobs."""
    idle = Blob.objects.filter(wanted_at__lt=not_wanted_since, files__isnull=True)
    candidates = list(idle.values_list("pk", flat=True)[:limit])
    return sum(_remove(sha256, not_wanted_since) for sha256 in candidates)


def remove_abandoned_uploads(*, older_than: datetime) -> int:
    """Remove temporary files that a process left behind when it died."""
    removed = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob(f"{UPLOAD_PREFIX}*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < older_than.timestamp():
                path.unlink()
                removed += 1
    return removed


def let_go(blob_ids: Iterable[str]) -> None:
    """Note that files no longer point at these bytes, so that their grace period begins now."""
    Blob.objects.filter(pk__in=blob_ids).update(wanted_at=timezone.now())


class _Movable(File):  # type: ignore[type-arg]
    """A file that a disk storage may rename into place, and that others read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        self.close()
        return str(self._path)


def _want(received: Received) -> Blob:
    blob, _ = Blob.objects.update_or_create(
        sha256=received.sha256,
        defaults={"md5": received.md5, "size": received.size, "wanted_at": timezone.now()},
    )
    return blob


@transaction.atomic
def _remove(sha256: str, not_wanted_since: datetime) -> bool:
    """Remove one blob unless somebody has wanted it meanwhile.

    The bytes go while the row is locked: a put of the same content waits in `_want`, then
    finds them gone and writes them again.
    """
    locked = Blob.objects.select_for_update().filter(pk=sha256, wanted_at__lt=not_wanted_since)
    blob = locked.first()
    if blob is None or blob.files.exists():
        return False
    _storage().delete(_name(sha256))
    blob.delete()
    return True


def _is_complete(name: str, size: int) -> bool:
    storage = _storage()
    return storage.exists(name) and storage.size(name) == size


def _open(blob: Blob, start: int, length: int) -> Any:  # noqa: ANN401 - a file or S3's stream
    storage = _storage()
    if length <= 0:
        return io.BytesIO()
    if isinstance(storage, S3Storage):
        # Asks S3 for the range itself: the storage's own file would fetch the whole first.
        wanted = f"bytes={start}-{start + length - 1}"
        return storage.bucket.Object(_name(blob.sha256)).get(Range=wanted)["Body"]
    file = storage.open(_name(blob.sha256), "rb")
    file.seek(start)
    return file


def _storage() -> Storage:
    return storages["default"]


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _write_all(file: IO[bytes], chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def needing_the_disk() -> Iterator[None]:
    """Say that it is our fault when the storage fails; what the sender does is not meant."""
    try:
        yield
    except (OSError, BotoCoreError, ClientError) as error:
        raise Unavailable(
            _(
                "The site could not store the file: its storage is full or does not answer. "
                "Nothing was changed. Try again later, and tell the operator if it stays so."
            ),
            retry_after=60,
        ) from error


def _lost() -> Unavailable:
    return Unavailable(
        _(
            "The site knows this file but could not read its bytes just now. Your request is not "
            "at fault; try again later, and tell the operator if it stays so."
        ),
        retry_after=60,
    )
