"""What a thread does about its database connection besides asking it."""

from __future__ import annotations

from django.db import connection


def let_go() -> None:
    """Give the connection back before a long wait for something else: a pool has only so many."""
    if not connection.in_atomic_block:
        connection.close()
