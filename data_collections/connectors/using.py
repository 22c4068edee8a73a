"""The road through a connector: who may, how far it reaches, and then the store itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_collections.collecting import NotEmpty
from data_collections.connectors import connecting, dropbox, filesystems, paths
from data_collections.connectors.paths import Reference
from data_collections.connectors.s3 import S3Store
from data_collections.connectors.stores import File, Folder, Store
from data_collections.files import Promise, check_promise
from data_collections.models import Connector
from data_collections.permissions import (
    may_manage_connectors,
    may_read_through,
    may_write_through,
)
from data_collections.storage import Received, Source
from marketplace.accounts.actors import Actor
from marketplace.lib import sealing
from marketplace.lib.errors import BadInput, NotAllowed, NotFound, TooLarge, Unavailable

_PROTOCOL: Final = Connector.Protocol


@dataclass(frozen=True, slots=True)
class Found:
    """A file elsewhere, and the store that has it."""

    file: File
    store: Store


@dataclass(frozen=True, slots=True)
class Place:
    """A path below a connector, for somebody: `s3+label://bucket/file`."""

    reference: Reference
    path: str
    by: Actor

    @classmethod
    def at(cls, reference: str, path: str, *, by: Actor) -> Place:
        return cls(paths.parse_reference(reference), paths.parse_path(path), by)

    def __str__(self) -> str:
        return f"{self.reference}://{self.path}"


def look(place: Place) -> Found | None:
    """The file at a place; None if a folder is there. Raises NotFound if neither is."""
    connector = _readable(place)
    store = opened(connector)
    if paths.is_within(connector.path, place.path):
        file = store.file(place.path) if place.path else None
        if file is not None:
            return Found(file, store)
    if paths.may_lead_within(connector.path, place.path) and store.has_folder(place.path):
        return None
    raise NotFound(
        _("%(place)s does not exist, or the connector does not reach it.") % {"place": place}
    )


def listing(place: Place, *, marker: str = "") -> Folder:
    """One piece of a folder: of what is there, only what the connector reaches."""
    connector = _readable(place)
    if not paths.may_lead_within(connector.path, place.path):
        raise _out_of_reach(place, connector)
    found = opened(connector).entries(place.path, marker)
    return Folder(
        tuple(
            name
            for name in found.folders
            if paths.may_lead_within(connector.path, f"{place.path}/{name}".strip("/"))
        ),
        tuple(file for file in found.files if paths.is_within(connector.path, file.path)),
        found.marker,
    )


def put(place: Place, content: Source, *, promise: Promise) -> None:
    """Take a file whole, see that it arrived as promised, and put it there at once."""
    connector = _writable(place)
    if not place.path:
        raise BadInput(_("%(place)s is no file.") % {"place": place})

    def check_size(size: int) -> None:
        if size > settings.MAX_FILE_BYTES:
            raise TooLarge(
                _("A file may have %(most)s bytes at most here.")
                % {"most": settings.MAX_FILE_BYTES}
            )

    check_size(promise.length or 0)
    store = opened(connector)
    with Received(content, check_size=check_size) as received:
        check_promise(received, promise)
        kind = received.sniffer.verdict(
            name=place.path.rpartition("/")[2], declared=promise.content_type
        )
        store.write(place.path, received.path, kind)


def make_folder(place: Place, name: str) -> Place:
    """Make a folder below the place; stores that have none keep an empty object for it."""
    made = Place(place.reference, paths.parse_path(f"{place.path}/{name}"), place.by)
    connector = _writable(made, is_folder=True)
    opened(connector).make_folder(made.path)
    return made


def delete(place: Place, *, with_files: bool) -> int:
    """Remove a file, or a folder; give how many files went."""
    found = look(place)
    connector = _writable(place, is_folder=found is None)
    if found is not None:
        found.store.remove(place.path)
        return 1
    if not place.path:
        raise BadInput(_("%(place)s is the whole store.") % {"place": place})
    store = opened(connector)
    if not paths.covers(connector.path, place.path):
        raise _out_of_reach(place, connector)
    inside = store.entries(place.path, "")
    count = len(inside.files) + len(inside.folders)
    if count and not with_files:
        raise NotEmpty(
            ngettext(
                "%(place)s is not empty: it holds %(count)s entry. Delete it first, or say "
                "force=true to delete all at once.",
                "%(place)s is not empty: it holds %(count)s entries. Delete them first, or say "
                "force=true to delete all at once.",
                count,
            )
            % {"place": place, "count": count}
        )
    return store.remove_folder(place.path)


def probe(connector: Connector, *, by: Actor) -> int:
    """See whether the store answers, where the connector's path begins; give how many entries."""
    by.require(may_manage_connectors, connector.owner)
    found = opened(connector).entries(paths.beginning(connector.path), "")
    return len(found.folders) + len(found.files)


def opened(connector: Connector) -> Store:
    """Reach the store with the connector's credentials."""
    try:
        credentials: dict[str, str] = orjson.loads(connector.unseal())
    except sealing.Unreadable:
        raise Unavailable(
            _(
                "The credentials of %(connector)s cannot be read any more: the site's key is "
                "another. Enter them again in the connector."
            )
            % {"connector": connector}
        ) from None
    match connector.protocol:
        case _PROTOCOL.S3:
            return S3Store(
                connector.reference,
                endpoint=connector.endpoint,
                region=connector.region,
                key=credentials["access_key_id"],
                secret=credentials["secret_access_key"],
            )
        case _PROTOCOL.GOOGLE:
            return filesystems.google(connector, credentials)
        case _PROTOCOL.AZURE:
            return filesystems.azure(connector, credentials)
        case _:
            return dropbox.opened(connector, credentials)


def _readable(place: Place) -> Connector:
    connector = connecting.named(place.reference, by=place.by)
    if not may_read_through(place.by, connector):
        raise _refused(place, connector)
    return connector


def _writable(place: Place, *, is_folder: bool = False) -> Connector:
    connector = connecting.named(place.reference, by=place.by)
    if not connector.is_writable:
        raise NotAllowed(
            _("%(connector)s is for reading only; its owner can allow writing on its page.")
            % {"connector": connector}
        )
    if not may_write_through(place.by, connector):
        raise _refused(place, connector)
    reaches = paths.may_lead_within if is_folder else paths.is_within
    if not reaches(connector.path, place.path):
        raise _out_of_reach(place, connector)
    return connector


def _refused(place: Place, connector: Connector) -> NotAllowed:
    if place.by.running is not None and connector.used_by != Connector.UsedBy.ANY:
        return NotAllowed(
            _("The owner of %(connector)s does not let this algorithm use it.")
            % {"connector": connector}
        )
    return NotAllowed(
        _("This key may not use data through %(connector)s.") % {"connector": connector}
    )


def _out_of_reach(place: Place, connector: Connector) -> NotAllowed:
    return NotAllowed(
        _("%(place)s is not within %(pattern)s, which is all that the connector reaches.")
        % {"place": place, "pattern": connector.path}
    )
