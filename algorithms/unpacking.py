"""An archive from a stranger, unpacked: within limits that do not believe what it says of itself."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from django.utils.translation import gettext as _

from algorithms import file_paths
from algorithms.amounts import MAX_FILE_BYTES, MAX_FILES, MAX_TREE_BYTES
from marketplace.lib.errors import BadInput, TooLarge

MOST_PACKED: Final = MAX_TREE_BYTES
_MOST_ENTRIES: Final = 4 * MAX_FILES
_PIECE: Final = 1024 * 1024
_LONGEST_LIST: Final = 8 * 1024 * 1024
"""Of what is in the archive: zipfile reads it at once, and makes an object of each entry."""

_LEFT_OUT: Final = ("__MACOSX", ".git", ".hg", ".svn", "__pycache__", ".DS_Store")
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(archive: Path, into: Path) -> None:
    """Write the files of a zip archive into an empty folder.

    Refuses links, names that lead elsewhere, what is locked by a password, and what is too much,
    packed or unpacked. A folder that all lies in is left out, as GitHub's archives have one.
    """
    try:
        with _Bounded(archive.open("rb", buffering=0)) as file, zipfile.ZipFile(file) as opened:
            _write(opened, into)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        OverflowError,
    ):
        raise BadInput(_("This is no zip archive that can be read.")) from None


class _Bounded(io.BufferedReader):
    """The file of an archive, of which nobody reads much at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_LIST:
            raise _too_many()
        return super().read(size)


def _write(opened: zipfile.ZipFile, into: Path) -> None:
    entries = opened.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise _too_many()
    files = {_path(entry): entry for entry in entries if not entry.is_dir()}
    files = {path: entry for path, entry in files.items() if not _is_left_out(path)}
    if len(files) > MAX_FILES:
        raise _too_many()
    top = _common_folder(list(files))
    wanted = {file_paths.checked(path[len(top) :]): entry for path, entry in files.items()}
    file_paths.check_together(wanted)
    left = MAX_TREE_BYTES
    for path, entry in wanted.items():
        _check_entry(path, entry)
        left -= _copy(opened, entry, into / path, min(left, MAX_FILE_BYTES))


def _path(entry: zipfile.ZipInfo) -> str:
    """As it stands in the archive: what is odd is refused, not made harmless."""
    return (
        entry.orig_filename.replace("\\", "/") if entry.create_system == 0 else entry.orig_filename
    )


def _is_left_out(path: str) -> bool:
    return any(part in _LEFT_OUT for part in path.split("/"))


def _common_folder(paths: list[str]) -> str:
    folders = {path.partition("/")[0] for path in paths}
    is_common = len(folders) == 1 and all("/" in path for path in paths)
    return f"{folders.pop()}/" if is_common else ""


def _check_entry(path: str, entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if entry.create_system == 3 and kind not in (0, stat.S_IFREG):
        raise BadInput(
            _("%(path)s is a link or a device; an archive may hold only files and folders.")
            % {"path": repr(path)}
        )
    if entry.flag_bits & 0x1:
        raise BadInput(_("%(path)s is locked with a password.") % {"path": repr(path)})
    if entry.compress_type not in _METHODS:
        raise BadInput(
            _("%(path)s is packed in a way that is not taken here; pack it as zip usually does.")
            % {"path": repr(path)}
        )


def _copy(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, most: int) -> int:
    """Write one file; count what really comes out, whatever the archive says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with opened.open(entry) as packed, target.open("xb") as out:
        while piece := _read(packed):
            count += len(piece)
            if count > most:
                raise TooLarge(
                    _("Unpacked, its files are too large: %(most)s MiB for one, %(all)s for all.")
                    % {"most": MAX_FILE_BYTES // 1024**2, "all": MAX_TREE_BYTES // 1024**2}
                )
            out.write(piece)
    is_program = entry.create_system == 3 and (entry.external_attr >> 16) & 0o100
    target.chmod(0o755 if is_program else 0o644)
    return count


def _read(packed: IO[bytes]) -> bytes:
    return packed.read(_PIECE)


def _too_many() -> TooLarge:
    return TooLarge(_("A repository holds %(most)s files at most.") % {"most": MAX_FILES})
