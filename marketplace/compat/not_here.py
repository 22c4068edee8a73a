"""What the predecessor had and this site has not: a refusal that says so, with its number.

A program that looks for one of these learns why it gets nothing, and what there is instead.
"""

from __future__ import annotations

from rest_framework.response import Response

from marketplace.api.rest import ActorAPIView, APIRequest
from marketplace.lib.errors import BadInput, NotSignedIn

NOT_IMPLEMENTED = 5005


class NotHereView(ActorAPIView):
    """Refuses whatever is asked."""

    sentence = ""
    code = NOT_IMPLEMENTED

    def get(self, request: APIRequest, **_: object) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key in the Authorization header.")
        raise BadInput(self.sentence, wire_code=self.code)

    def post(self, request: APIRequest, **_: object) -> Response:
        return self.get(request)


class EmptyListView(NotHereView):
    """A list in which there is never anything, and to which nothing can be added."""

    def get(self, request: APIRequest, **_: object) -> Response:
        if request.actor.is_anonymous:
            raise NotSignedIn("Send an API key in the Authorization header.")
        return Response([])

    def post(self, request: APIRequest, **_: object) -> Response:
        return NotHereView.get(self, request)
