"""What every REST view stands on: who asks becomes `request.actor`, what fails becomes one body.

A view subclasses ActorAPIView and defines `get`, `post` and so on with an APIRequest. It takes
any content type and ignores Accept, because the predecessor's clients send what they like;
JSON is decoded by `json_body` and `json_object`, raw bytes are read with `request.read()`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Final
from uuid import UUID

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import URLPattern, path
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.accounts.actors import Actor
from marketplace.accounts.middleware import actor_of_session
from marketplace.api import errors
from marketplace.api.authentication import actor_from, check_origin, note_use
from marketplace.lib import timestamps
from marketplace.lib.errors import BadInput, NotAllowed, TooLarge

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class AnyContent(BaseParser):
    """Leaves the body alone, whatever it is: the view reads it."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, object]:
        del stream, media_type, parser_context
        return {}


class CompactJSON(BaseRenderer):
    """JSON without a space too many: one of the clients compares raw text."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        del accepted_media_type, renderer_context
        return b"" if data is None else to_json(data)


class IgnoreAccept(BaseContentNegotiation):
    """One answer for all: clients send stale Accept headers and still expect JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        del request
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        del request, format_suffix
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or "application/json"


class APIRequest(Request):
    """A request as REST views see it."""

    actor: Actor


class ActorAPIView(APIView):
    """Answers an actor: a key's, a running algorithm's, a signed-in person's, or nobody's."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (AnyContent,)
    renderer_classes = (CompactJSON,)
    content_negotiation_class = IgnoreAccept

    def perform_authentication(self, request: Request) -> None:
        actor = actor_of(request._request)  # noqa: SLF001 - DRF's only way to the real one
        request.actor = actor  # type: ignore[attr-defined]
        request._request.actor = actor  # type: ignore[attr-defined]  # noqa: SLF001

    def handle_exception(self, exc: Exception) -> Response:
        refusal = errors.understood(exc)
        if refusal is not None:
            return _answer(errors.body_of(refusal), refusal.status, errors.headers_of(refusal))
        if isinstance(exc, APIException):
            return self._answer_to_framework(exc)
        return _answer(errors.report(exc, where=self.request.path), 500, {})

    def _answer_to_framework(self, exc: APIException) -> Response:
        message = _sentence(exc.detail)
        headers = {}
        if exc.status_code == 405:
            headers["Allow"] = ", ".join(self.allowed_methods)
            message = f"This address does not know {self.request.method}."
        headers["X-Error-Message"] = errors.as_header(message)
        code = errors.INVALID_REQUEST
        return _answer({"error": {"code": code, "message": message}}, exc.status_code, headers)


def actor_of(request: HttpRequest) -> Actor:
    """Give who sends the request: by its Authorization header, else by its session.

    A session's unsafe request must carry the CSRF token in the X-CSRFToken header.
    """
    authorization = request.headers.get("Authorization", "").strip()
    if authorization:
        actor = actor_from(authorization)
        check_origin(
            actor,
            origin=request.headers.get("Origin", ""),
            referer=request.headers.get("Referer", ""),
        )
        note_use(actor, request.META.get("REMOTE_ADDR", ""))
        return actor
    actor = actor_of_session(request)
    if not actor.is_anonymous and request.method not in _SAFE:
        _require_csrf_token(request)
    return actor


def json_body(request: HttpRequest | Request, *, limit: int | None = None) -> Any:  # noqa: ANN401 - that is what JSON is
    """Decode the body as JSON whatever its content type says; raise BadInput 2013 if it is none."""
    body = body_bytes(request, limit=limit)
    if not body.strip():
        raise BadInput(
            "The request body is empty; JSON is expected.", wire_code=errors.INVALID_JSON
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(
            f"The request body is not valid JSON: {error}.", wire_code=errors.INVALID_JSON
        ) from None


def json_object(
    request: HttpRequest | Request, *, required: Sequence[str] = (), may_be_empty: bool = False
) -> dict[str, Any]:
    """Decode the body as a JSON object that has these members; raise BadInput 2015 if it has not."""
    if may_be_empty and not body_bytes(request).strip():
        return {}
    value = json_body(request)
    if not isinstance(value, dict):
        raise BadInput("The request body must be a JSON object.", wire_code=errors.INVALID_REQUEST)
    missing = [name for name in required if value.get(name) in (None, "")]
    if missing:
        raise BadInput(
            f"The request body lacks: {', '.join(missing)}.", wire_code=errors.INVALID_REQUEST
        )
    return value


def body_bytes(request: HttpRequest | Request, *, limit: int | None = None) -> bytes:
    """Read a small body whole, once; raise TooLarge rather than fill the memory."""
    django_request = request._request if isinstance(request, Request) else request  # noqa: SLF001
    if not hasattr(django_request, "_body"):
        most = limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = django_request.read(most + 1)
        if len(body) > most:
            raise TooLarge(f"The request body may have {most} bytes at most here.")
        django_request._body = body  # noqa: SLF001
    return django_request.body


def either(
    route: str, view: Callable[..., HttpResponseBase], *, name: str = ""
) -> list[URLPattern]:
    """Routes for an address with and without its last slash; a redirect would lose the body."""
    bare = route.rstrip("/")
    return [path(bare, view, name=name or None), path(f"{bare}/", view)]


def to_json(data: object) -> bytes:
    """Compact JSON with times as the predecessor's clients read them."""
    return orjson.dumps(data, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timestamps.to_wire(value)
    if isinstance(value, (UUID, str)):
        return str(value)
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _sentence(detail: object) -> str:
    """Put a serializer's complaints in one line, each after the name of its field."""
    if isinstance(detail, dict):
        return " ".join(f"{name}: {_sentence(what)}" for name, what in detail.items())
    if isinstance(detail, list):
        return " ".join(_sentence(what) for what in detail)
    return str(detail)


def _answer(body: object, status: int, headers: Mapping[str, str]) -> Response:
    return Response(body, status=status, headers=dict(headers))


def _require_csrf_token(request: HttpRequest) -> None:
    """Ask Django's own check, but never let it read the body to look for a form field."""
    unread = copy.copy(request)
    unread.method = "PUT"
    check = _CsrfCheck(_no_response)
    check.process_request(unread)
    reason = check.process_view(unread, _no_response, (), {})
    if reason is not None:
        raise NotAllowed(
            f"A browser session must send its X-CSRFToken header to change anything. {reason}"
        )


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, _request: HttpRequest, reason: str) -> str:
        return reason


def _no_response(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()
