"""What a name in a URL may look like, and which names nobody may take.

The shape is the predecessor's: its published Python client refuses a reference whose
owner holds a hyphen, so a name is a letter followed by letters, digits and underscores.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext as _

from marketplace.lib.errors import BadInput

MAX_LENGTH: Final = 30
PATTERN: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*\Z")

# First path segments of our own URLs, and words that would let an owner pose as the site.
RESERVED: Final = frozenset(
    {
        "about",
        "account",
        "accounts",
        "admin",
        "administrator",
        "agorithm",
        "algo",
        "algorithm",
        "algorithms",
        "api",
        "approvals",
        "auth",
        "avatars",
        "billing",
        "blog",
        "browse",
        "calls",
        "collections",
        "compat",
        "confirm",
        "connectors",
        "console",
        "contact",
        "dashboard",
        "data",
        "docs",
        "environments",
        "explore",
        "favicon",
        "feeds",
        "git",
        "health",
        "healthz",
        "help",
        "home",
        "invitations",
        "keys",
        "legal",
        "login",
        "logout",
        "marketplace",
        "me",
        "media",
        "moderation",
        "my",
        "new",
        "notifications",
        "organization",
        "organizations",
        "pricing",
        "privacy",
        "profile",
        "projects",
        "readyz",
        "requests",
        "robots",
        "root",
        "search",
        "security",
        "services",
        "settings",
        "sign_in",
        "sign_out",
        "sign_up",
        "signup",
        "site",
        "staff",
        "static",
        "status",
        "support",
        "system",
        "terms",
        "user",
        "users",
        "v1",
        "web",
        "ws",
        "www",
    }
)


def checked(name: str, *, what: str = "name") -> str:
    """Return the name if it is well formed, else raise BadInput that says how it must look."""
    if len(name) > MAX_LENGTH or not PATTERN.match(name):
        raise BadInput(
            _(
                "The %(what)s %(name)s cannot be used: start with a letter and go on with "
                "letters, digits or underscores, %(max_length)s characters at most."
            )
            % {"what": _(what), "name": repr(name[:60]), "max_length": MAX_LENGTH}
        )
    return name


def is_reserved(name: str) -> bool:
    return name.lower() in RESERVED
