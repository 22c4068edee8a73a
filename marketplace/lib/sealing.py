"""Text at rest that only this site can read: sealed with a key made from its SECRET_KEY."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """Sealed under another SECRET_KEY or for another purpose, or damaged since."""


def seal(text: str, *, purpose: str) -> str:
    """Encrypt; what is sealed for one purpose cannot be opened for another."""
    return _fernet(settings.SECRET_KEY, purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    try:
        return _fernet(settings.SECRET_KEY, purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


@lru_cache(maxsize=1000)
def _fernet(site_key: str, purpose: str) -> Fernet:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sealing:" + purpose.encode())
    return Fernet(base64.urlsafe_b64encode(derivation.derive(site_key.encode())))
