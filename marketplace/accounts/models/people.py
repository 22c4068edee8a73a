"""Users, organizations, and the names they have in URLs."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from marketplace.lib import names


class User(AbstractUser):
    """A person. What they own hangs on their `owner`, so that an organization can own the same."""

    email = models.EmailField("e-mail address")
    full_name = models.CharField(max_length=100, blank=True)
    company_name = models.CharField(max_length=100, blank=True)
    company_role = models.CharField(max_length=100, blank=True)
    language = models.CharField(
        max_length=10, blank=True, help_text="Of pages and mails; empty: what the browser asks for."
    )
    seen_language = models.CharField(
        max_length=10, blank=True, help_text="Of the pages when the person last signed in."
    )
    theme = models.CharField(
        max_length=5, blank=True, help_text="light or dark; empty: as the system has it."
    )
    is_staff_by_tags = models.BooleanField(
        default=False, help_text="Tags of the identity provider's tokens give it and take it."
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_account_per_email"),
        ]

    def get_full_name(self) -> str:
        return self.full_name or self.username

    @property
    def reading_language(self) -> str:
        """Of mails and notifications: what was chosen, else what pages were last read in."""
        return self.language or self.seen_language or settings.LANGUAGE_CODE


class Organization(models.Model):
    """Several people under one name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(max_length=100, help_text="The name as people read it.")
    contact_email = models.EmailField(blank=True)
    contact_name = models.CharField(max_length=100, blank=True)
    website = models.URLField(blank=True)
    type_name = models.CharField(max_length=20, default="basic")
    approves_versions = models.BooleanField(
        default=False, help_text="Its administrators approve each public version of its members."
    )
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        User,
        through="Membership",
        through_fields=("organization", "user"),
        related_name="organizations",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.label


class Membership(models.Model):
    """What a person may do in an organization."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        ADMIN = "admin", _("Administrator")  # people, keys and approvals; no owner
        MEMBER = "member", _("Member")
        EXECUTOR = "executor", _("Executor")  # may call, may not see source
        BILLING = "billing", _("Billing")  # sees and pays the bills, and nothing else
        INVITED = "invited", _("Invited")

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    invited_as = models.CharField(
        max_length=10,
        choices=Role.choices,
        default=Role.MEMBER,
        help_text="The role an invited person gets by accepting.",
    )
    invited_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when an invitation can be accepted."
    )
    is_by_tags = models.BooleanField(
        default=False, help_text="Tags of the identity provider's tokens give it and take it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="one_membership_per_person"
            ),
            models.CheckConstraint(
                condition=~models.Q(invited_as="invited"), name="an_invitation_is_to_a_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} ({self.role})"


class Invitation(models.Model):
    """Asks somebody without an account here, by e-mail, to join. Only the link's hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization", Lower("email"), name="one_invitation_per_address"
            ),
            models.CheckConstraint(
                condition=~models.Q(role="invited"), name="a_mailed_invitation_is_to_a_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization} as {self.role}"


class OwnerQuerySet(models.QuerySet["Owner"]):
    def named(self, name: str) -> Self:
        """By name, whatever its letter case: two names that differ only in case cannot exist."""
        if not names.PATTERN.match(name):
            return self.none()
        return self.alias(name_in_lower=Lower("name")).filter(name_in_lower=name.lower())

    def open(self) -> Self:
        """Those that have not been closed for good."""
        return self.filter(closed_at__isnull=True)


class Owner(models.Model):
    """The name in a URL, and what every tenant's row points at: a person or an organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=names.MAX_LENGTH)
    user = models.OneToOneField(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="owner"
    )
    organization = models.OneToOneField(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="owner"
    )
    is_suspended = models.BooleanField(default=False)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Closed for good; the name is never given out again."
    )
    was_suspended = models.BooleanField(
        default=False, help_text="Whether moderators had suspended it before it was closed"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OwnerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="one_owner_per_name"),
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) ^ models.Q(organization__isnull=False),
                name="an_owner_is_a_person_or_an_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name as people read it."""
        if self.organization is not None:
            return self.organization.label
        return self.user.get_full_name() if self.user is not None else self.name


class Avatar(models.Model):
    """An owner's picture, made anew from what was uploaded: square, small, nothing but pixels."""

    owner = models.OneToOneField(Owner, on_delete=models.CASCADE, related_name="avatar")
    image = models.BinaryField(help_text="WebP")
    digest = models.CharField(max_length=64)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"picture of {self.owner}"
