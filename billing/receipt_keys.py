"""The key that receipts are signed with: the operator's secret, from which it is made.

The public half of every key that was ever used stays in the database, so that a new secret
makes no old receipt worthless.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from billing.models import ReceiptKey
from billing.receipt_verifying import key_id


def sign(body: bytes) -> str:
    return base64.b64encode(_private(settings.RECEIPT_KEY).sign(body)).decode()


def current() -> ReceiptKey:
    """The key in use; remembered for ever by the time it signs."""
    public = _private(settings.RECEIPT_KEY).public_key().public_bytes_raw()
    encoded = base64.b64encode(public).decode()
    row, _ = ReceiptKey.objects.get_or_create(pk=key_id(public), defaults={"public_key": encoded})
    return row


def known() -> list[ReceiptKey]:
    """All keys, the one in use among them, oldest first."""
    current()
    return list(ReceiptKey.objects.order_by("first_used_at", "pk"))


@lru_cache(maxsize=4)
def _private(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"receipts").derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)
