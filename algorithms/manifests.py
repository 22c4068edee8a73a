"""model_manifest.json.freeze: the model files a commit was frozen with, looked at before it is built.

The predecessor's `algo freeze` notes an MD5 of each file, which two different files can share. A
build adds the SHA-256 of what it has found unchanged, and the ADK compares both when it loads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from django.utils.translation import gettext as _

from data_collections import files, uris
from data_collections.models import Blob
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, MarketplaceError

FROZEN: Final = "model_manifest.json.freeze"
NOTED: Final = "model_manifest.json.sha256"
"""Written by the build for the ADK: the SHA-256 of each address. An author's own is replaced."""

MOST_BYTES: Final = 1024 * 1024
MOST_FILES: Final = 1000

_LOCK: Final = "lock_checksum"


def verified(tree: Path, *, reader: Actor) -> Iterator[str]:
    """Compare the frozen files of a checkout with what is there now, and note their SHA-256.

    Yields a line of the log for each; raises BadInput for one that must not have changed.
    """
    (tree / NOTED).unlink(missing_ok=True)
    manifest = _read(tree / FROZEN)
    if manifest is None:
        return
    noted: dict[str, str] = {}
    for file, is_required in _listed(manifest):
        blob, line = _looked_at(file, reader=reader, is_required=is_required)
        if blob is not None:
            noted[file["source_uri"]] = blob.sha256
        yield line
    (tree / NOTED).write_bytes(orjson.dumps(noted, option=orjson.OPT_INDENT_2))


def _read(path: Path) -> dict[str, Any] | None:
    """The manifest without its lock, which must fit; None if the commit has none."""
    if not path.is_file():
        return None
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(_("%(file)s has more than 1 MiB.") % {"file": FROZEN})
    try:
        manifest = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise BadInput(
            _("%(file)s is not JSON: %(error)s.") % {"file": FROZEN, "error": error}
        ) from None
    if not isinstance(manifest, dict):
        raise BadInput(_("%(file)s is an object with required_files.") % {"file": FROZEN})
    lock = manifest.pop(_LOCK, None)
    expected = hashlib.md5(str(manifest).encode(), usedforsecurity=False).hexdigest()
    if lock != expected:
        raise BadInput(
            _(
                "%(file)s was changed after it was written: its lock_checksum does not fit. Run "
                "`algo freeze` again and commit what it writes."
            )
            % {"file": FROZEN}
        )
    return manifest


def _listed(manifest: Mapping[str, Any]) -> list[tuple[dict[str, Any], bool]]:
    """Every file of the manifest, and whether it is required."""
    found = []
    for key, is_required in (("required_files", True), ("optional_files", False)):
        listed = manifest.get(key, [])
        if not isinstance(listed, list) or not all(map(_is_file, listed)):
            raise BadInput(
                _("%(key)s of %(file)s is a list of objects with a name and a source_uri.")
                % {"key": key, "file": FROZEN}
            )
        found += [(file, is_required) for file in listed]
    if len(found) > MOST_FILES:
        raise BadInput(
            _("%(file)s lists %(most)s files at most.") % {"file": FROZEN, "most": MOST_FILES}
        )
    return found


def _is_file(given: object) -> bool:
    return isinstance(given, dict) and all(
        isinstance(given.get(key), str) for key in ("name", "source_uri")
    )


def _looked_at(
    file: dict[str, Any], *, reader: Actor, is_required: bool
) -> tuple[Blob | None, str]:
    """The file's bytes if they are as they were frozen, and what to say of it."""
    name, uri = file["name"][:100], file["source_uri"]
    if not uri.startswith("data://"):
        return None, f"Model file {name}: not in a collection here, so compared when it is loaded"
    try:
        blob = files.find(uris.parse(uri), by=reader).blob
    except MarketplaceError as error:
        if not is_required:
            return None, f"Model file {name}: not there; it is optional. {error}"
        raise BadInput(
            _("The model file “%(name)s” of %(file)s cannot be read: %(error)s")
            % {"name": name, "file": FROZEN, "error": error}
        ) from None
    differing = [word for word, is_same in _compared(file, blob) if not is_same]
    if not differing:
        return blob, f"Model file {name}: as it was frozen, SHA-256 {blob.sha256}"
    if file.get("fail_on_tamper") is not True:
        return None, f"Model file {name}: has changed since it was frozen, which it may"
    raise BadInput(
        _(
            "The model file “%(name)s” has changed since it was frozen: its %(checksums)s is not "
            "that of %(file)s. Put the old file back, or run `algo freeze` again and commit."
        )
        % {"name": name, "checksums": " and ".join(differing), "file": FROZEN}
    )


def _compared(file: Mapping[str, Any], blob: Blob) -> Iterator[tuple[str, bool]]:
    for key, word, found in (
        ("md5_checksum", "MD5", blob.md5),
        ("sha256_checksum", "SHA-256", blob.sha256),
    ):
        expected = file.get(key)
        if expected is not None:
            yield word, expected == found
