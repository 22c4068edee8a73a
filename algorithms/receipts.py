"""Our signature under an answer that a page received, so that it can be kept as ours later.

Nothing of a run is stored unless its caller asks for it afterwards. The page then sends input
and answer back, and the signature shows that nobody has put words into the algorithm's mouth.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from algorithms.gateway import Answer
from marketplace.lib.errors import BadInput

_SALT: Final = "algorithms.receipts"
_DAY: Final = 86_400


@dataclass(frozen=True)
class Receipt:
    call_id: UUID
    version_id: UUID | None
    seconds: float


def sign(answer: Answer, given: bytes, body: bytes) -> str:
    target = answer.target
    said = [
        str(answer.request_id),
        str(target.version_id) if target.version_id else None,
        answer.total_us,
        _digest(given, body),
    ]
    return signing.dumps(said, salt=_SALT)


def checked(receipt: str, given: str, body: str) -> Receipt:
    """What the receipt says of this input and this answer; BadInput if it is not for them."""
    try:
        call_id, version_id, total_us, digest = signing.loads(receipt, salt=_SALT, max_age=_DAY)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadInput(
            _(
                "This run cannot be kept: it is older than a day, or its receipt is not ours. Run "
                "it again."
            )
        ) from None
    if digest != _digest(given.encode(), body.encode()):
        raise BadInput(
            _("This run cannot be kept: its input or its answer has been changed since.")
        )
    return Receipt(UUID(call_id), UUID(version_id) if version_id else None, total_us / 1e6)


def without_private_parts(body: str) -> str:
    """The answer as strangers may see it: no printed text and no trace."""
    answer: dict[str, Any] = json.loads(body)
    answer.get("metadata", {}).pop("stdout", None)
    error = answer.get("error")
    if isinstance(error, dict):
        answer["error"] = {
            name: error[name] for name in ("message", "error_type") if error.get(name)
        }
    return json.dumps(answer, ensure_ascii=False)


def _digest(given: bytes, body: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(given).digest() + body).hexdigest()
