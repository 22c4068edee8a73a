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
from marketplace.accounts.models.site_state import (
    Announcement,
    HealthDay,
    Incident,
    IncidentUpdate,
    InviteCode,
    OwnerLimits,
    SiteSettings,
)

__all__ = [
    "APIKey",
    "APIKeyQuerySet",
    "Announcement",
    "Attempt",
    "AuditEntry",
    "Authenticator",
    "Avatar",
    "FailedSignIn",
    "HealthDay",
    "Incident",
    "IncidentUpdate",
    "Invitation",
    "InviteCode",
    "Membership",
    "Notification",
    "NotificationChoice",
    "Organization",
    "Owner",
    "OwnerLimits",
    "OwnerQuerySet",
    "Passkey",
    "RecoveryCode",
    "SignedInBrowser",
    "SiteSettings",
    "User",
]
