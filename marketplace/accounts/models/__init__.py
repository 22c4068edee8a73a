"""Users, organizations, the names they have in URLs, their keys, and what happens to them."""

from marketplace.accounts.models.keys import APIKey, APIKeyQuerySet
from marketplace.accounts.models.people import (
    Membership,
    Organization,
    Owner,
    OwnerQuerySet,
    User,
)
from marketplace.accounts.models.security import AuditEntry, FailedSignIn

__all__ = [
    "APIKey",
    "APIKeyQuerySet",
    "AuditEntry",
    "FailedSignIn",
    "Membership",
    "Organization",
    "Owner",
    "OwnerQuerySet",
    "User",
]
