"""What a folder holds, a thousand entries at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from data_collections.locating import is_store_in_progress, owner_of, readable_at
from data_collections.models import Collection, DataFile
from data_collections.permissions import may_list_data_of, may_read
from data_collections.uris import DataPath, Place
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, NotFound

T = TypeVar("T")

PAGE: Final = 1000
_BAD_MARKER: Final = 5002
_MY: Final = DataPath(Place.OWNER)


@dataclass(frozen=True)
class Listing:
    """One page of a folder."""

    folders: tuple[str, ...] = ()
    files: tuple[DataFile, ...] = ()
    marker: str | None = None
    """Give it back to get the entries that follow; None after the last."""
    collection: Collection | None = None


def list_folder(path: DataPath, *, by: Actor, marker: str = "", limit: int = PAGE) -> Listing:
    """List whatever folder the path leads to."""
    after = _read_marker(marker)
    if path.place in (Place.COLLECTION, Place.SESSION, Place.STORE, Place.DEFAULT):
        collection = readable_at(path.folder, by)
        if collection is None and is_store_in_progress(path, by):
            return Listing()
        if collection is None:
            raise NotFound(f"{path} does not exist, or you may not know of it.")
        by.require(may_read, collection)
        return _files(collection, after, limit)
    owner = owner_of(path if path.place == Place.OWNER else _MY, by)
    by.require(may_list_data_of, owner)
    if path.place == Place.ROOT:
        return _folders(_own_names(owner, by), after, sort=False)
    if path.place == Place.OWNER:
        readable = Collection.objects.readable_by(by).filter(owner=owner)
        return _folders(readable.values_list("name", flat=True), after)
    return _folders(_above_stores(path, owner), after)


def _files(collection: Collection, after: str, limit: int) -> Listing:
    rows = DataFile.objects.filter(collection=collection, name__gt=after).select_related("blob")
    page, marker = _page(list(rows.order_by("name")[: limit + 1]), limit)
    return Listing(
        files=tuple(page), marker=_marker(page[-1].name) if marker else None, collection=collection
    )


def _folders(names: Iterable[str], after: str, *, sort: bool = True) -> Listing:
    if sort:
        names = sorted(name for name in names if name > after)
    page, marker = _page(list(names), PAGE)
    return Listing(folders=tuple(page), marker=_marker(page[-1]) if marker else None)


def _page(entries: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    return entries[:limit], len(entries) > limit


def _own_names(owner: Owner, by: Actor) -> list[str]:
    """Whom the asker acts for, themselves first: clients take the first for their own name."""
    others = Owner.objects.filter(pk__in=by.owner_ids).exclude(pk=owner.pk).order_by("name")
    return [owner.name, *others.values_list("name", flat=True)]


def _above_stores(path: DataPath, owner: Owner) -> set[str]:
    """The next level below `.algo`, `.algo/OWNER` or `.algo/OWNER/NAME` of this caller's stores."""
    stores = Collection.objects.filter(owner=owner, store__in=("temp", "perm"))
    folders = set()
    for key, store in stores.values_list("store_key", "store"):
        levels = [*key.split("/"), store]
        above = [part for part in (path.owner, path.name) if part]
        if [part.lower() for part in levels[: len(above)]] == [part.lower() for part in above]:
            folders.add(levels[len(above)])
    if path.owner and not folders:
        raise NotFound(f"{path} does not exist: this algorithm keeps nothing for {owner}.")
    return folders


def _marker(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).rstrip(b"=").decode()


def _read_marker(marker: str) -> str:
    try:
        padded = marker + "=" * (-len(marker) % 4)
        return base64.b64decode(padded.encode("ascii"), b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise BadInput(
            "This marker is not one that a listing here has given out; start again without it.",
            wire_code=_BAD_MARKER,
        ) from None
