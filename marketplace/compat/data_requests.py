"""What requests for data say, and who may send them: the same for hosted data and connected stores."""

from __future__ import annotations

import base64
import binascii

from rest_framework.request import Request
from rest_framework.response import Response

from data_collections.collecting import NotEmpty
from data_collections.files import Promise
from marketplace.api import errors
from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.lib.errors import BadInput, NotSignedIn


class KeyedView(ActorAPIView):
    """Nobody uses the wire's data without a key, a session or a running algorithm."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        actor = request.actor  # type: ignore[attr-defined]
        if actor.is_anonymous and actor.running is None:
            raise NotSignedIn("Send an API key in the Authorization header to use the Data API.")


def says_yes(request: APIRequest, parameter: str) -> bool:
    return request.query_params.get(parameter, "").lower() in ("true", "1")


def promise_of(request: APIRequest) -> Promise:
    length = request.headers.get("Content-Length", "")
    sha256 = request.headers.get("X-Content-SHA256", "").lower()
    return Promise(
        length=int(length) if length.isdigit() else None,
        content_type=request.headers.get("Content-Type", ""),
        sha256=sha256 or None,
        md5=_md5(request.headers.get("Content-MD5", "")),
    )


def _md5(header: str) -> str | None:
    if not header:
        return None
    try:
        return base64.b64decode(header, validate=True).hex()
    except (ValueError, binascii.Error):
        raise BadInput("Content-MD5 must be the base64 form of an MD5 hash.") from None


def not_empty(error: NotEmpty) -> Response:
    body = {"code": errors.code_of(error), "message": error.message, "deleted": 0}
    return Response({"error": body}, status=error.status, headers=errors.headers_of(error))
