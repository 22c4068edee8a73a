"""Make collections, say who may read them, delete them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from data_collections import storage
from data_collections.models import Collection, DataFile, DefaultCollection
from data_collections.permissions import (
    may_change_who_reads,
    may_create_collections_for,
    may_delete,
    may_read,
)
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from marketplace.lib.errors import Conflict, NotAllowed

MY_ALGORITHMS = Collection.ReadAccess.MY_ALGORITHMS


class NotEmpty(Conflict):
    """The collection holds files, and nobody said that they should go too."""

    code = "not_empty"


@transaction.atomic
def create(
    owner: Owner, *, by: Actor, name: str, read_access: Collection.ReadAccess = MY_ALGORITHMS
) -> Collection:
    """Make an empty collection."""
    by.require(may_create_collections_for, owner)
    names.checked(name, what=gettext_noop("collection"))
    Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if owner.collections.hosted().named(name).exists():
        raise Conflict(
            _("data://%(owner)s/%(name)s exists already.") % {"owner": owner, "name": name}
        )
    collection = Collection(owner=owner, name=name, read_access=read_access)
    if read_access == Collection.ReadAccess.PUBLIC and not may_change_who_reads(by, collection):
        raise NotAllowed(
            _("An algorithm of others may not make public collections for %(owner)s.")
            % {"owner": owner}
        )
    collection.save()
    return collection


@transaction.atomic
def change_access(
    collection: Collection, *, by: Actor, read_access: Collection.ReadAccess
) -> Collection:
    """Say who may read the collection from now on."""
    by.require(may_change_who_reads, collection)
    if collection.read_access != read_access:
        before, collection.read_access = collection.read_access, read_access
        collection.save(update_fields=["read_access"])
        audit.record(by, "changed who reads", collection, before=before, after=read_access)
    return collection


@transaction.atomic
def delete(collection: Collection, *, by: Actor, with_files: bool = False) -> int:
    """Remove a collection; give how many files went with it."""
    by.require(may_delete, collection)
    Owner.objects.select_for_update(no_key=True).get(pk=collection.owner_id)
    count = collection.files.count()
    if count and not with_files:
        raise NotEmpty(
            ngettext(
                "%(collection)s is not empty: it holds %(count)s file. Delete it first, or say "
                "force=true to delete all at once.",
                "%(collection)s is not empty: it holds %(count)s files. Delete them first, or say "
                "force=true to delete all at once.",
                count,
            )
            % {"collection": collection, "count": count}
        )
    if collection.is_hosted:
        audit.record(by, "deleted a collection", collection, files=str(count))
    empty(collection)
    collection.delete()
    return count


def make_default(collection: Collection, *, by: Actor, algorithm_id: UUID) -> DefaultCollection:
    """Let an algorithm reach the collection as `.algo/default`, with the rights it has anyway."""
    by.require(may_read, collection)
    chosen, _is_new = DefaultCollection.objects.update_or_create(
        algorithm_id=algorithm_id, defaults={"collection": collection}
    )
    return chosen


def empty(collection: Collection) -> None:
    """Remove all files of a collection in few statements, however many there are."""
    files = DataFile.objects.filter(collection=collection)
    storage.let_go(files.values_list("blob_id", flat=True))
    files.delete()
