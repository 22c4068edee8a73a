"""The one error body, for everything that answers HTTP.

Algorithmia's clients want `{"error":{"code":INT,"message":STR}}` with its own numbers; the
native API answers the same. An unknown algorithm is the exception they compare as text.
Knows nothing of DRF, so that the raw ASGI entrance can use it too.
"""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, UnreadablePostError

from marketplace.lib.errors import (
    BadInput,
    MarketplaceError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooMany,
    Unavailable,
)

log = logging.getLogger(__name__)

NO_SUCH_ALGORITHM: Final = 1000
NOT_AUTHORIZED: Final = 2001
UNKNOWN_KEY: Final = 2002
INVALID_JSON: Final = 2013
INVALID_REQUEST: Final = 2015
INTERNAL: Final = 5001
BAD_MARKER: Final = 5002
BAD_LIMIT: Final = 5003
NO_SUCH_ENTRY: Final = 5004

_USUAL_CODES: Final[dict[type[MarketplaceError], int]] = {
    NotSignedIn: UNKNOWN_KEY,
    NotAllowed: NOT_AUTHORIZED,
    NotFound: NO_SUCH_ENTRY,
    Unavailable: INTERNAL,
}
_TYPOGRAPHY: Final = str.maketrans({"“": '"', "”": '"', "’": "'", "…": "...", "–": "-", "—": "-"})
_LONGEST_HEADER: Final = 500


def no_such_algorithm() -> NotFound:
    """What clients that look for an algorithm must be told, word for word."""
    return NotFound("No such algorithm", wire_code=NO_SUCH_ALGORITHM)


def understood(error: Exception) -> MarketplaceError | None:
    """Put Django's own refusals in our words; None for what nobody expected."""
    if isinstance(error, MarketplaceError):
        return error
    if isinstance(error, Http404):
        return NotFound(str(error) or "There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return NotAllowed(str(error) or "You may not do this.")
    if isinstance(error, RequestDataTooBig):
        return TooLarge("The request body is larger than this address accepts.")
    if isinstance(error, UnreadablePostError):
        return BadInput("The request body ended before it was complete.")
    return None


def code_of(error: MarketplaceError) -> int:
    """Algorithmia's number for the case."""
    if error.wire_code is not None:
        return error.wire_code
    if type(error) is MarketplaceError:
        return INTERNAL
    return _USUAL_CODES.get(type(error), INVALID_REQUEST)


def body_of(error: MarketplaceError) -> dict[str, object]:
    if code_of(error) == NO_SUCH_ALGORITHM:
        return {"error": error.message}
    return {"error": {"code": code_of(error), "message": error.message}}


def headers_of(error: MarketplaceError) -> dict[str, str]:
    """The sentence once more for clients that read no bodies, and when to come back."""
    headers = {"X-Error-Message": as_header(error.message)}
    if isinstance(error, (TooMany, Unavailable)):
        headers["Retry-After"] = str(error.retry_after)
    return headers


def as_header(sentence: str) -> str:
    """One line of ASCII, whatever somebody's input put into the sentence."""
    line = " ".join(sentence.translate(_TYPOGRAPHY).split())
    ascii_only = line.encode("ascii", "replace").decode()
    return "".join(character for character in ascii_only if character.isprintable())[
        :_LONGEST_HEADER
    ]


def report(error: BaseException, *, where: str) -> dict[str, object]:
    """Log what nobody expected and give the body that lets a person ask about it."""
    error_id = str(uuid.uuid4())
    log.error("Unexpected failure %s at %s", error_id, where, exc_info=error)
    message = (
        "The site failed; your request is not at fault. "
        f"Try again, and if it stays so, tell the operator this number: {error_id}"
    )
    return {"error": {"id": error_id, "code": INTERNAL, "message": message}}
