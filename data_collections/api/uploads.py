"""Uploads in pieces, as programs and the pages send them; the protocol is in docs/users/data.md."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from rest_framework.response import Response

from data_collections import resuming, uris
from data_collections.locating import collection_at
from data_collections.models import Upload
from marketplace.api.rest import ActorAPIView, APIRequest, body_bytes, json_object
from marketplace.lib.errors import BadInput, Conflict


class UploadsView(ActorAPIView):
    def get(self, request: APIRequest) -> Response:
        """What the asker can go on with in one collection: `?collection=data://owner/name`."""
        path = uris.parse(request.query_params.get("collection", ""))
        rows = resuming.unfinished(collection_at(path, request.actor), by=request.actor)
        return Response({"results": [_shown(row) for row in rows]})

    def post(self, request: APIRequest) -> Response:
        given = json_object(request, required=["path"])
        size = given.get("size")
        if not isinstance(size, int) or isinstance(size, bool):
            raise BadInput("Say how many bytes the file has: size.")
        made = resuming.begin(
            uris.parse(str(given["path"])),
            by=request.actor,
            size=size,
            sha256=str(given.get("sha256") or "").lower(),
            content_type=str(given.get("content_type") or ""),
            fingerprint=str(given.get("fingerprint") or ""),
        )
        return Response(_shown(made), status=201)


class UploadView(ActorAPIView):
    def get(self, request: APIRequest, upload_id: UUID) -> Response:
        return Response(_shown(resuming.resume_check(upload_id, by=request.actor)))

    def patch(self, request: APIRequest, upload_id: UUID) -> Response:
        """Take the piece that begins at Upload-Offset; 409 tells which byte is missing next."""
        piece = body_bytes(request, limit=resuming.PIECE_BYTES)
        offset = request.headers.get("Upload-Offset", "")
        if not (offset.isascii() and offset.isdigit() and len(offset) < 19):
            raise BadInput("Say where the piece begins: Upload-Offset.")
        try:
            upload = resuming.append(
                upload_id,
                piece,
                by=request.actor,
                offset=int(offset),
                sha256=_checksum(request.headers.get("Upload-Checksum", "")),
            )
        except Conflict as refusal:
            known = resuming.find(upload_id, by=request.actor)
            body = _shown(known) | {"error": {"code": "conflict", "message": refusal.message}}
            return Response(body, status=409, headers={"Upload-Offset": str(known.offset)})
        return Response(_shown(upload), headers={"Upload-Offset": str(upload.offset)})

    def delete(self, request: APIRequest, upload_id: UUID) -> HttpResponse:
        resuming.discard(upload_id, by=request.actor)
        return HttpResponse(status=204)


def _checksum(header: str) -> str:
    algorithm, _, value = header.strip().partition(" ")
    if header and algorithm.lower() != "sha256":
        raise BadInput("An Upload-Checksum is `sha256 ` and 64 hexadecimal digits.")
    return value.strip()


def _shown(upload: Upload) -> dict[str, object]:
    return {
        "id": upload.pk,
        "path": f"{upload.collection}/{upload.name}",
        "size": upload.size,
        "offset": upload.offset,
        "state": upload.state,
        "error": upload.error,
        "fingerprint": upload.fingerprint,
        "piece_bytes": resuming.PIECE_BYTES,
    }
