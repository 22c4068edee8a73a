"""What tags of an identity provider's tokens are worth here, as the operator writes it.

A JSON object: `{"ops": "staff", "ml": ["acme/member", "lab/executor"]}`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ImproperlyConfigured

STAFF: Final = "staff"
ROLES: Final = ("owner", "admin", "member", "executor", "billing")
"""Of several that tags give in one organization, the first of these counts."""


@dataclass(frozen=True)
class Worth:
    """What one tag gives: a role in an organization or, without one, the staff's rights."""

    organization: str = ""
    role: str = ""


def read(text: str) -> dict[str, tuple[Worth, ...]]:
    """Give what each tag is worth; raise ImproperlyConfigured with what is wrong."""
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ImproperlyConfigured(f"JWT_TAGS is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ImproperlyConfigured('JWT_TAGS is not a JSON object such as {"ops": "staff"}.')
    return {tag: _worth(tag, said) for tag, said in found.items()}


def _worth(tag: str, said: object) -> tuple[Worth, ...]:
    return tuple(_one(tag, each) for each in (said if isinstance(said, list) else [said]))


def _one(tag: str, said: object) -> Worth:
    if said == STAFF:
        return Worth()
    organization, _, role = said.partition("/") if isinstance(said, str) else ("", "", "")
    if not organization or role not in ROLES:
        raise ImproperlyConfigured(
            f"JWT_TAGS says {said!r} of the tag {tag!r}; say {STAFF!r} or 'organization/role', "
            f"where the role is one of {', '.join(ROLES)}."
        )
    return Worth(organization.lower(), role)
