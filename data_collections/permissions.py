"""Who may know of, read, write and manage a collection."""

from __future__ import annotations

from data_collections.models import Collection, Connector, Upload
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.accounts.scopes import Scope

_ACCESS = Collection.ReadAccess
_STORE = Collection.Store


def may_know(actor: Actor, collection: Collection) -> bool:
    """Whether a refusal may say why; to everybody else the collection does not exist."""
    runs_for_owner = (
        actor.running is not None and actor.running.algorithm_owner_id == collection.owner_id
    )
    return (
        may_read(actor, collection)
        or actor.speaks_for(collection.owner_id)
        or (collection.is_hosted and runs_for_owner)
    )


def may_read(actor: Actor, collection: Collection) -> bool:
    """A running algorithm reads as its caller does, and its own author's collections besides."""
    if _is_kept_from(actor, collection):
        return False
    if collection.store == _STORE.SESSION:
        return _is_in_session(actor, collection)
    if actor.has(Scope.DATA_READ) and actor.speaks_for(collection.owner_id):
        return True
    if not collection.is_hosted:
        return _is_own_store(actor, collection)
    if collection.read_access == _ACCESS.PUBLIC:
        return not collection.owner.is_suspended
    return (
        collection.read_access == _ACCESS.MY_ALGORITHMS
        and actor.running is not None
        and actor.running.algorithm_owner_id == collection.owner_id
    )


def may_write_to(actor: Actor, collection: Collection) -> bool:
    """Only the owner's own actors write, except into the stores of a running algorithm."""
    if _is_kept_from(actor, collection):
        return False
    if collection.store == _STORE.SESSION:
        return _is_in_session(actor, collection)
    if actor.has(Scope.DATA_WRITE) and actor.speaks_for(collection.owner_id):
        return True
    return not collection.is_hosted and _is_own_store(actor, collection)


def may_go_on_with(actor: Actor, upload: Upload) -> bool:
    """Only who began an upload sends more of it, and only while they may write there."""
    is_mine = actor.user_id is not None and actor.user_id == upload.started_by_id
    return is_mine and may_write_to(actor, upload.collection)


def may_create_collections_for(actor: Actor, owner: Owner) -> bool:
    return actor.has(Scope.DATA_WRITE) and actor.speaks_for(owner.pk)


def may_delete(actor: Actor, collection: Collection) -> bool:
    return may_write_to(actor, collection) and collection.store != _STORE.SESSION


def may_change_who_reads(actor: Actor, collection: Collection) -> bool:
    """Somebody else's algorithm may write for its caller, but not lay the caller's data open."""
    return (
        collection.is_hosted
        and not _is_kept_from(actor, collection)
        and actor.has(Scope.DATA_WRITE)
        and actor.speaks_for(collection.owner_id)
        and (actor.running is None or actor.speaks_for(actor.running.algorithm_owner_id))
    )


def may_list_data_of(actor: Actor, owner: Owner) -> bool:
    """Anybody may ask for an owner's collections; a key of the owner needs the data scope.

    What the list then holds is `Collection.objects.readable_by(actor)`.
    """
    return actor.has(Scope.DATA_READ) or not actor.speaks_for(owner.pk)


def may_see_usage_of(actor: Actor, owner: Owner) -> bool:
    return actor.has(Scope.DATA_READ) and actor.speaks_for(owner.pk)


def may_manage_connectors(actor: Actor, owner: Owner) -> bool:
    """Who answers for an account connects stores to it; no algorithm and no key in a web page does."""
    return (
        actor.running is None
        and not actor.stands_in_pages
        and actor.has(Scope.DATA_WRITE)
        and owner.pk in actor.administers
    )


def may_read_through(actor: Actor, connector: Connector) -> bool:
    """The account it belongs to, and the algorithms that this account calls, as far as it says."""
    return (
        actor.has(Scope.DATA_READ)
        and actor.owner_id == connector.owner_id
        and _is_open_to_what_runs(actor, connector)
    )


def may_write_through(actor: Actor, connector: Connector) -> bool:
    return (
        connector.is_writable
        and actor.has(Scope.DATA_WRITE)
        and actor.owner_id == connector.owner_id
        and _is_open_to_what_runs(actor, connector)
    )


def _is_open_to_what_runs(actor: Actor, connector: Connector) -> bool:
    if actor.running is None or connector.used_by == Connector.UsedBy.ANY:
        return True
    is_own = actor.speaks_for(actor.running.algorithm_owner_id)
    return connector.used_by == Connector.UsedBy.OWN and is_own


def _is_kept_from(actor: Actor, collection: Collection) -> bool:
    """What an algorithm is judged by, no algorithm comes near, whoever calls it."""
    return actor.running is not None and collection.read_access == _ACCESS.SEALED


def _is_in_session(actor: Actor, collection: Collection) -> bool:
    return actor.running is not None and str(actor.running.root_id) == collection.store_key


def _is_own_store(actor: Actor, collection: Collection) -> bool:
    """An algorithm in progress has its store for this caller, whatever the caller's key allows."""
    return (
        actor.running is not None
        and actor.running.algorithm_path.lower() == collection.store_key.lower()
        and actor.owner_id == collection.owner_id
    )
