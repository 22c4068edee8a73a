"""Algorithmia's Data API: `/v1/data/…`, `/v1/connector/…` and `/v1/hostedData`."""

from __future__ import annotations

from typing import Final

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from data_collections import collecting, files, responses, uris
from data_collections.collecting import NotEmpty
from data_collections.listing import Listing, list_folder
from data_collections.locating import collection_at, owner_of
from data_collections.models import Collection
from data_collections.uris import DataPath, Place
from marketplace.api import errors
from marketplace.api.rest import APIRequest, body_bytes, json_object
from marketplace.compat.data_requests import KeyedView, not_empty, promise_of, says_yes
from marketplace.lib import timestamps
from marketplace.lib.errors import BadInput

_ACCESS = Collection.ReadAccess
_ACLS: Final = {
    _ACCESS.PUBLIC: ["user://*"],
    _ACCESS.MY_ALGORITHMS: ["algo://.my/*"],
    _ACCESS.PRIVATE: [],
    _ACCESS.SEALED: [],  # as private: the predecessor has no word for it
}


class DataView(KeyedView):
    """One address for files and folders: what it means follows from the path's form."""

    def get(self, request: APIRequest, path: str = "", connector: str = "") -> HttpResponseBase:
        there = _path(path, connector)
        if there.is_file:
            return responses.answer(request._request, files.find(there, by=request.actor))  # noqa: SLF001
        marker = request.query_params.get("marker", "")
        listing = list_folder(there, by=request.actor, marker=marker)
        with_acl = says_yes(request, "acl")
        return Response(_folder(listing, with_acl=with_acl), headers={"X-Data-Type": "directory"})

    def head(self, request: APIRequest, path: str = "", connector: str = "") -> HttpResponseBase:
        there = _path(path, connector)
        if there.is_file:
            return responses.answer(request._request, files.find(there, by=request.actor))  # noqa: SLF001
        list_folder(there, by=request.actor)
        return Response(headers={"X-Data-Type": "directory"})

    def put(self, request: APIRequest, path: str = "", connector: str = "") -> HttpResponseBase:
        there = _path(path, connector)
        stored = files.put(there, request._request, by=request.actor, promise=promise_of(request))  # noqa: SLF001
        return Response({"result": str(stored)})

    def post(self, request: APIRequest, path: str = "", connector: str = "") -> HttpResponseBase:
        there = _path(path, connector)
        if there.place != Place.OWNER:
            raise BadInput(
                f"No folder can be made in {there}: collections are made in data://owner or "
                "data://.my, and have no folders inside."
            )
        name, read_access = _new_folder(request)
        owner = owner_of(there, request.actor)
        made = collecting.create(owner, by=request.actor, name=name, read_access=read_access)
        return Response({"result": str(made)})

    def patch(self, request: APIRequest, path: str = "", connector: str = "") -> HttpResponseBase:
        there = _path(path, connector)
        if there.place != Place.COLLECTION or there.is_file:
            raise BadInput(f"{there} has no access of its own; a collection has.")
        acl = json_object(request).get("acl")
        collection = collection_at(there, request.actor)
        collecting.change_access(collection, by=request.actor, read_access=_read_access(acl))
        return HttpResponse()

    def delete(self, request: APIRequest, path: str = "", connector: str = "") -> HttpResponseBase:
        there = _path(path, connector)
        if there.is_file:
            files.delete(there, by=request.actor)
            return Response({"result": {"deleted": 1}})
        force = says_yes(request, "force")
        collection = collection_at(there, request.actor)
        try:
            count = collecting.delete(collection, by=request.actor, with_files=force)
        except NotEmpty as error:
            return not_empty(error)
        # One client expects 1 for an empty folder that is forced, the documentation 0 otherwise.
        return Response({"result": {"deleted": max(count, 1) if force else 0}})


class HostedDataView(KeyedView):
    """The list that older documentation describes."""

    def get(self, request: APIRequest) -> Response:
        own = DataPath(Place.OWNER)
        owner = owner_of(own, request.actor)
        list_folder(own, by=request.actor)
        rows = Collection.objects.readable_by(request.actor).filter(owner=owner).order_by("name")
        return Response({"result": [_hosted(row, owner.name) for row in rows]})


def _path(path: str, connector: str) -> DataPath:
    return uris.parse_connector(connector, path) if connector else uris.parse(path)


def _folder(listing: Listing, *, with_acl: bool) -> dict[str, object]:
    """The wire's folder: keys only for what there is."""
    body: dict[str, object] = {}
    if listing.folders:
        body["folders"] = [{"name": name} for name in listing.folders]
    if listing.files:
        body["files"] = [
            {
                "filename": file.name,
                "last_modified": timestamps.to_wire(file.modified_at),
                "size": file.blob.size,
            }
            for file in listing.files
        ]
    if listing.marker:
        body["marker"] = listing.marker
    if with_acl and listing.collection is not None and listing.collection.is_hosted:
        access = _ACCESS(listing.collection.read_access)
        body["acl"] = {"read": _ACLS[access]}
    return body


def _new_folder(request: APIRequest) -> tuple[str, Collection.ReadAccess]:
    """Read `{"name":…,"acl":…}`; one client sends the bare name instead."""
    body = body_bytes(request, limit=100_000)
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = body.decode(errors="replace").strip()
    if isinstance(given, dict):
        acl = given.get("acl")
        access = collecting.MY_ALGORITHMS if acl is None else _read_access(acl)
        return str(given.get("name", "")), access
    return str(given), collecting.MY_ALGORITHMS


def _read_access(acl: object) -> Collection.ReadAccess:
    read = acl.get("read") if isinstance(acl, dict) else None
    for access, strings in _ACLS.items():
        if read == strings:
            return access
    raise BadInput(
        'The acl must be {"read":["user://*"]} for public, {"read":["algo://.my/*"]} for my '
        'algorithms or {"read":[]} for private.',
        wire_code=errors.INVALID_REQUEST,
    )


def _hosted(collection: Collection, username: str) -> dict[str, object]:
    access = collection.read_access
    return {
        "id": collection.pk,
        "object_id": collection.pk,
        "collection_name": collection.name,
        "username": username,
        "acl": {
            "read_w": access == _ACCESS.PUBLIC,
            "read_g": False,
            "read_u": True,
            "read_a": access not in (_ACCESS.PRIVATE, _ACCESS.SEALED),
        },
        "location": f"data://{username}/{collection.name}",
    }
