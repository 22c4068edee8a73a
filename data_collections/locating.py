"""From a path to the collection it means, for the one who asks.

Whoever may not know of a collection is told the same as if it did not exist.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from data_collections.models import Collection, DataFile, DefaultCollection
from data_collections.permissions import may_know, may_read
from data_collections.uris import DataPath, Place
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, NotAllowed, NotFound, NotSignedIn


def owner_of(path: DataPath, actor: Actor) -> Owner:
    """The owner a path names; `.my` is whoever asks, and inside an algorithm its caller."""
    if path.owner:
        owner = Owner.objects.named(path.owner).first()
        if owner is None:
            raise NotFound(
                _("Nobody here is called %(owner)s, so %(path)s does not exist.")
                % {"owner": path.owner, "path": path}
            )
        return owner
    return Owner.objects.get(pk=_own_id(actor, path))


def collection_at(path: DataPath, actor: Actor) -> Collection:
    """The collection a path leads to; raise NotFound unless it is there and may be known of."""
    found = _known(path, actor)
    if found is None:
        raise _nothing_at(path.folder)
    return found


def readable_at(path: DataPath, actor: Actor) -> Collection | None:
    """The collection that somebody wants to read, if it is there and may be known of.

    Raises NotAllowed for an author's own algorithm, with the reason that `may_read` cannot give.
    """
    found = _known(path, actor)
    if found is not None and not may_read(actor, found):
        _refuse_private_to_own_algorithm(found, actor)
    return found


def collection_for_writing(path: DataPath, actor: Actor) -> Collection:
    """Like collection_at, but the stores of the algorithm that asks come into being."""
    found = _find(path, actor)
    if found is None:
        found = _make_store(path, actor)
    if found is None or not may_know(actor, found):
        raise _nothing_at(path.folder)
    return found


def file_at(path: DataPath, collection: Collection) -> DataFile:
    """The file of this name, with its collection and bytes loaded."""
    files = DataFile.objects.select_related("blob", "collection__owner")
    file = files.filter(collection=collection, name=path.file).first()
    if file is None:
        raise NotFound(
            _("%(path)s does not exist: %(collection)s has no file of this name.")
            % {"path": path, "collection": collection}
        )
    return file


def is_store_in_progress(path: DataPath, actor: Actor) -> bool:
    """Whether the path is the session or the own store of the algorithm that asks."""
    if actor.running is None or path.place not in (Place.SESSION, Place.STORE):
        return False
    key = actor.running.algorithm_path
    return path.place == Place.SESSION or _store_key(path, actor).lower() == key.lower()


def _known(path: DataPath, actor: Actor) -> Collection | None:
    found = _find(path, actor)
    return found if found is not None and may_know(actor, found) else None


def _refuse_private_to_own_algorithm(collection: Collection, actor: Actor) -> None:
    """Tell an author why an algorithm of theirs cannot read what they themselves can."""
    running = actor.running
    if running is not None and collection.read_access == Collection.ReadAccess.SEALED:
        raise NotAllowed(
            _("%(collection)s is sealed: no algorithm may read it, whoever calls it.")
            % {"collection": collection}
        )
    if running is None or running.algorithm_owner_id != collection.owner_id:
        return
    if collection.read_access == Collection.ReadAccess.PRIVATE:
        raise NotAllowed(
            _(
                "%(collection)s is private, so %(algorithm_path)s may not read it when somebody "
                "else calls it. Its owner can set the read access to “My algorithms”."
            )
            % {"collection": collection, "algorithm_path": running.algorithm_path}
        )


def _find(path: DataPath, actor: Actor) -> Collection | None:
    collections = Collection.objects.select_related("owner")
    match path.place:
        case Place.COLLECTION:
            return collections.hosted().filter(owner=owner_of(path, actor)).named(path.name).first()
        case Place.SESSION:
            return collections.filter(store="session", store_key=_session_key(actor)).first()
        case Place.STORE:
            key = _store_key(path, actor)
            own = collections.filter(owner=_own_id(actor, path), store=path.store)
            return own.filter(store_key__iexact=key).first()
        case Place.DEFAULT:
            return collections.filter(pk=_default_id(path, actor)).first()
        case _:
            raise BadInput(
                _("%(path)s is not a collection; one is at data://owner/collection.")
                % {"path": path}
            )


def _make_store(path: DataPath, actor: Actor) -> Collection | None:
    running = actor.running
    if running is None or not is_store_in_progress(path, actor):
        return None
    if path.place == Place.SESSION:
        owner_id = actor.owner_id or running.algorithm_owner_id  # a visitor has no owner
        store, key = "session", str(running.root_id)
    else:
        owner_id, store, key = _own_id(actor, path), path.store, running.algorithm_path
    try:
        with transaction.atomic():
            Collection.objects.get_or_create(
                owner_id=owner_id,
                store=store,
                store_key=key,
                defaults={"name": store, "read_access": Collection.ReadAccess.PRIVATE},
            )
    except IntegrityError:  # another algorithm of the same session was quicker
        pass
    return _find(path, actor)


def _default_id(path: DataPath, actor: Actor) -> UUID:
    if actor.running is None:
        raise BadInput(
            _(
                "%(path)s means something only inside a running algorithm; from outside name the "
                "collection itself, as in data://owner/collection/file."
            )
            % {"path": path}
        )
    chosen = DefaultCollection.objects.filter(algorithm_id=actor.running.algorithm_id).first()
    if chosen is None:
        raise NotFound(
            _(
                "No default collection is assigned to %(algorithm)s; name the collection itself, "
                "as in data://owner/collection/file."
            )
            % {"algorithm": actor.running.algorithm_path}
        )
    return chosen.collection_id


def _session_key(actor: Actor) -> str:
    if actor.running is None:
        raise NotFound(
            _(
                "data://.session exists only inside a running algorithm: the algorithms of one "
                "request share it, and it ends with the request."
            )
        )
    return str(actor.running.root_id)


def _store_key(path: DataPath, actor: Actor) -> str:
    if path.name:
        return f"{path.owner}/{path.name}"
    if actor.running is None:
        raise BadInput(
            _(
                "%(path)s means something only inside a running algorithm; from outside name it, "
                "as in data://.algo/owner/name/%(store)s/file."
            )
            % {"path": path, "store": path.store}
        )
    return actor.running.algorithm_path


def _own_id(actor: Actor, path: DataPath) -> UUID:
    if actor.owner_id is None:
        raise NotSignedIn(
            _("%(path)s belongs to whoever asks: sign in or send an API key to use it.")
            % {"path": path}
        )
    return actor.owner_id


def _nothing_at(path: DataPath) -> NotFound:
    return NotFound(_("%(path)s does not exist, or you may not know of it.") % {"path": path})
