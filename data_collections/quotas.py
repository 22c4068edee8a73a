"""How much an owner may keep, and how large one file may be. Counted from the files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from data_collections.models import Collection, DataFile, Upload
from data_collections.permissions import may_see_usage_of
from marketplace.accounts import limits
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import TooLarge


class OverQuota(TooLarge):
    """The owner's quota would be exceeded; sending it again cannot help."""

    code = "over_quota"


@dataclass(frozen=True)
class Usage:
    """Bytes of an owner's files, each file counted in full, and how many there may be.

    `arriving` are those that files on their way may become; they count too.
    """

    used: int
    limit: int
    arriving: int = 0

    @property
    def free(self) -> int:
        return max(self.limit - self.used - self.arriving, 0)

    @property
    def percent(self) -> int:
        return min(100, -(-100 * self.used // self.limit)) if self.limit else 100


def usage(owner: Owner, *, by: Actor) -> Usage:
    """How much of the quota is in use."""
    by.require(may_see_usage_of, owner)
    limit = limits.storage_bytes(owner.pk)
    return Usage(used_by(owner.pk), limit, arriving_for(owner.pk))


def used_by(owner_id: UUID) -> int:
    files = DataFile.objects.filter(collection__owner_id=owner_id)
    return files.aggregate(total=Sum("size"))["total"] or 0


def arriving_for(owner_id: UUID, *, but: UUID | None = None) -> int:
    """What is set aside for the owner's files on their way, all but one of them."""
    uploads = Upload.objects.filter(collection__owner_id=owner_id)
    if but is not None:
        uploads = uploads.exclude(pk=but)
    return uploads.aggregate(total=Sum("reserved"))["total"] or 0


def check_file_size(size: int) -> None:
    """Raise TooLarge if no file may have this size, whoever owns it."""
    if size > settings.MAX_FILE_BYTES:
        raise TooLarge(
            _("A file may have %(most)s at most; this one is larger. Nothing was stored.")
            % {"most": _words(settings.MAX_FILE_BYTES)}
        )


def room_for(collection: Collection, name: str, *, but: UUID | None = None) -> int:
    """How many bytes a file of this name may have: what it replaces does not count.

    `but` is the upload that asks.
    """
    files = DataFile.objects.filter(collection=collection, name=name)
    replaced: int = files.values_list("size", flat=True).first() or 0
    limit = limits.storage_bytes(collection.owner_id)
    owner_id = collection.owner_id
    return limit - used_by(owner_id) - arriving_for(owner_id, but=but) + replaced


def check_room(size: int, room: int, collection: Collection) -> None:
    """Raise OverQuota if a file of this size does not fit into the room."""
    if size > room:
        limit = limits.storage_bytes(collection.owner_id)
        used = _words(used_by(collection.owner_id))
        arriving = arriving_for(collection.owner_id)
        more = f" and {_words(arriving)} are on their way" if arriving else ""
        raise OverQuota(
            _(
                "%(owner)s uses %(used)s of the %(limit)s that its quota allows%(more)s, and this "
                "file does not fit into the rest. Nothing was stored; delete files to make room."
            )
            % {"owner": collection.owner, "used": used, "limit": _words(limit), "more": more}
        )


def _words(size: int) -> str:
    return filesizeformat(size).replace("\xa0", " ")
