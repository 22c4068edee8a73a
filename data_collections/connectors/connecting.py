"""Connect a store, change what it may be used for, cut it off; find the one that a path names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from data_collections.connectors import credentials, dialling, paths
from data_collections.connectors.paths import Reference
from data_collections.models import Connector
from data_collections.permissions import may_manage_connectors
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, Conflict, NotFound, TooMany

MOST: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What somebody says of a connector, unchecked; None where they say nothing."""

    label: object = None
    is_default: object = None
    endpoint: object = None
    region: object = None
    credentials: object = field(default=None, repr=False)
    path: object = None
    is_writable: object = None
    used_by: object = None


def listed(owner: Owner, *, by: Actor) -> list[Connector]:
    by.require(may_manage_connectors, owner)
    return list(owner.connectors.order_by("protocol", "label"))


@transaction.atomic
def connect(owner: Owner, protocol: object, given: Given, *, by: Actor) -> Connector:
    """Keep what is needed to reach a store. Its credentials are tried when it is first used."""
    by.require(may_manage_connectors, owner)
    if protocol not in Connector.Protocol.values:
        raise BadInput(
            _("protocol is one of: %(known)s.") % {"known": ", ".join(Connector.Protocol.values)}
        )
    Owner.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if owner.connectors.count() >= MOST:
        raise TooMany(
            _("%(owner)s has %(most)s connectors already.") % {"owner": owner, "most": MOST}
        )
    connector = Connector(owner=owner, protocol=Connector.Protocol(str(protocol)))
    if given.credentials is None:
        raise BadInput(_("cred_data must be a JSON object."))
    _set(connector, given)
    _save(connector)
    audit.record(by, "connected a store", owner, connector=str(connector))
    return connector


@transaction.atomic
def change(connector: Connector, given: Given, *, by: Actor) -> Connector:
    """Change what is given; the rest stays."""
    by.require(may_manage_connectors, connector.owner)
    Owner.objects.select_for_update(no_key=True).get(pk=connector.owner_id)
    _set(connector, given)
    _save(connector)
    has_new = "no" if given.credentials is None else "yes"
    audit.record(
        by, "changed a connector", connector.owner, connector=str(connector), credentials=has_new
    )
    return connector


@transaction.atomic
def disconnect(connector: Connector, *, by: Actor) -> None:
    """Forget the store and its credentials; what lies there stays."""
    by.require(may_manage_connectors, connector.owner)
    audit.record(by, "cut a connector", connector.owner, connector=str(connector))
    connector.delete()


def managed(connector_id: UUID, *, by: Actor) -> Connector:
    """The connector of this id, for whoever may change it; to others there is none."""
    found = Connector.objects.select_related("owner").filter(pk=connector_id).first()
    if found is None or not may_manage_connectors(by, found.owner):
        raise NotFound(_("There is no connector %(id)s here.") % {"id": connector_id})
    return found


def named(reference: Reference, *, by: Actor) -> Connector:
    """The connector that whoever asks means by `s3` or `s3+label`: always one of their own."""
    found = None
    if by.owner_id is not None:
        chosen = Q(label__iexact=reference.label) if reference.label else Q(is_default=True)
        mine = Connector.objects.filter(owner_id=by.owner_id, protocol=reference.protocol)
        found = mine.filter(chosen).select_related("owner").first()
    if found is None:
        raise NotFound(
            _(
                "No connector %(reference)s is configured for your account, so nothing can be "
                "read or written through it. Connect the store on the page Collections. Hosted "
                "data is at data://owner/collection/file."
            )
            % {"reference": reference}
        )
    return found


def _set(connector: Connector, given: Given) -> None:
    protocol = Connector.Protocol(connector.protocol)
    if given.label is not None:
        label = _text(given.label, "label")
        connector.label = paths.parse_reference(f"{protocol.value}+{label}").label if label else ""
    if given.path is not None:
        connector.path = _pattern(given.path)
    if given.used_by is not None:
        if given.used_by not in Connector.UsedBy.values:
            raise BadInput(_("algorithms is one of: any, own, none."))
        connector.used_by = str(given.used_by)
    connector.is_writable = _flag(given.is_writable, "writeable", connector.is_writable)
    connector.is_default = _flag(given.is_default, "is_default", connector.is_default)
    connector.is_default |= not connector.label  # nothing else names it
    if given.endpoint is not None or given.region is not None:
        _place(connector, given)
    if given.credentials is not None:
        kept = credentials.checked(protocol, given.credentials)
        connector.seal(orjson.dumps(kept).decode())


def _place(connector: Connector, given: Given) -> None:
    endpoint = credentials.checked_endpoint(_text(given.endpoint or "", "endpoint"))
    if endpoint and connector.protocol != Connector.Protocol.S3:
        raise BadInput(_("Only what speaks like S3 has an endpoint of its own."))
    moved = connector.endpoint != endpoint and not connector._state.adding  # noqa: SLF001 - Django's word
    if moved and given.credentials is None:
        raise BadInput(
            _("Enter the credentials again with the new endpoint: the old ones were for another.")
        )
    if endpoint:
        dialling.check(endpoint)
    connector.endpoint = endpoint
    connector.region = credentials.checked_region(_text(given.region or "", "region"))


def _save(connector: Connector) -> None:
    same = Connector.objects.filter(owner=connector.owner, protocol=connector.protocol)
    others = same.exclude(pk=connector.pk)
    if others.filter(label__iexact=connector.label).exists():
        raise Conflict(
            _(
                "There is a connector %(connector)s already; change that one or choose another label."
            )
            % {"connector": connector}
        )
    if connector.is_default:
        others.filter(is_default=True).exclude(label="").update(is_default=False)
        if others.filter(is_default=True).exists():
            raise Conflict(
                _("The connector without a label is the default one; give it a label first.")
            )
    connector.save()


def _pattern(value: object) -> str:
    text = _text(value, "path").strip("/")
    if not text or len(text) > 500 or ".." in text.split("/"):
        raise BadInput(_("The path is a pattern such as bucket/folder/*, or * for everything."))
    return text


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or len(value) > 1000 or not value.isprintable():
        raise BadInput(_("%(what)s must be text.") % {"what": what})
    return value.strip()


def _flag(value: object, what: str, otherwise: bool) -> bool:
    if value is None:
        return otherwise
    if not isinstance(value, bool):
        raise BadInput(_("%(what)s is true or false.") % {"what": what})
    return value
