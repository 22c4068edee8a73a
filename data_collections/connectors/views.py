"""The pages of connectors: what is connected, how far it may be used, whether it works."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from data_collections.connectors import connecting, using
from data_collections.connectors.forms import ConnectorForm, NewConnectorForm
from data_collections.models import Connector
from data_collections.permissions import may_manage_connectors
from marketplace.accounts.forms import carried_out
from marketplace.accounts.middleware import ActorRequest
from marketplace.accounts.models import Owner
from marketplace.accounts.pages import for_people, sent
from marketplace.lib.errors import MarketplaceError, NotFound


@for_people
@require_safe
def connectors(request: ActorRequest) -> HttpResponse:
    """What is connected to me and to what I answer for."""
    mine = Owner.objects.filter(pk__in=request.actor.administers).order_by("name")
    owners = [owner for owner in mine if may_manage_connectors(request.actor, owner)]
    found = [row for owner in owners for row in connecting.listed(owner, by=request.actor)]
    context = {"connectors": found, "protocols": Connector.Protocol}
    return render(request, "collections/connectors.html", context)


@for_people
@require_http_methods(["GET", "POST"])
def connect(request: ActorRequest, protocol: str) -> HttpResponse:
    if protocol not in Connector.Protocol.values:
        raise NotFound(_("There is no such kind of store here."))
    kind = Connector.Protocol(protocol)
    form = NewConnectorForm(sent(request), protocol=kind, actor=request.actor)
    if form.is_valid():
        owner = form.cleaned_data["owner"]
        made = carried_out(
            form, lambda: connecting.connect(owner, protocol, form.given(), by=request.actor)
        )
        if made is not None:
            _try(request, made)
            return redirect("collections:connector", made.pk)
    context = {"form": form, "protocol": kind, "connector": None}
    status = 400 if form.errors else 200
    return render(request, "collections/connector.html", context, status=status)


@for_people
@require_http_methods(["GET", "POST"])
def connector(request: ActorRequest, connector_id: UUID) -> HttpResponse:
    kept = connecting.managed(connector_id, by=request.actor)
    kind = Connector.Protocol(kept.protocol)
    form = ConnectorForm(sent(request), protocol=kind, kept=kept)
    if form.is_valid():
        changed = carried_out(form, lambda: connecting.change(kept, form.given(), by=request.actor))
        if changed is not None:
            messages.success(request, _("%(connector)s is as you say.") % {"connector": changed})
            return redirect("collections:connector", kept.pk)
    context = {"form": form, "protocol": kind, "connector": kept}
    status = 400 if form.errors else 200
    return render(request, "collections/connector.html", context, status=status)


@for_people
@require_POST
def try_connector(request: ActorRequest, connector_id: UUID) -> HttpResponse:
    _try(request, connecting.managed(connector_id, by=request.actor))
    return redirect("collections:connector", connector_id)


@for_people
@require_POST
def disconnect(request: ActorRequest, connector_id: UUID) -> HttpResponse:
    kept = connecting.managed(connector_id, by=request.actor)
    connecting.disconnect(kept, by=request.actor)
    messages.success(
        request, _("%(connector)s is cut off; what lies there stays.") % {"connector": kept}
    )
    return redirect("collections:connectors")


def _try(request: ActorRequest, kept: Connector) -> None:
    """List where the connector's path begins, and say what came of it."""
    try:
        count = using.probe(kept, by=request.actor)
    except MarketplaceError as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request,
            ngettext(
                "%(connector)s answers: %(count)s entry is there.",
                "%(connector)s answers: %(count)s entries are there.",
                count,
            )
            % {"connector": kept, "count": count},
        )
