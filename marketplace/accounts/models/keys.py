"""API keys: what they may do and when they end."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models.people import Owner, User
from marketplace.accounts.scopes import PERSON, Scope


class APIKeyQuerySet(models.QuerySet["APIKey"]):
    def usable(self) -> Self:
        """Neither revoked nor expired."""
        now = timezone.now()
        fresh = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now)
        return self.filter(fresh, revoked_at__isnull=True)


class APIKey(models.Model):
    """A secret that speaks for an owner within its scopes. Only its hash is kept."""

    class AlgorithmAccess(models.TextChoices):
        FULL = "full", _("Every algorithm I may call")
        RESTRICTED = "restricted", _("Only these algorithms")
        NONE = "none", _("No algorithms")

    class DataAccess(models.TextChoices):
        NONE = "none", _("No access")
        READ = "read", _("Read only")
        READ_WRITE = "read_write", _("Read and write")

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
