"""Algorithmia's connectors: stores elsewhere, made by their owners, read and written as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from data_collections import responses
from data_collections.collecting import NotEmpty
from data_collections.connectors import connecting, credentials, using
from data_collections.connectors.connecting import Given
from data_collections.connectors.stores import Folder
from data_collections.connectors.using import Found, Place
from data_collections.models import Connector
from data_collections.permissions import may_manage_connectors
from marketplace.api.errors import INVALID_REQUEST
from marketplace.api.rest import ActorAPIView, APIRequest, body_bytes, json_object
from marketplace.compat.data_requests import KeyedView, not_empty, promise_of, says_yes
from marketplace.compat.finding import owner_at
from marketplace.lib import timestamps
from marketplace.lib.errors import BadInput, NotFound

_FOLDER: Final = {"X-Data-Type": "directory"}


class ConnectorsView(ActorAPIView):
    def get(self, request: APIRequest, username: str) -> Response:
        found = connecting.listed(owner_at(username), by=request.actor)
        return Response({"results": [_shown(connector) for connector in found]})

    def post(self, request: APIRequest, username: str) -> Response:
        owner = owner_at(username)
        request.actor.require(may_manage_connectors, owner)
        body = json_object(request, required=["protocol", "cred_data"])
        _check_kind(body)
        made = connecting.connect(owner, body["protocol"], _given(body), by=request.actor)
        return Response(_shown(made))


class ConnectorView(ActorAPIView):
    def get(self, request: APIRequest, username: str, connector_id: UUID) -> Response:
        return Response(_shown(_managed(request, username, connector_id)))

    def put(self, request: APIRequest, username: str, connector_id: UUID) -> Response:
        """Change what the body names; without `cred_data` the credentials stay."""
        connector = _managed(request, username, connector_id)
        body = json_object(request)
        if body.get("protocol", connector.protocol) != connector.protocol:
            raise BadInput("The protocol of a connector stays.", wire_code=INVALID_REQUEST)
        return Response(_shown(connecting.change(connector, _given(body), by=request.actor)))

    def delete(self, request: APIRequest, username: str, connector_id: UUID) -> Response:
        connecting.disconnect(_managed(request, username, connector_id), by=request.actor)
        return Response(status=204)


class ConnectedDataView(KeyedView):
    """Files and folders elsewhere: which of both a path leads to, the store says."""

    def get(self, request: APIRequest, connector: str, path: str = "") -> HttpResponseBase:
        place = Place.at(connector, path or "", by=request.actor)
        found = using.look(place)
        if found is not None:
            return _file(request, found)
        folder = using.listing(place, marker=request.query_params.get("marker", ""))
        return Response(_folder(folder), headers=_FOLDER)

    def head(self, request: APIRequest, connector: str, path: str = "") -> HttpResponseBase:
        found = using.look(Place.at(connector, path or "", by=request.actor))
        return _file(request, found) if found is not None else Response(headers=_FOLDER)

    def put(self, request: APIRequest, connector: str, path: str = "") -> HttpResponseBase:
        place = Place.at(connector, path or "", by=request.actor)
        using.put(place, request._request, promise=promise_of(request))  # noqa: SLF001
        return Response({"result": str(place)})

    def post(self, request: APIRequest, connector: str, path: str = "") -> HttpResponseBase:
        place = Place.at(connector, path or "", by=request.actor)
        return Response({"result": str(using.make_folder(place, _new_name(request)))})

    def patch(self, request: APIRequest, connector: str, path: str = "") -> HttpResponseBase:
        place = Place.at(connector, path or "", by=request.actor)
        raise BadInput(f"{place} has no access of its own; who reads it is set where it is kept.")

    def delete(self, request: APIRequest, connector: str, path: str = "") -> HttpResponseBase:
        place = Place.at(connector, path or "", by=request.actor)
        try:
            count = using.delete(place, with_files=says_yes(request, "force"))
        except NotEmpty as error:
            return not_empty(error)
        return Response({"result": {"deleted": count}})


def _file(request: APIRequest, found: Found) -> HttpResponseBase:
    file = found.file
    served = responses.Served(
        name=file.name,
        size=file.size,
        modified_at=file.modified_at,
        tag=file.tag,
        content_type=file.content_type,
        open=lambda start, end: found.store.read(file, start, end),
    )
    return responses.serve(request._request, served)  # noqa: SLF001


def _folder(found: Folder) -> dict[str, object]:
    body: dict[str, object] = {}
    if found.folders:
        body["folders"] = [{"name": name} for name in found.folders]
    if found.files:
        body["files"] = [
            {
                "filename": file.name,
                "last_modified": timestamps.to_wire(file.modified_at),
                "size": file.size,
            }
            for file in found.files
        ]
    if found.marker:
        body["marker"] = found.marker
    return body


def _new_name(request: APIRequest) -> str:
    """Read `{"name":…}`; one client sends the bare name instead."""
    body = body_bytes(request, limit=100_000)
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = body.decode(errors="replace").strip()
    name = str(given.get("name", "") if isinstance(given, dict) else given)
    if not name or "/" in name:
        raise BadInput("A folder needs a name without slashes.", wire_code=INVALID_REQUEST)
    return name


def _managed(request: APIRequest, username: str, connector_id: UUID) -> Connector:
    connector = connecting.managed(connector_id, by=request.actor)
    if connector.owner != owner_at(username):
        raise NotFound(f"There is no connector {connector_id} here.")
    return connector


def _check_kind(body: Mapping[str, Any]) -> None:
    """`cred_type` follows from the protocol; a body that says another is a mistake."""
    protocol, kind = body["protocol"], body.get("cred_type")
    known = {str(name): str(word) for name, word in credentials.KINDS.items()}
    expected = known.get(str(protocol))
    if kind is not None and expected is not None and kind != expected:
        raise BadInput(f"The cred_type of {protocol} is {expected}.", wire_code=INVALID_REQUEST)


def _given(body: Mapping[str, Any]) -> Given:
    return Given(
        label=body.get("label"),
        is_default=body.get("is_default"),
        endpoint=body.get("endpoint"),
        region=body.get("region"),
        credentials=body.get("cred_data"),
        path=body.get("path"),
        is_writable=body.get("writeable"),
        used_by=body.get("algorithms"),
    )


def _shown(connector: Connector) -> dict[str, object]:
    """A connector without its credentials, which nobody is ever shown."""
    return {
        "connector_id": connector.reference,
        "id": connector.pk,
        "username": connector.owner.name,
        "label": connector.label,
        "protocol": connector.protocol,
        "is_default": connector.is_default,
        "endpoint": connector.endpoint,
        "region": connector.region,
        "path": connector.path,
        "writeable": connector.is_writable,
        "algorithms": connector.used_by,
        "permissions": ["read", "write"] if connector.is_writable else ["read"],
        "created_at": connector.created_at,
    }
