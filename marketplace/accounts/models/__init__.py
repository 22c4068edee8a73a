"""Users, organizations, the names they have in URLs, their keys, and what happens to them."""

from marketplace.accounts.models.keys import APIKey, APIKeyQuerySet
from marketplace.accounts.models.notifications import Notification, NotificationChoice
from marketplace.accounts.models.people import (
    Avatar,
    Invitation,
    Membership,
    Organization,
    Owner,
    OwnerQuerySet,
    User,
)
from marketplace.accounts.models.security import (
    Attempt,
    AuditEntry,
    Authenticator,
    FailedSignIn,
    Passkey,
    RecoveryCode,
    SignedInBrowser,
)

__all__ = [
    "APIKey",
    "APIKeyQuerySet",
    "Attempt",
    "AuditEntry",
    "Authenticator",
    "Avatar",
    "FailedSignIn",
    "Invitation",
    "Membership",
    "Notification",
    "NotificationChoice",
    "Organization",
    "Owner",
    "OwnerQuerySet",
    "Passkey",
    "RecoveryCode",
    "SignedInBrowser",
    "User",
]
