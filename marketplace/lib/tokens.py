"""Secrets: make one, keep only its hash, compare in constant time.

An API key is 28 characters and starts with `sim`, because the predecessor's command line
accepts nothing else; `simAgo` makes ours greppable, and the last four characters are a
checksum, so that a secret scanner (and a typing error) can be told without a database.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from typing import Final

PREFIX: Final = "simAgo"
KEY_LENGTH: Final = 28
_ALPHABET: Final = string.digits + string.ascii_letters
_CHECKSUM_LENGTH: Final = 4
_SECRET_LENGTH: Final = KEY_LENGTH - len(PREFIX) - _CHECKSUM_LENGTH  # 18 of 62: 107 bits


def new_api_key() -> str:
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    return f"{PREFIX}{secret}{_checksum(secret)}"


def is_well_formed(key: str) -> bool:
    """Whether the text could be one of our keys at all; says nothing about its validity."""
    body = key.removeprefix(PREFIX)
    return (
        len(key) == KEY_LENGTH
        and len(body) == KEY_LENGTH - len(PREFIX)
        and secrets.compare_digest(
            _checksum(body[:_SECRET_LENGTH]).encode(), body[_SECRET_LENGTH:].encode()
        )
    )


def digest(key: str) -> str:
    """What we store. Keys are random and long, so one fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def mask(key: str) -> str:
    """What we show afterwards: enough to recognise a key, too little to use it."""
    return f"{key[:8]}…{key[-4:]}"


def _checksum(secret: str) -> str:
    number = zlib.crc32(secret.encode())
    characters = []
    for _ in range(_CHECKSUM_LENGTH):
        number, remainder = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[remainder])
    return "".join(characters)
