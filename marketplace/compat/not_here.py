"""What the predecessor had and this site has not: a refusal that says so, with its number.

A program that looks for one of these learns why it gets nothing, and what there is instead.
"""

from __future__ import annotations

from typing import Final

from rest_framework.response import Response

from marketplace.api.describing import Operation, list_of, object_of
from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.lib.errors import BadInput, NotSignedIn

NOT_IMPLEMENTED = 5005


_REFUSED: Final = Operation("Not here", {}, words="Refused with a sentence and code 5005.")


class NotHereView(ActorAPIView):
    """Refuses whatever is asked."""

    sentence = ""
    code = NOT_IMPLEMENTED
    described = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _REFUSED)

    def get(self, request: APIRequest, **_: object) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key in the Authorization header.")
        raise BadInput(self.sentence, wire_code=self.code)

    def post(self, request: APIRequest, **_: object) -> Response:
        return NotHereView.get(self, request)

    def put(self, request: APIRequest, **_: object) -> Response:
        return NotHereView.get(self, request)

    def patch(self, request: APIRequest, **_: object) -> Response:
        return NotHereView.get(self, request)

    def delete(self, request: APIRequest, **_: object) -> Response:
        return NotHereView.get(self, request)


class EmptyListView(NotHereView):
    """A list in which there is never anything, and to which nothing can be added."""

    described = NotHereView.described | {
        "GET": Operation("Nothing to list here", list_of(object_of({})))
    }

    def get(self, request: APIRequest, **_: object) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key in the Authorization header.")
        return Response([])
