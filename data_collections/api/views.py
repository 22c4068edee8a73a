"""The native REST API of collections; the bytes themselves go through the Data API."""

from __future__ import annotations

from typing import Final

from django.db.models import Count, QuerySet, Sum
from django.http import HttpResponse
from rest_framework.response import Response

from data_collections import collecting
from data_collections.locating import collection_at, owner_of
from data_collections.models import Collection, DataFile
from data_collections.permissions import may_list_data_of, may_read
from data_collections.uris import DataPath, Place
from marketplace.api import paging
from marketplace.api.rest import ActorAPIView, APIRequest, json_object
from marketplace.lib.errors import BadInput

_ACCESS: Final = Collection.ReadAccess


class CollectionsView(ActorAPIView):
    """Collections of an owner, or of everybody the asker acts for."""

    def get(self, request: APIRequest) -> Response:
        rows = _counted(Collection.objects.readable_by(request.actor))
        name = request.query_params.get("owner", "")
        owner = owner_of(DataPath(Place.OWNER, name), request.actor)
        request.actor.require(may_list_data_of, owner)
        wanted = [owner.pk] if name else request.actor.owner_ids
        rows = rows.filter(owner__in=wanted)
        order = ("owner__name", "name")
        return Response(paging.answer(request._request, rows, _shown, order=order))  # noqa: SLF001

    def post(self, request: APIRequest) -> Response:
        given = json_object(request, required=["name"])
        owner = owner_of(DataPath(Place.OWNER, str(given.get("owner") or "")), request.actor)
        made = collecting.create(
            owner,
            by=request.actor,
            name=str(given["name"]),
            read_access=_access(given.get("read_access", _ACCESS.MY_ALGORITHMS)),
        )
        return Response(_shown(_counted(Collection.objects.all()).get(pk=made.pk)), status=201)


class CollectionView(ActorAPIView):
    def get(self, request: APIRequest, owner: str, name: str) -> Response:
        found = _found(request, owner, name)
        request.actor.require(may_read, found)
        return Response(_shown(found))

    def patch(self, request: APIRequest, owner: str, name: str) -> Response:
        found = _found(request, owner, name)
        access = _access(json_object(request, required=["read_access"])["read_access"])
        collecting.change_access(found, by=request.actor, read_access=access)
        return Response(_shown(found))

    def delete(self, request: APIRequest, owner: str, name: str) -> HttpResponse:
        found = _found(request, owner, name)
        with_files = request.query_params.get("force", "").lower() in ("true", "1")
        collecting.delete(found, by=request.actor, with_files=with_files)
        return HttpResponse(status=204)


class FilesView(ActorAPIView):
    def get(self, request: APIRequest, owner: str, name: str) -> Response:
        found = _found(request, owner, name)
        request.actor.require(may_read, found)
        rows = DataFile.objects.filter(collection=found).select_related("blob")
        return Response(
            paging.answer(request._request, rows, lambda file: _file(file, found), order=("name",))  # noqa: SLF001
        )


def _found(request: APIRequest, owner: str, name: str) -> Collection:
    known = collection_at(DataPath(Place.COLLECTION, owner, name), request.actor)
    return _counted(Collection.objects.all()).get(pk=known.pk)


def _counted(rows: QuerySet[Collection]) -> QuerySet[Collection]:
    counted = rows.annotate(file_count=Count("files"), size=Sum("files__size"))
    return counted.select_related("owner")


def _access(value: object) -> Collection.ReadAccess:
    if value not in _ACCESS.values:
        raise BadInput(f"read_access is one of: {', '.join(_ACCESS.values)}.")
    return _ACCESS(value)


def _shown(collection: Collection) -> dict[str, object]:
    return {
        "id": collection.pk,
        "owner": collection.owner.name,
        "name": collection.name,
        "uri": str(collection),
        "read_access": collection.read_access,
        "file_count": collection.file_count,  # type: ignore[attr-defined]
        "size_bytes": collection.size or 0,  # type: ignore[attr-defined]
        "created_at": collection.created_at,
    }


def _file(file: DataFile, collection: Collection) -> dict[str, object]:
    return {
        "name": file.name,
        "uri": f"{collection}/{file.name}",
        "size_bytes": file.blob.size,
        "content_type": file.content_type,
        "sha256": file.blob.sha256,
        "md5": file.blob.md5,
        "modified_at": file.modified_at,
    }
