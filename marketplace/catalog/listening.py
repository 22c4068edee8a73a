"""Hear of what is saved; imported once, when the site starts."""

from __future__ import annotations

from marketplace.catalog import listing
from marketplace.catalog.discovery import following
from marketplace.catalog.moderation import watching

listing.listen()
watching.listen()
following.listen()
