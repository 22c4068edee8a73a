"""Users, organizations, the names they have in URLs, and their API keys."""

from __future__ import annotations

import uuid
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from marketplace.accounts.scopes import PERSON, Scope
from marketplace.lib import names


class User(AbstractUser):
    """A person. What they own hangs on their `owner`, so that an organization can own the same."""

    email = models.EmailField("e-mail address")
    full_name = models.CharField(max_length=100, blank=True)
    company_name = models.CharField(max_length=100, blank=True)
    company_role = models.CharField(max_length=100, blank=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_account_per_email"),
        ]

    def get_full_name(self) -> str:
        return self.full_name or self.username


class Organization(models.Model):
    """Several people under one name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(max_length=100, help_text="The name as people read it.")
    contact_email = models.EmailField(blank=True)
    contact_name = models.CharField(max_length=100, blank=True)
    website = models.URLField(blank=True)
    type_name = models.CharField(max_length=20, default="basic")
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        User, through="Membership", related_name="organizations"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.label


class Membership(models.Model):
    """What a person may do in an organization."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MEMBER = "member", "Member"
        EXECUTOR = "executor", "Executor"  # may call, may not see source
        INVITED = "invited", "Invited"

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


class OwnerQuerySet(models.QuerySet["Owner"]):
    def named(self, name: str) -> Self:
        """By name, whatever its letter case: two names that differ only in case cannot exist."""
        return self.filter(name__iexact=name) if names.PATTERN.match(name) else self.none()

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


class APIKeyQuerySet(models.QuerySet["APIKey"]):
    def usable(self) -> Self:
        """Neither revoked nor expired."""
        now = timezone.now()
        fresh = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now)
        return self.filter(fresh, revoked_at__isnull=True)


class APIKey(models.Model):
    """A secret that speaks for an owner within its scopes. Only its hash is kept."""

    class AlgorithmAccess(models.TextChoices):
        FULL = "full", "Every algorithm I may call"
        RESTRICTED = "restricted", "Only these algorithms"
        NONE = "none", "No algorithms"

    class DataAccess(models.TextChoices):
        NONE = "none", "No access"
        READ = "read", "Read only"
        READ_WRITE = "read_write", "Read and write"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="api_keys")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    label = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    mask = models.CharField(max_length=20)
    algorithm_access = models.CharField(
        max_length=10, choices=AlgorithmAccess.choices, default=AlgorithmAccess.FULL
    )
    algorithm_patterns: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list,
        blank=True,
        help_text="For a restricted key: algo://owner/name, algo://owner/*",
    )
    may_manage = models.BooleanField("manage my algorithms", default=False)
    data_access = models.CharField(
        max_length=10, choices=DataAccess.choices, default=DataAccess.NONE
    )
    from_native = models.BooleanField("from programs", default=True)
    from_web = models.BooleanField("from web pages", default=False)
    web_origin = models.CharField(
        max_length=255, blank=True, help_text="The host name of the pages that may use it."
    )
    is_admin = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)

    objects = APIKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.label} ({self.mask})"

    @property
    def scopes(self) -> frozenset[Scope]:
        """The rights of the key, before those of its owner are asked."""
        if self.is_admin:
            return frozenset({Scope.ADMIN})
        granted = {
            Scope.CALL: self.algorithm_access != self.AlgorithmAccess.NONE,
            Scope.MANAGE: self.may_manage,
            Scope.DATA_READ: self.data_access != self.DataAccess.NONE,
            Scope.DATA_WRITE: self.data_access == self.DataAccess.READ_WRITE,
        }
        return frozenset(scope for scope, given in granted.items() if given) & PERSON


class FailedSignIn(models.Model):
    """One wrong password. Kept for a day, to slow down who guesses."""

    at = models.DateTimeField(db_index=True)
    login_digest = models.CharField(
        max_length=64,
        db_index=True,
        help_text="A hash of what was typed: people type passwords into the wrong field.",
    )
    address = models.CharField(max_length=45, db_index=True, blank=True)

    def __str__(self) -> str:
        return f"{self.address} at {self.at}"


class AuditEntry(models.Model):
    """Who did what, when. Written once, never edited."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor_name = models.CharField(max_length=100)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    key = models.ForeignKey(APIKey, on_delete=models.SET_NULL, null=True, blank=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    details: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, blank=True
    )

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"
