"""What can go wrong, said once: each error carries an HTTP status, a code and a sentence.

The sentence is for the person who made the request: what happened, whose side it is on
and what to do. `marketplace/api/errors.py` turns these into the native API's answers and
`marketplace/compat/wire.py` into Algorithmia's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class MarketplaceError(Exception):
    """Anything the platform refuses on purpose."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, wire_code: int | None = None) -> None:
        """`wire_code` is Algorithmia's number for the case, where it has one (see compat/wire.py)."""
        super().__init__(message)
        self.message = message
        self.wire_code = wire_code


class BadInput(MarketplaceError):
    """The request itself is wrong; sending it again cannot help."""

    status = 400
    code = "bad_input"


class NotSignedIn(MarketplaceError):
    """Nobody, or nobody we know, is asking."""

    status = 401
    code = "not_signed_in"


class PaymentRequired(MarketplaceError):
    """A limit of money does not let it happen; nothing was charged.

    `details` say the same as the sentence to programs: which limit, what is left of it, what
    was needed, when it resets and where it can be changed.
    """

    status = 402
    code = "payment_required"

    def __init__(
        self,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        wire_code: int | None = None,
    ) -> None:
        super().__init__(message, wire_code=wire_code)
        self.details = dict(details or {})


class NotAllowed(MarketplaceError):
    """We know who asks, and they may not."""

    status = 403
    code = "not_allowed"


class NotFound(MarketplaceError):
    """It does not exist, or the one who asks may not know that it does."""

    status = 404
    code = "not_found"


class Conflict(MarketplaceError):
    """It would contradict what is already there."""

    status = 409
    code = "conflict"


class TooLarge(MarketplaceError):
    """More bytes than the limit for this thing."""

    status = 413
    code = "too_large"


class TooMany(MarketplaceError):
    """Too much at once for this account; the same request works later."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, retry_after: int = 1, wire_code: int | None = None) -> None:
        super().__init__(message, wire_code=wire_code)
        self.retry_after = retry_after


class Unavailable(MarketplaceError):
    """The platform cannot do it now; not the caller's fault, and nothing was charged."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1, wire_code: int | None = None) -> None:
        super().__init__(message, wire_code=wire_code)
        self.retry_after = retry_after
